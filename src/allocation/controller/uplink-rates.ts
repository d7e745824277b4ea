// How fast each device of an edge may send: its share y of the band, and what the others leave of theirs. Pure.
//
// A share y of the band gives a device y times the throughput that it would have alone, so what is divided is the band, not bits: a device
// with a weak link has fewer bits of the same share. The division is that of the slot before, corrected by what each one has used of it.

import { nextRates } from '../../core/scheduling/divide-rate.ts';

/** bit/s, with headers. */
export interface UplinkRate {
  readonly edge: string;
  readonly bitsPerSecond: number;
  /** Without what others leave. */
  readonly shareBitsPerSecond: number;
}

/** A device that sends to an edge. */
export interface UplinkUser {
  /** y. */
  readonly bandwidthShare: number;
  /** Its throughput to the edge with the whole band, bit/s. */
  readonly aloneBitsPerSecond: number;
  /** What it was told last; null: nothing for this edge. */
  readonly told: UplinkRate | null;
  /** Part of that which it has used since; null: not known. */
  readonly use: number | null;
}

/** A share of 0 would be a session that can never send. */
const leastShare = 1e-3;
/** A device is told another rate when it differs by this part. */
const worthTelling = 0.05;

/** @param users all that send to one edge @returns their rates, in the same order */
export function uplinkRates(edge: string, users: readonly UplinkUser[]): UplinkRate[] {
  const weights = users.map(({ bandwidthShare }) => Math.max(leastShare, bandwidthShare));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const parts = nextRates(
    1,
    users.map(({ aloneBitsPerSecond, told, use }, index) => {
      // One that is new, or has told nothing, wants all that it can get.
      const part = told === null ? 0 : told.bitsPerSecond / aloneBitsPerSecond;
      return { weight: weights[index] as number, rate: part, used: (use ?? 1) * part };
    }),
  );
  return users.map(({ aloneBitsPerSecond }, index) => {
    const own = (part: number): number => Math.max(1, part * aloneBitsPerSecond);
    return {
      edge,
      bitsPerSecond: own(parts[index] as number),
      shareBitsPerSecond: own((weights[index] as number) / sum),
    };
  });
}

/** Whether a device is to be told. */
export function isNewRate(told: UplinkRate | null, next: UplinkRate): boolean {
  if (told?.edge !== next.edge) return true;
  const differs = (before: number, after: number): boolean => Math.abs(after / before - 1) > worthTelling;
  return differs(told.bitsPerSecond, next.bitsPerSecond) || differs(told.shareBitsPerSecond, next.shareBitsPerSecond);
}
