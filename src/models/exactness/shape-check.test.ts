import { describe, expect, it } from 'vitest';
import { freeLaw } from '../../core/decoding/shape-law.ts';
import type { LanguageModel } from '../port/model.ts';
import { createToyModel } from '../port/toy.ts';
import { createMoodyEngine, inGroupsOfFour } from './moody-engine.fixture.ts';
import { sampleTokens } from './sample-text.ts';
import { checkShapes, sizesUpTo } from './shape-check.ts';
import { inLargestCalls, sessionHistories } from './shape-histories.ts';

const inner = (sequences = 1) => createToyModel({ seed: 2, role: 'target', sequences, contextLength: 400 });

/** A model that rounds differently in calls of `callSize` tokens, like an engine with another kernel. */
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

const options = { contextLengths: [30, 90], callSizes: [2, 7, 16], positions: 48, histories: [] };

describe('checkShapes', () => {
  it('finds nothing in a model that does not depend on the shape', async () => {
    const result = await checkShapes(inner(), options);
    expect(result).toMatchObject({ comparisons: 2 * 3 * 48, shapeMismatches: 0, changedChoices: 0 });
    expect(result.rows.length).toBe(6);
  });

  it('finds one different bit in the calls of one size', async () => {
    const result = await checkShapes(shapeDependent(16, 2 ** -18), options);
    expect(result).toMatchObject({ shapeMismatches: 2 * 48, changedChoices: 0 });
    for (const row of result.rows) {
      expect(row.mismatches).toBe(row.history === 'calls of 16' ? 48 : 0);
      expect(row.largestDifference).toBe(row.history === 'calls of 16' ? 2 ** -18 : 0);
    }
  });

  it('releases the sequence and reports progress', async () => {
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
    const tokens = sampleTokens(inner().tokenizer, 300);
    expect(tokens.length).toBe(300);
    expect(tokens.slice(0, 60)).not.toEqual(tokens.slice(60, 120));
  });
});

describe('the histories of sessions', () => {
  const small = { contextLengths: [60], callSizes: [2], positions: 20 };

  it('all give the candidates of single-row steps, and release their sequences', async () => {
    const model = inner(3);
    const { rows, shapeMismatches } = await checkShapes(model, small);
    expect(shapeMismatches).toBe(0);
    const names = [...sessionHistories, inLargestCalls].map(({ name }) => name);
    expect(rows.map(({ history }) => history)).toEqual(['calls of 2', ...names]);
    expect(rows.every(({ comparisons }) => comparisons >= 4)).toBe(true);
    await Promise.all([1, 2, 3].map(() => model.openSequence().release()));
  });

  it('each find an engine that takes rows in groups of four', async () => {
    const { bench } = createMoodyEngine(inGroupsOfFour);
    bench.adopt(freeLaw);
    const { rows } = await checkShapes(bench, { ...small, callSizes: [5] });
    const unseen = rows.filter(({ mismatches }) => mismatches === 0).map(({ history }) => history);
    // Their last chunk or steps have no whole group.
    const chunks = [1, 2, 3, 5, 6, 7].map((rows) => `prompt, last chunk of ${rows}`);
    expect(unseen).toEqual([...chunks, 'prompt from memory', 'handed over']);
  });

  it('end at the first difference on request', async () => {
    const { bench } = createMoodyEngine(inGroupsOfFour);
    const { rows } = await checkShapes(bench, { ...small, callSizes: [2, 4, 5], stopsAtMismatch: true });
    expect(rows.map(({ history }) => history)).toEqual(['calls of 2', 'calls of 4']);
    const later = await checkShapes(bench, { ...small, callSizes: [2, 3, 4, 5, 6], stopsAtMismatch: true });
    expect(later.rows.map(({ history }) => history)).toEqual(['calls of 2', 'calls of 3', 'calls of 4']);
  });
});

describe('the sizes of calls', () => {
  const upTo63 = Array.from({ length: 62 }, (_, index) => index + 2);

  it.each([
    [1, [1]],
    [4, [2, 3, 4]],
    [63, upTo63],
    [64, [...upTo63, 64]],
    [100, [...upTo63, 64, 65, 100]],
    [127, [...upTo63, 64, 65, 127]],
    [128, [...upTo63, 64, 65, 127, 128]],
    [256, [...upTo63, 64, 65, 127, 128, 129, 255, 256]],
  ])('up to %d', (most, sizes) => {
    expect(sizesUpTo(most)).toEqual(sizes);
  });
});
