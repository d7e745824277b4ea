// Statistics of a trace: the acceptance rate of its draft, and how hits and misses cluster.

import { isRightAt, type TraceSession } from './trace.ts';

export interface TraceStatistics {
  readonly sessions: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** Positions at which the draft, reading the true text, gives the target's own token. */
  readonly right: number;
  /** Acceptance rate: their share of all positions. */
  readonly acceptance: number;
  /** Acceptance rate at positions after a right draft, and after a wrong one; NaN without such positions. */
  readonly acceptanceAfterRight: number;
  readonly acceptanceAfterWrong: number;
  /** runs[n]: number of runs of exactly n right drafts before a wrong one. */
  readonly runs: readonly number[];
}

export function traceStatistics(sessions: readonly TraceSession[]): TraceStatistics {
  const after = { right: { all: 0, right: 0 }, wrong: { all: 0, right: 0 } };
  const runs: number[] = [];
  let right = 0;
  let promptTokens = 0;
  let answerTokens = 0;
  for (const session of sessions) {
    promptTokens += session.prompt.length;
    answerTokens += session.answer.length;
    let run = 0;
    for (let position = 0; position < session.answer.length; position += 1) {
      const isRight = isRightAt(session, position);
      if (position > 0) {
        const before = isRightAt(session, position - 1) ? after.right : after.wrong;
        before.all += 1;
        if (isRight) before.right += 1;
      }
      if (isRight) {
        right += 1;
        run += 1;
      } else {
        while (runs.length <= run) runs.push(0);
        runs[run] = (runs[run] as number) + 1;
        run = 0;
      }
    }
  }
  return {
    sessions: sessions.length,
    promptTokens,
    answerTokens,
    right,
    acceptance: right / answerTokens,
    acceptanceAfterRight: after.right.right / after.right.all,
    acceptanceAfterWrong: after.wrong.right / after.wrong.all,
    runs,
  };
}
