import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkEngine } from '../../../laboratory/engine-conformance/check-engine.ts';
import { startChild } from '../children/child-service.ts';
import { mainFile } from '../children/main-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'outrider-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'rows.sock');

describe('engine serve', () => {
  it.each([
    ['--socket', path],
    ['--port', '0'],
  ])('keeps the contract as a process, and ends with its parent: %s', async (...flags) => {
    const words = ['engine', 'serve', '--model', 'toy:7', '--context', '800', ...flags];
    const worker = await startChild(words, 'engine-lost');
    try {
      expect(worker.url).toMatch(flags[0] === '--port' ? /^tcp:\d+$/ : /^unix:\//);
      if (worker.url.startsWith('unix:')) expect(statSync(path).mode & 0o777).toBe(0o600);
      const shared = { engine: worker.url, model: 'toy:7', tokenizerFile: 'toy:7', cacheDirectory: folder };
      const { rows, summary } = await checkEngine(shared);
      expect(rows.filter(({ result }) => result === 'failed')).toEqual([]);
      expect(summary).toMatchObject({ skipped: 1 });
    } finally {
      await worker.close();
    }
    await expect(worker.ended).resolves.toMatchObject({ message: expect.stringContaining('status 0') });
  });

  it('ends with its input where it is asked to', async () => {
    const words = ['engine', 'serve', '--model', 'toy:7', '--port', '0', '--until-input-ends'];
    const worker = spawn(process.execPath, [mainFile, ...words], { stdio: ['pipe', 'pipe', 'ignore'] });
    await once(worker.stdout, 'data');
    worker.stdin.end();
    expect(await once(worker, 'exit')).toEqual([0, null]);
  });
});
