// Statistics of second choices: how often they are the target's token where the first is not, and whether confidence shows where.

import { isRightAt, runnerUpAt, type TraceSession, traceDraft } from './trace.ts';

export interface RunnerUpStatistics {
  /** Share of the positions with a wrong draft whose runner-up is the target's own token. */
  readonly rightInMisses: number;
  /** Share of the wrong drafts that are at the positions with the least confident drafts. */
  readonly missesInLeastConfident: number;
  /** Share of the runners-up that are the target's own token at the positions with the most confident runners-up. */
  readonly rightInClosest: number;
}

export interface RunnerUpRow {
  readonly positions: number;
  /** Mean confidence of the runners-up. */
  readonly confidence: number;
  /** Shares of the positions at which the first draft, or the runner-up, is the target's token. */
  readonly firstRight: number;
  readonly runnerUpRight: number;
}

interface Place {
  readonly confidence: number;
  readonly isRight: boolean;
  readonly runnerUpConfidence: number;
  readonly isRunnerUpRight: boolean;
}

/** @param share of the positions that count as least confident, and as closest, (0, 1] */
export function runnerUpStatistics(sessions: readonly TraceSession[], share: number): RunnerUpStatistics {
  const places = placesOf(sessions);
  const count = Math.round(share * places.length);
  const misses = places.filter(({ isRight }) => !isRight).length;
  const right = places.filter(({ isRunnerUpRight }) => isRunnerUpRight).length;
  const unsure = places.toSorted((one, other) => one.confidence - other.confidence).slice(0, count);
  const close = byCloseness(places).slice(0, count);
  return {
    rightInMisses: right / misses,
    missesInLeastConfident: unsure.filter(({ isRight }) => !isRight).length / misses,
    rightInClosest: close.filter(({ isRunnerUpRight }) => isRunnerUpRight).length / right,
  };
}

/** Groups of equal size, the most confident runners-up first. @param groups number of groups */
export function runnerUpRows(sessions: readonly TraceSession[], groups: number): RunnerUpRow[] {
  const places = byCloseness(placesOf(sessions));
  return Array.from({ length: groups }, (_, group) => {
    const own = places.slice((group * places.length) / groups, ((group + 1) * places.length) / groups);
    const mean = (value: (place: Place) => number): number =>
      own.reduce((sum, place) => sum + value(place), 0) / own.length;
    return {
      positions: own.length,
      confidence: mean(({ runnerUpConfidence }) => runnerUpConfidence),
      firstRight: mean(({ isRight }) => Number(isRight)),
      runnerUpRight: mean(({ isRunnerUpRight }) => Number(isRunnerUpRight)),
    };
  });
}

function byCloseness(places: readonly Place[]): readonly Place[] {
  return places.toSorted((one, other) => other.runnerUpConfidence - one.runnerUpConfidence);
}

function placesOf(sessions: readonly TraceSession[]): Place[] {
  return sessions.flatMap((session) =>
    session.answer.map((token, position) => {
      const runnerUp = runnerUpAt(session, position);
      return {
        // A model without a draft is as unsure as can be.
        confidence: traceDraft(session, 1, position, null)?.confidence ?? 0,
        isRight: isRightAt(session, position),
        runnerUpConfidence: runnerUp?.confidence ?? 0,
        isRunnerUpRight: runnerUp?.token === token,
      };
    }),
  );
}
