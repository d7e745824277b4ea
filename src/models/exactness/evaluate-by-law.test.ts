import { describe, expect, it } from 'vitest';
import type { ShapeLaw } from '../../core/decoding/shape-law.ts';
import type { EvaluateItem } from '../port/model.ts';
import { createToyModel } from '../port/toy.ts';
import { evaluateByLaw, longestItem } from './evaluate-by-law.ts';

const fours: ShapeLaw = { multiple: 4, least: 4, most: 60, merges: true };
const threes: ShapeLaw = { multiple: 1, least: 1, most: 3, merges: false };

function open(sequences = 2) {
  const model = createToyModel({ seed: 5, role: 'target', sequences, contextLength: 300 });
  const calls: (readonly EvaluateItem[])[] = [];
  const engine = {
    call: (items: readonly EvaluateItem[]) => {
      calls.push(items);
      return model.evaluate(items);
    },
    erase: (sequence: EvaluateItem['sequence'], length: number) => sequence.truncate(length),
  };
  return { model, engine, calls };
}

const tokens = Array.from({ length: 11 }, (_, index) => 300 + index);

describe('the longest item', () => {
  it.each([
    [{ ...fours, most: 256 }, 256],
    [{ ...fours, most: 500 }, 256],
    // Several calls, of whole multiples.
    [{ ...fours, most: 4 }, 60],
    [{ ...fours, multiple: 8, least: 8, most: 8 }, 56],
    [threes, 63],
  ])('under %o has %d tokens', (law, most) => {
    expect(longestItem(law, 256)).toBe(most);
  });
});

describe('items under a law', () => {
  it.each([fours, threes])(
    'give the same candidates as without a law, and leave no padding behind: %o',
    async (law) => {
      for (const rows of [0, 1, 3, 11]) {
        const { model, engine } = open();
        const [plain, lawful] = [model.openSequence(), model.openSequence()];
        const expected = await model.evaluate([{ sequence: plain, tokens, rows }]);
        expect(await evaluateByLaw(engine, law, [{ sequence: lawful, tokens, rows }], 8)).toEqual(expected);
        expect(lawful.length).toBe(tokens.length);
      }
    },
  );

  /** Lengths and rows of the items of each call, for two sequences with so many tokens and rows. */
  async function callsOf(law: ShapeLaw, ...wanted: readonly (readonly [length: number, rows: number])[]) {
    const { model, engine, calls } = open();
    const items = wanted.map(([length, rows]) => ({
      sequence: model.openSequence(),
      tokens: tokens.slice(0, length),
      rows,
    }));
    await evaluateByLaw(engine, law, items, 8);
    return calls.map((call) => call.map((item) => [item.tokens.length, item.rows]));
  }

  it('are padded with rows whose candidates are requested too', async () => {
    const padded = [
      [8, 4],
      [4, 0],
    ];
    expect(await callsOf(fours, [6, 1], [4, 0])).toEqual([padded]);
  });

  it('are cut where a call may not be that long, each sequence separately', async () => {
    expect(await callsOf(threes, [5, 4], [2, 2])).toEqual([[[3, 2]], [[2, 2]], [[2, 2]]]);
  });

  it('never share a call with more sequences than were compared', async () => {
    const { model, engine, calls } = open(5);
    const items = Array.from({ length: 5 }, () => ({ sequence: model.openSequence(), tokens, rows: 1 }));
    const results = await evaluateByLaw(engine, fours, items, 2);
    expect(calls.map((call) => call.length)).toEqual([2, 2, 1]);
    expect(results).toHaveLength(5);
    expect(results[4]).toEqual(results[0]);
  });
});
