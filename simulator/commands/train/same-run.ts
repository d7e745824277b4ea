// Whether a file of an earlier training is of the run that is asked for.

import { OutriderError } from '../../../src/core/basics/errors.ts';

/** @throws OutriderError `weights-unreadable` where two values differ, by what they are of */
export function demandSame(file: string, what: string, here: unknown, there: unknown): void {
  if (here === there) return;
  const remedy = 'Give the same flags as at the start, or another directory with --out.';
  const isShort = `${here}${there}`.length < 40;
  const difference = isShort ? `${what} ${there}, not ${here}` : `other ${what}`;
  throw new OutriderError('weights-unreadable', `${file} is of a run with ${difference}`, remedy);
}

/** @param here a scenario as JSON @param there the same, of the file's metadata; undefined: it has none */
export function demandSameScenario(file: string, here: string, there: string | undefined): void {
  demandSame(file, 'values in its scenario', valuesOf(here), valuesOf(there ?? '{}'));
}

/** The scenario without its descriptions, which another version may change. */
function valuesOf(scenario: string): string {
  return JSON.stringify({ ...(JSON.parse(scenario) as object), description: '', why: {} });
}
