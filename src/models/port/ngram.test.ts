import { describe, expect, it } from 'vitest';
import { describeModelContract } from './model.contract.ts';
import { skipAsks } from './model-asks.contract.ts';
import { createNgramModel, type NgramOptions } from './ngram.ts';
import { createToyTokenizer } from './toy-tokenizer.ts';

const tokenizer = createToyTokenizer(49_152);
const options: NgramOptions = { tokenizer, sequences: 3, contextLength: 300 };
describeModelContract('n-gram look-up', async () => createNgramModel(options), {
  skip: skipAsks('it only drafts, and has no logits'),
});

/** The draft after `text`, or undefined. */
async function guess(text: readonly number[], overrides: Partial<NgramOptions> = {}): Promise<number | undefined> {
  const model = createNgramModel({ ...options, ...overrides });
  const [rows] = await model.evaluate([{ sequence: model.openSequence(), tokens: text, rows: 1 }]);
  expect(rows?.[0]?.logits).toEqual(rows?.[0]?.ids.map(() => 0));
  return rows?.[0]?.ids[0];
}

describe('n-gram look-up', () => {
  it('repeats the continuation of the last occurrence', async () => {
    expect(await guess([1, 2, 3, 9, 1, 2, 4, 8, 1, 2])).toBe(4);
  });

  it('prefers a longer match to a later one', async () => {
    expect(await guess([1, 2, 3, 9, 7, 2, 3, 8, 1, 2, 3])).toBe(9);
  });

  it('has no candidate without a match', async () => {
    expect(await guess([1, 2, 3])).toBeUndefined();
    expect(await guess([5, 1, 6, 1])).toBeUndefined();
    expect(await guess([5, 1, 6, 1], { shortestMatch: 1 })).toBe(6);
  });

  it('finds a run that overlaps itself', async () => {
    expect(await guess([4, 4, 4])).toBe(4);
  });

  it('agrees with a plain search over random text, with random rollbacks', async () => {
    const model = createNgramModel(options);
    const sequence = model.openSequence();
    let text: number[] = [];
    for (let step = 0; step < 600; step++) {
      const random = (step * 7919 + (step >> 3) * 104_729) % 1000;
      if (text.length > 200 || (random < 150 && text.length > 5)) {
        text = text.slice(0, text.length - 1 - (random % Math.min(text.length, 40)));
        await sequence.truncate(text.length);
      }
      const id = ((random * 31) % 7) + 1;
      text.push(id);
      const [rows] = await model.evaluate([{ sequence, tokens: [id], rows: 1 }]);
      expect(rows?.[0]?.ids[0]).toBe(plainSearch(text));
    }
  });

  it('refuses matches of no length', () => {
    for (const wrong of [{ shortestMatch: 0 }, { longestMatch: 1 }, { longestMatch: 2.5 }]) {
      expect(() => createNgramModel({ ...options, ...wrong })).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
    }
  });
});

function plainSearch(text: readonly number[]): number | undefined {
  for (let run = 4; run >= 2; run--) {
    for (let end = text.length - 1; end >= run; end--) {
      const matches = Array.from({ length: run }, (_, back) => text[end - 1 - back] === text[text.length - 1 - back]);
      if (text.length > run && matches.every(Boolean)) return text[end];
    }
  }
  return undefined;
}
