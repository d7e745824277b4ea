import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { cutTrial } from './cut.ts';

it('gives the whole text behind outrider serve, at any temperature', async () => {
  const { rows, summary, passed } = await runExperiment(cutTrial);
  expect(passed).toBe(true);
  expect(summary).toMatchObject({ texts: 2, identical: 2 });
  for (const { way, before, tokens, end } of rows) {
    expect(before, way).toBeGreaterThanOrEqual(20);
    expect(before, way).toBeLessThan(tokens);
    if (way.startsWith('outrider')) expect(end).toMatch(/^(stop|length)$/);
  }
});
