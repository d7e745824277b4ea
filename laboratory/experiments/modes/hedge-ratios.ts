// `stream` with hedged drafts over plain `stream` on the wall clock: the ratio of the means over repeats, with repeats drawn as pairs: the two
// runs of a repeat meet the same disturbances of the machine. Pure.

import { ratioOfMeans, within } from '../../../simulator/charts/bootstrap.ts';
import { hedgedName } from './metrics.ts';
import { isVoid, tpotOf, type WallRun } from './wall-runs.ts';

/** For each round trip the ratio and the ends of its 95 % interval. Empty where fewer than two repeats have both. */
export function hedgeRatios(runs: readonly WallRun[]): Record<string, number> {
  const cells = Map.groupBy(
    runs.filter((run) => !isVoid(run)),
    ({ roundTripMs }) => roundTripMs,
  );
  return Object.assign({}, ...[...cells].map(([roundTripMs, made]) => ratiosAt(roundTripMs, made)));
}

function ratiosAt(roundTripMs: number, runs: readonly WallRun[]): Record<string, number> {
  const tpotsOf = (mode: string): ReadonlyMap<number, number> =>
    new Map(runs.filter((run) => run.mode === mode).map((run) => [run.repeat, tpotOf(run)]));
  const plain = tpotsOf('stream');
  const pairs = [...tpotsOf(hedgedName)].flatMap(([repeat, hedgedMs]) => {
    const plainMs = plain.get(repeat);
    return plainMs === undefined ? [] : [{ hedgedMs, plainMs }];
  });
  if (pairs.length < 2) return {};
  const ratio = ratioOfMeans(
    pairs.map(({ hedgedMs }) => hedgedMs),
    pairs.map(({ plainMs }) => plainMs),
  );
  return within(`hedgedOverPlainRtt${roundTripMs}`, ratio);
}
