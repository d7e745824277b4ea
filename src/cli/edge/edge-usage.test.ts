// Which file an edge keeps usage in, and what a file that can't be used does to its start.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { edgeKey } from '../../core/protocol/edge/edge-key.ts';
import { folderOfEach } from '../../models/gguf/folder.fixture.ts';
import { closedAfter, openEdgeUsage } from './edge-usage.ts';

const here = folderOfEach();
beforeEach(() => void vi.stubEnv('OUTRIDER_STATE', here('state')));
afterEach(() => vi.unstubAllEnvs());

async function open(usage: string | undefined, port: number, hasKeys: boolean) {
  const said: string[] = [];
  await using file = await openEdgeUsage({ usage, port }, hasKeys, { note: (_, text) => void said.push(text) });
  return { isKept: file !== null, said };
}

it('keeps usage by default where there are keys and a fixed port', async () => {
  expect((await open(undefined, 8642, true)).isKept).toBe(true);
  expect(existsSync(here('state', 'usage-8642.json'))).toBe(true);
  expect((await open(undefined, 0, true)).isKept).toBe(false);
  expect((await open(undefined, 8643, false)).isKept).toBe(false);
  expect((await open(here('own.json'), 0, false)).isKept).toBe(true);
});

it('goes without a default file that it can not use, which it says, and refuses a named one', async () => {
  writeFileSync(here('file'), '');
  const wrong = here('file', 'usage.json');
  await expect(open(wrong, 1, true)).rejects.toMatchObject({ code: 'bad-argument' });
  vi.stubEnv('OUTRIDER_STATE', here('file'));
  const { isKept, said } = await open(undefined, 1, true);
  expect([isKept, said]).toEqual([false, [expect.stringMatching(/\[bad-argument\]$/)]]);
});

it('is written before the listener closes, and not again after that: the next edge has the file then', async () => {
  const path = here('own.json');
  await using usage = await openEdgeUsage({ usage: path, port: 1 }, true, { note: () => {} });
  const atClose: string[] = [];
  const listener = closedAfter(usage, { close: async () => void atClose.push(readFileSync(path, 'utf8')) });
  usage?.quotas.spend(edgeKey('ada'), 100, 0);
  await listener.close();
  expect(atClose).toEqual([expect.stringContaining('"rows":100')]);
  usage?.quotas.spend(edgeKey('ada'), 1, 0);
  await usage?.[Symbol.asyncDispose]();
  expect([readFileSync(path, 'utf8')]).toEqual(atClose);
});
