import { describe, expect, it } from 'vitest';
import { TraceSessionBuilder } from './trace.ts';
import { matchRows } from './trace-matches.ts';

/** The answer is the prompt again, up to a new token; drafts are right at even positions. */
function session() {
  const prompt = [10, 11, 12, 13, 14, 15];
  const answer = [10, 11, 12, 13, 99, 50];
  const builder = new TraceSessionBuilder();
  for (const position of answer.keys()) {
    if (position % 2 === 0) builder.addRight(60_000);
    else builder.addWrong([{ token: 7, units: 100 }]);
  }
  return builder.build({ id: 'a', task: 'b', prompt, answer });
}

describe('statistics by match length', () => {
  it('count where look-up was right, and where the draft was', () => {
    expect(matchRows([session()])).toEqual([
      // Before the answer's first, second, fifth and last token the match is shorter than two tokens, but for "10 11" onwards.
      { tokensAlike: 0, positions: 3, lookUpRight: null, draftRight: 1 / 3 },
      { tokensAlike: 2, positions: 1, lookUpRight: 1, draftRight: 1 },
      { tokensAlike: 3, positions: 1, lookUpRight: 1, draftRight: 0 },
      { tokensAlike: 4, positions: 1, lookUpRight: 0, draftRight: 1 },
    ]);
    expect(matchRows([])).toEqual([]);
  });
});
