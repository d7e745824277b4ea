// Thermal noise of a receiver.

import { exp } from '../basics/fdlibm.ts';

/** Density at 290 K, dBm per Hz; the value of Koh & Yang 2025 and of every link budget. */
export const noiseDensityDbmPerHz = -174;

/** ln of a ratio of 1 dB. */
export const neperPerDb: number = 0.1 * Math.LN10;

/**
 * Noise power over a band, W.
 *
 * @param noiseFigureDb what the receiver's own electronics add: 0 in the paper, 5 dB for a base station (3GPP TR 36.942, table 12.2)
 */
export function noisePowerW(bandwidthHz: number, noiseFigureDb: number): number {
  return bandwidthHz * 1e-3 * exp((noiseDensityDbmPerHz + noiseFigureDb) * neperPerDb);
}
