// How acceptance moves along an answer, and what repetition does to it: a greedy answer that has begun to repeat itself is easy to draft.

import { isRightAt, type TraceSession } from './trace.ts';

export interface PositionRow {
  /** Positions of the answer, from 0: from <= position < to. */
  readonly from: number;
  readonly to: number;
  readonly positions: number;
  readonly acceptance: number;
  /** Share of the positions before which the last {@link repeatedLength} tokens occur earlier in the same answer. */
  readonly repeatedShare: number;
  /** Acceptance at those positions, and at the others; null: there are none. */
  readonly acceptanceRepeated: number | null;
  readonly acceptanceOther: number | null;
}

/** So many tokens in a row that occurred before are a repetition. */
const repeatedLength = 8;
const ends = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

interface Count {
  all: number;
  right: number;
}

/** Ascending; ranges without a position are left out. */
export function positionRows(sessions: readonly TraceSession[]): PositionRow[] {
  const counts = ends.map(() => ({ repeated: { all: 0, right: 0 }, other: { all: 0, right: 0 } }));
  for (const session of sessions) {
    const seen = new Set<string>();
    for (let position = 0; position < session.answer.length; position += 1) {
      const key = position < repeatedLength ? null : session.answer.slice(position - repeatedLength, position).join();
      const isRepeated = key !== null && seen.has(key);
      if (key !== null) seen.add(key);
      const range = counts[ends.findIndex((end) => position < end)];
      const count = isRepeated ? range?.repeated : range?.other;
      if (count === undefined) continue;
      count.all += 1;
      if (isRightAt(session, position)) count.right += 1;
    }
  }
  const share = ({ all, right }: Count): number | null => (all === 0 ? null : right / all);
  return counts.flatMap(({ repeated, other }, index) => {
    const positions = repeated.all + other.all;
    if (positions === 0) return [];
    return [
      {
        from: ends[index - 1] ?? 0,
        to: ends[index] as number,
        positions,
        acceptance: (repeated.right + other.right) / positions,
        repeatedShare: repeated.all / positions,
        acceptanceRepeated: share(repeated),
        acceptanceOther: share(other),
      },
    ];
  });
}
