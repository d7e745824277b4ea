// Path loss, LOS probability and building penetration loss of 3GPP TR 38.901 (V17 and later), UMi street canyon. Only formulas:
// no randomness, no places. Distances in metres, carrier in GHz, losses in dB.

import { exp, log } from '../../src/core/basics/fdlibm.ts';

/** m/s; TR 38.901 rounds it. */
const lightSpeed = 3e8;
/** h_E of UMi, metres. */
const environmentHeight = 1;
/** The model's least 2D distance, metres; nearer devices get its loss. */
export const leastDistanceMetres = 10;
/** Below this distance a link is always LOS, metres. */
const certainLosMetres = 18;

function lg(value: number): number {
  return log(value) * Math.LOG10E;
}

function power(valueDb: number): number {
  return exp(valueDb * 0.1 * Math.LN10);
}

/** The part of a path loss that does not depend on the distance: (h_BS - h_UT)^2, which adds to the squared 2D distance; d'_BP^2; losses. */
export type PathLossTerms = Readonly<
  Record<'heightDifferenceSquared' | 'breakpointSquared' | 'losNearDb' | 'losFarDb' | 'nlosDb', number>
>;

/**
 * Table 7.4.1-1, UMi street canyon.
 *
 * @param siteHeightMetres h_BS, 10 in the model
 * @param deviceHeightMetres h_UT, 1.5 to 22.5
 */
export function pathLossTerms(carrierGhz: number, siteHeightMetres: number, deviceHeightMetres: number): PathLossTerms {
  const breakpoint =
    (4 * (siteHeightMetres - environmentHeight) * (deviceHeightMetres - environmentHeight) * carrierGhz * 1e9) /
    lightSpeed;
  const heightDifferenceSquared = (siteHeightMetres - deviceHeightMetres) ** 2;
  const breakpointSquared = breakpoint * breakpoint;
  const lgCarrier = lg(carrierGhz);
  return {
    heightDifferenceSquared,
    breakpointSquared,
    losNearDb: 32.4 + 20 * lgCarrier,
    losFarDb: 32.4 + 20 * lgCarrier - 9.5 * lg(breakpointSquared + heightDifferenceSquared),
    nlosDb: 22.4 + 21.3 * lgCarrier - 0.3 * (deviceHeightMetres - 1.5),
  };
}

/** Median path loss of a link in dB, without shadow fading. @param distanceSquared d_2D squared; below 10 m, 10 m are taken */
export function pathLossDb(terms: PathLossTerms, distanceSquared: number, isLos: boolean): number {
  const squared = Math.max(distanceSquared, leastDistanceMetres * leastDistanceMetres);
  const lgSquared = lg(squared + terms.heightDifferenceSquared);
  const losDb =
    squared <= terms.breakpointSquared ? terms.losNearDb + 10.5 * lgSquared : terms.losFarDb + 20 * lgSquared;
  return isLos ? losDb : Math.max(losDb, terms.nlosDb + 17.65 * lgSquared);
}

/** LOS probability, table 7.4.2-1. @param outdoorDistance d_2D-out */
export function losProbability(outdoorDistance: number): number {
  if (outdoorDistance <= certainLosMetres) return 1;
  const near = certainLosMetres / outdoorDistance;
  return near + exp(-outdoorDistance / 36) * (1 - near);
}

/** Table 7.4.3-1: loss of a material in dB at a carrier in GHz. */
const standardGlass = (carrierGhz: number): number => 2 + 0.2 * carrierGhz;
const coatedGlass = (carrierGhz: number): number => 23 + 0.3 * carrierGhz;
const concrete = (carrierGhz: number): number => 5 + 4 * carrierGhz;

/** Table 7.4.3-2: old buildings have plain glass (`low`), new ones coated glass (`high`). */
export type BuildingLoss = 'low' | 'high';

/** PL_tw, equation 7.4-3, in dB. */
export function wallLossDb(carrierGhz: number, building: BuildingLoss): number {
  const [glass, glassShare] = building === 'low' ? [standardGlass(carrierGhz), 0.3] : [coatedGlass(carrierGhz), 0.7];
  const through = glassShare * power(-glass) + (1 - glassShare) * power(-concrete(carrierGhz));
  return 5 - 10 * lg(through);
}

/** PL_in, equation 7.4-2, in dB. @param indoorDistance d_2D-in */
export function indoorLossDb(indoorDistance: number): number {
  return 0.5 * indoorDistance;
}

/** Table 7.4.3-2: standard deviation of the penetration loss, dB. */
export const wallDeviationDb: Readonly<Record<BuildingLoss, number>> = { low: 4.4, high: 6.5 };

/** Tables 7.4.1-1 and 7.5-6: standard deviation of the shadow fading in dB and its correlation distance in metres. */
export const shadowFading = {
  los: { deviationDb: 4, correlationMetres: 10 },
  nlos: { deviationDb: 7.82, correlationMetres: 13 },
  indoor: { deviationDb: 7, correlationMetres: 7 },
} as const;

/** Table 7.6.3.1-2: correlation distance of the LOS state, metres. */
export const losCorrelationMetres = 50;

/** Table 7.5-6: the Rician K-factor of LOS links, dB, and its correlation distance. */
export const ricianFactor = { meanDb: 9, deviationDb: 5, correlationMetres: 15 } as const;
