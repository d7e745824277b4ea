// A small run of the bench of drafts with the real pair: whether it runs, not what it measures.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { defaultPair } from '../../../src/models/files/manifest-data.ts';
import { draftsExperiment } from './drafts.ts';

it('says what the default draft is worth', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'outrider-bench-drafts-'));
  try {
    const file = join(directory, 'prompts.jsonl');
    const asked = ['Name three rivers in Europe.', 'Why is the sky blue?'];
    const lines = asked.map((content) => JSON.stringify({ messages: [{ role: 'user', content }] }));
    await writeFile(file, lines.join('\n'));
    const options = {
      prompts: [file],
      limit: 2,
      otherLimit: 0,
      traceDirectory: directory,
      tokens: 32,
      roundTripsMs: [10, 60],
      repeats: 5,
    };
    const record = join(directory, 'record.jsonl');
    const { rows, summary } = await runExperiment(draftsExperiment, options, { record });
    expect(rows.length).toBe(3 * 2 * 2 * 4 + 4);
    expect(new Set(rows.map((row) => Object.keys(row).join())).size).toBe(1);
    expect(summary).toMatchObject({ shipped: defaultPair.draft });
    expect(summary['acceptanceGreedy']).toBeGreaterThan(0.3);
    expect(summary['costRatio']).toBeGreaterThan(0.2);
    expect(summary['streamOverArRtt10']).toBeLessThan(1.03);
    const again = await runExperiment(draftsExperiment, options, { record });
    expect(again.rows).toEqual(rows);
  } finally {
    await rm(directory, { recursive: true });
  }
});
