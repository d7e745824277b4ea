import { describe, expect, it } from 'vitest';
import type { LanguageModel } from './model.ts';
import { checkShapes, variedTokens } from './shape-check.ts';
import { createToyModel } from './toy.ts';

const inner = () => createToyModel({ seed: 2, role: 'target', sequences: 1, contextLength: 400 });

/** A model that rounds otherwise in calls of `callSize` tokens, as engines do with another kernel. */
function shapeDependent(callSize: number, difference: number): LanguageModel {
  const model = inner();
  return {
    ...model,
    evaluate: async (items) => {
      const results = await model.evaluate(items);
      if (items[0]?.tokens.length !== callSize) return results;
      return results.map((rows) =>
        rows.map(({ ids, logits }) => ({ ids, logits: logits.map((logit) => logit + difference) })),
      );
    },
  };
}

const options = { contextLengths: [30, 90], callSizes: [2, 7, 16], positions: 48 };

describe('checkShapes', () => {
  it('finds nothing in a model that does not depend on the shape', async () => {
    const result = await checkShapes(inner(), options);
    expect(result).toMatchObject({ comparisons: 2 * 3 * 48, shapeMismatches: 0, changedChoices: 0 });
    expect(result.rows.length).toBe(6);
  });

  it('finds one last bit in the calls of one size', async () => {
    const result = await checkShapes(shapeDependent(16, 2 ** -18), options);
    expect(result).toMatchObject({ shapeMismatches: 2 * 48, changedChoices: 0 });
    for (const row of result.rows) {
      expect(row.mismatches).toBe(row.callSize === 16 ? 48 : 0);
      expect(row.largestDifference).toBe(row.callSize === 16 ? 2 ** -18 : 0);
    }
  });

  it('gives the sequence back and tells how far it is', async () => {
    const model = inner();
    const seen: [number, number][] = [];
    await checkShapes(model, { ...options, onProgress: (done, total) => seen.push([done, total]) });
    expect(seen.at(-1)).toEqual([6, 6]);
    await model.openSequence().release();
  });

  it('refuses contexts that do not fit', async () => {
    await expect(checkShapes(inner())).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('compares text without a period', () => {
    const tokens = variedTokens(inner(), 300);
    expect(tokens.length).toBe(300);
    expect(tokens.slice(0, 60)).not.toEqual(tokens.slice(60, 120));
  });
});
