import { describe, expect, it } from 'vitest';
import { createMoodyEngine } from '../../../src/models/exactness/moody-engine.fixture.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { measureCases, targetCases } from './engine-cases.ts';

describe('the cases of bench engine', () => {
  it('run on an engine under a law that takes fewer tokens at once than a prompt has', async () => {
    const { bench, calls } = createMoodyEngine(() => 0);
    bench.adopt({ multiple: 8, least: 8, most: 56, merges: true });
    const strict: LanguageModel = {
      ...bench,
      limits: bench.limits,
      evaluate: (items) => {
        for (const { tokens } of items) expect(tokens.length).toBeLessThanOrEqual(bench.limits.maxItemTokens);
        return bench.evaluate(items);
      },
    };
    let stepCount = 0;
    const onStep = (): void => {
      stepCount += 1;
    };
    const repeats = { repeats: 1, contextLength: 100, onStep };
    const rows = await measureCases([{ model: strict, suffix: 'X' }], targetCases, repeats);
    expect(rows.map((row) => row.case)).toEqual(targetCases.map(({ name }) => `${name}X`));
    expect(rows.find((row) => row.case === 'prefillX')?.tokens).toBe(63);
    expect(stepCount).toBe(3 * targetCases.length);
    // 63 tokens of prompt are a full call and one that is filled up.
    expect(calls.filter((callRows) => callRows % 8 !== 0)).toEqual([]);
  });
});
