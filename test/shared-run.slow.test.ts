// Three processes share a run by a NATS server; one of them is killed. The others end with what one process alone finds.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsServerPath, startNatsServer } from '../simulator/files/nats-server.ts';
import { openNatsRecord } from '../simulator/runner/nats-record.ts';

const isThere = spawnSync(natsServerPath(), ['--version']).status === 0;
const program = new URL('../bin/clone.ts', import.meta.url).pathname;

let folder = '';
const started: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-shared-'));
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** `outrider reproduce fig5` at its smallest. */
function reproduce(name: string, ...more: readonly string[]) {
  const words = ['reproduce', 'fig5', '--smoke', '--no-pictures', '--out', join(folder, name), '--json', ...more];
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  const found = Promise.all([text(child.stdout), once(child, 'close')]).then(([document]) => {
    const { rows, summary } = JSON.parse(document) as { readonly rows: unknown; readonly summary: unknown };
    return { rows, summary };
  });
  found.catch(() => {});
  return { child, found };
}

describe.skipIf(!isThere)('a run that three processes share by NATS', () => {
  it('ends with the numbers of one, also where one of them is killed', { timeout: 300_000 }, async () => {
    await using server = await startNatsServer();
    const url = `${server.url}/sweep`;
    const [first, ...others] = ['a', 'b', 'c'].map((name) => reproduce(name, '--record', url));
    await using record = await openNatsRecord({ record: url }, () => {});
    expect(first).toBeDefined();
    // It has a lease of a unit by then, or has found some.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    first?.child.kill('SIGKILL');
    const alone = await reproduce('alone').found;
    for (const { found } of others) expect(await found).toEqual(alone);
    // The record refuses other settings, which it names.
    const { rows } = alone as { readonly rows: readonly unknown[] };
    expect(rows.length).toBeGreaterThan(0);
    await expect(record?.open('reproduce fig5', { seeds: 1 })).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('is refused where the address names no record, or a bucket of others', async () => {
    await using server = await startNatsServer();
    await expect(openNatsRecord({ record: server.url }, () => {})).rejects.toThrow('names no record');
    await expect(openNatsRecord({ record: 'http://127.0.0.1:1/x' }, () => {})).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });
});
