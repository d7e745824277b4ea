import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { apiTrial } from './api.ts';

it("gets the target's own text by every client, over processes with keys, and calls every route", async () => {
  const { rows, summary, passed } = await runExperiment(apiTrial);
  expect(rows.filter(({ edge, device }) => `${edge}${device}`.match(/failed|differs/))).toEqual([]);
  expect(summary).toMatchObject({ failed: 0, uncalledRoutes: 0 });
  expect(passed).toBe(true);
  // Continuous integration installs the client for Python.
  if (process.env['OUTRIDER_REQUIRE_PIPELINE']) expect(summary['skippedClients']).toBe(0);
}, 300_000);
