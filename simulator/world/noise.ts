// Thermal noise of a receiver.

import { ratioOfDb } from './decibel.ts';

/** Power density at 290 K, dBm per Hz; the value of Koh & Yang 2025 and of every link budget. */
const noiseDensityDbmPerHz = -174;

/**
 * Noise power over a band, W.
 * @param noiseFigureDb noise that the receiver's electronics add: 0 in the paper, 5 dB for a base station (3GPP TR 36.942, table 12.2)
 */
export function noisePowerW(bandwidthHz: number, noiseFigureDb: number): number {
  return bandwidthHz * 1e-3 * ratioOfDb(noiseDensityDbmPerHz + noiseFigureDb);
}
