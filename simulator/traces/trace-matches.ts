// Hit rates of prompt look-up and of the draft model, by the length of the match between the text's end and an earlier place: the
// data for rules that choose between the two.

import { LookUp } from '../../src/core/decoding/look-up.ts';
import { isRightAt, type TraceSession } from './trace.ts';

export interface MatchRow {
  /** Match length; 0: no match. */
  readonly tokensAlike: number;
  readonly positions: number;
  /** Share of them at which the continuation is the target's token; null: no match. */
  readonly lookUpRight: number | null;
  readonly draftRight: number;
}

/** Ascending by match length; lengths that never occur are left out. */
export function matchRows(sessions: readonly TraceSession[]): MatchRow[] {
  const counts = new Map<number, { positions: number; lookUp: number; draft: number }>();
  for (const session of sessions) {
    const { prompt, answer } = session;
    const lookUp = new LookUp();
    const text = [...prompt];
    for (const [position, token] of answer.entries()) {
      lookUp.follow(text, prompt.length, text.length);
      const found = lookUp.next();
      const length = found?.matchLength ?? 0;
      const count = counts.get(length) ?? { positions: 0, lookUp: 0, draft: 0 };
      count.positions += 1;
      if (found?.token === token) count.lookUp += 1;
      if (isRightAt(session, position)) count.draft += 1;
      counts.set(length, count);
      text.push(token);
    }
  }
  return [...counts]
    .toSorted(([one], [other]) => one - other)
    .map(([tokensAlike, { positions, lookUp, draft }]) => ({
      tokensAlike,
      positions,
      lookUpRight: tokensAlike === 0 ? null : lookUp / positions,
      draftRight: draft / positions,
    }));
}
