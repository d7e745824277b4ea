import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { accessTrial } from './access.ts';

it('finds no wrong answer of an edge, an endpoint and a controller', async () => {
  const { rows, summary, passed } = await runExperiment(accessTrial);
  expect(rows.filter(({ wrong }) => wrong > 0)).toEqual([]);
  expect(passed).toBe(true);
  expect(summary['cases']).toBeGreaterThan(1000);
});
