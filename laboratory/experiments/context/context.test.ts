import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { contextExperiment } from './context.ts';
import { drawText } from './draw-text.ts';

describe('bench context', () => {
  it('measures each case beside its plain way', async () => {
    const { rows, summary } = await runExperiment(contextExperiment, {
      tokens: 400,
      repeats: 3,
      longTokens: 400,
      promptTokens: 400,
      target: 'none',
    });
    expect(rows.map(({ measured }) => measured)).toEqual([
      'a step with penalties',
      'look-up, first reading',
      'look-up, each round',
      'a draft request',
      'look-up, memory',
      'what to reuse',
    ]);
    for (const { measured, value, plain, contextTokens } of rows) {
      expect(contextTokens).toBe(400);
      // With so short a text, a collection of garbage in between outweighs it.
      if (measured === 'look-up, memory') continue;
      expect(value).toBeGreaterThan(0);
      expect(plain).toBeGreaterThan(0);
    }
    expect(summary).toMatchObject({ penaltiesGrowth: 1, lookUpRoundGrowth: 1, draftRequestGrowth: 1 });
    expect(summary).toMatchObject({ stepOverheadGrowth: 1, othersSlowdown: null, prefillTokensPerSecond8k: null });
    expect(summary['stepOverheadMs32k']).toBeGreaterThan(0);
    const page = contextExperiment.page?.({ rows } as never);
    expect(page).toContain('## Look-up, first reading');
    expect(page).toContain('| tokens | ms | longest piece, ms | plain way, ms | ratio |');
  });

  it('says what a long prompt costs others, and is read at beside them', () => {
    const prompt = { aloneTokensPerSecond: 80, besideTokensPerSecond: 24, othersAloneMs: 10, othersBesideMs: 14 };
    const prefill = { contextTokens: 8192, rowsPerCall: 63, tokensPerSecond: 70 };
    const found = { rows: [], long: { stepMs: 0.6, stepMsShort: 0.5, prompt, prefill } };
    const options = { tokens: undefined, repeats: 3, longTokens: 32_000, promptTokens: 6000, target: 'a/b.gguf' };
    const { summary, params } = contextExperiment.conclude(found, options);
    expect(summary).toMatchObject({
      stepOverheadMs32k: 0.6,
      stepOverheadGrowth: 1.2,
      prefillTokensPerSecond8k: 70,
      prefillRowsPerCall: 63,
      prefillContextTokens: 8192,
      othersSlowdown: 1.4,
      longPromptShareOfAlone: 0.3,
      longPromptTokensPerSecond: 80,
    });
    expect(params).toMatchObject({ longTokens: 32_000, target: 'b.gguf' });
    expect(contextExperiment.goals?.({ promptTokens: 6000 })).toEqual({});
    const keys = Object.keys(contextExperiment.goals?.({ promptTokens: 32_000 }) ?? {});
    expect(Object.keys(summary)).toEqual(expect.arrayContaining(keys));
  });

  it('draws texts that repeat themselves', () => {
    const ids = drawText(1000);
    expect(ids.length).toBe(1000);
    expect(new Set(ids).size).toBeLessThan(750);
  });
});
