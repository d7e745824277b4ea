// The rate of an uplink with a share of its server's band.

import type { ObjectiveSettings } from './slot-state.ts';

/**
 * R, eq. 5, or the same with all transmit power in the allotted band: then half a band has twice the SNR.
 * @param bandwidthHz W_j
 * @param snr over the whole band
 * @param share y, 0 to 1
 */
export function rateBitPerSecond(
  radioModel: ObjectiveSettings['radioModel'],
  bandwidthHz: number,
  snr: number,
  share: number,
): number {
  if (share <= 0) return 0;
  const inBand = radioModel === 'concentrated' ? snr / share : snr;
  return share * bandwidthHz * log2OnePlus(inBand);
}

/** log2(1 + x), accurate for small x as well. */
export function log2OnePlus(x: number): number {
  return Math.log1p(x) * Math.LOG2E;
}

/** With a lower rate a device counts as not served: one frame takes half a second. */
export const leastServedBitPerSecond = 1000;
