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
      target: 'none',
    });
    expect(rows.map(({ measured }) => measured)).toEqual([
      'a step with penalties',
      'look-up, first reading',
      'look-up, each round',
      'a draft request',
      'look-up, memory',
    ]);
    for (const { measured, value, plain, contextTokens } of rows) {
      expect(contextTokens).toBe(400);
      // With so short a text, a collection of garbage in between outweighs it.
      if (measured === 'look-up, memory') continue;
      expect(value).toBeGreaterThan(0);
      expect(plain).toBeGreaterThan(0);
    }
    expect(summary).toMatchObject({ penaltiesGrowth: 1, lookUpRoundGrowth: 1, draftRequestGrowth: 1 });
    const page = contextExperiment.page?.({ rows } as never);
    expect(page).toContain('## Look-up, first reading');
    expect(page).toContain('| tokens | ms | longest piece, ms | plain way, ms | ratio |');
  });

  it('draws texts that repeat themselves', () => {
    const ids = drawText(1000);
    expect(ids.length).toBe(1000);
    expect(new Set(ids).size).toBeLessThan(750);
  });
});
