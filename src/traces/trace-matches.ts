// How often looking back and the draft model are right, by how many tokens the text's end has in common with an earlier place: what the
// rules that choose between them are judged by.

import { LookUp } from '../decoding/look-up.ts';
import { isRightAt, type TraceSession } from './trace.ts';

export interface MatchRow {
  /** 0: nothing alike was found. */
  readonly tokensAlike: number;
  readonly positions: number;
  /** Share of them at which what followed there is the target's token; null: nothing was found. */
  readonly lookUpRight: number | null;
  readonly draftRight: number;
}

/** Ascending by tokens alike; lengths that never occur are left out. */
export function matchRows(sessions: readonly TraceSession[]): MatchRow[] {
  const counts = new Map<number, { positions: number; lookUp: number; draft: number }>();
  for (const session of sessions) {
    const { prompt, answer } = session;
    const lookUp = new LookUp();
    const text = [...prompt];
    for (const [position, token] of answer.entries()) {
      lookUp.follow(text, prompt.length, text.length);
      const guess = lookUp.next();
      const length = guess?.matchLength ?? 0;
      const count = counts.get(length) ?? { positions: 0, lookUp: 0, draft: 0 };
      count.positions += 1;
      if (guess?.token === token) count.lookUp += 1;
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
