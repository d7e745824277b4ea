import { describe, expect, it } from 'vitest';
import { TraceSessionBuilder } from './trace.ts';
import { positionRows } from './trace-positions.ts';

/** @param wrong positions of wrong drafts */
function session(answer: readonly number[], wrong: readonly number[]) {
  const builder = new TraceSessionBuilder();
  for (const position of answer.keys()) {
    if (wrong.includes(position)) builder.addWrong([{ token: 999, units: 1 }]);
    else builder.addRight(1);
  }
  return builder.build({ id: 'a', task: 'code', prompt: [1], answer });
}

describe('acceptance by position', () => {
  it('counts each range of positions, and says where an answer repeats itself', () => {
    const once = Array.from({ length: 12 }, (_, index) => index);
    const rows = positionRows([session([...once, ...once], [0, 1, 21])]);
    expect(rows.map(({ from, to, positions }) => [from, to, positions])).toEqual([
      [0, 16, 16],
      [16, 32, 8],
    ]);
    expect(rows[0]).toMatchObject({ acceptance: 14 / 16, repeatedShare: 0, acceptanceRepeated: null });
    // Before positions 20 to 23 the last 8 tokens are those of 12 positions earlier.
    expect(rows[1]).toMatchObject({
      acceptance: 7 / 8,
      repeatedShare: 4 / 8,
      acceptanceRepeated: 3 / 4,
      acceptanceOther: 1,
    });
  });

  it('has no row without a position', () => {
    expect(positionRows([])).toEqual([]);
    expect(positionRows([session([1, 2], [])])).toHaveLength(1);
  });
});
