// Runs of "bench felt" by world, policy and mode.

import type { FeltMode } from './felt-cells.ts';
import type { FeltCell, FeltRun } from './felt-run.ts';

export type FeltWorld = Pick<FeltCell, 'preset' | 'law'>;

/** In the order of their seeds, which are the same for every policy. */
export function runsOf(
  runs: readonly FeltRun[],
  { preset, law }: FeltWorld,
  policy: string,
  mode: FeltMode = 'stream',
): FeltRun[] {
  return runs
    .filter((run) => run.preset === preset && run.policy === policy && run.mode === mode)
    .filter((run) => (run.law ?? law) === law)
    .toSorted((one, other) => one.seed - other.seed);
}
