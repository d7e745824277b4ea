// llama.cpp behind the protocol, with the default target.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startChild } from '../../src/cli/children/child-service.ts';
import { checkEngine } from './check-engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrider-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('llama.cpp keeps the contract behind the protocol', async () => {
  const model = 'smollm2-135m';
  const address = ['--socket', join(folder, 'rows.sock')];
  const size = ['--sequences', '4', '--context', '800'];
  const worker = await startChild(['engine', 'serve', '--model', model, ...size, ...address], 'engine-lost');
  try {
    const { rows, summary } = await checkEngine({ engine: worker.url, model, tokenizerFile: model });
    expect(rows.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(summary).toMatchObject({ skipped: 1 });
  } finally {
    await worker.close();
  }
}, 600_000);
