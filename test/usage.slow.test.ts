// What keys have used survives an edge that is killed: `outrider edge --usage` and `outrider keys list --usage`.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mayMount, onTinyDisk } from './tiny-disk.fixture.ts';

const main = fileURLToPath(new URL('../bin/outrider.ts', import.meta.url));
const poll = { timeout: 60_000, interval: 50 };
let folder = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrider-usage-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});
const environment = () => ({ ...process.env, NO_COLOR: '1', OUTRIDER_STATE: join(folder, 'state') });

function keys(...words: string[]): string {
  return spawnSync(process.execPath, [main, 'keys', ...words], { env: environment(), encoding: 'utf8' }).stdout;
}

/** @param before words of a program that starts the edge */
async function startEdge(usage: string, before: readonly string[] = []) {
  const fixed = ['edge', '--model', 'toy:1', '--port', '0', '--keys', join(folder, 'state', 'keys.json')];
  const words = [...before, process.execPath, main, ...fixed, '--usage', usage];
  const child = spawn(words[0] as string, words.slice(1), { env: environment() });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += String(part)));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = (): string => /^ws:(\S+)$/m.exec(said)?.[1] ?? '';
  await expect.poll(url, poll).toMatch(/\d$/);
  const ask = async (key: string, tokens: number): Promise<number> => {
    const fields = { model: 'toy:1', prompt: [1, 2, 3], max_tokens: tokens, temperature: 0, logit_bias: { 0: -100 } };
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`http:${url()}/v1/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(fields),
    });
    await answer.text();
    return answer.status;
  };
  return { child, ended, ask, said: () => said };
}

const rowsIn = (path: string): number =>
  existsSync(path) ? ((JSON.parse(readFileSync(path, 'utf8')).keys[0]?.rows as number | undefined) ?? 0) : 0;

it('a quota goes on after kill -9, and the rows that a key has used are not forgotten', async () => {
  // A row comes back each second.
  const key = keys('add', 'Ada', '--scope', 'chat', '--rows-per-minute', '60').trim();
  const usage = join(folder, 'usage.json');
  const first = await startEdge(usage);
  expect([await first.ask(key, 200), await first.ask(key, 5)]).toEqual([200, 429]);
  await expect.poll(() => rowsIn(usage), poll).toBeGreaterThan(200);
  first.child.kill('SIGKILL');
  await first.ended;
  const second = await startEdge(usage);
  expect(await second.ask(key, 5)).toBe(429);
  second.child.kill('SIGTERM');
  await second.ended;
  const { rows } = JSON.parse(keys('list', '--usage', usage, '--json')) as { rows: { rowsUsed: number }[] };
  expect(rows[0]?.rowsUsed).toBe(rowsIn(usage));
  writeFileSync(usage, '{"format"');
  const third = await startEdge(usage);
  expect([await third.ask(key, 5), third.said()]).toEqual([200, expect.stringContaining('[usage-unreadable]')]);
}, 120_000);

it.skipIf(!mayMount())(
  'an edge starts and answers where the disk is full',
  async () => {
    const key = keys('add', 'Ada', '--scope', 'chat').trim();
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const edge = await startEdge(join(disk, 'usage.json'), onTinyDisk(disk, '64k', 'cat /dev/zero >all'));
    expect(await edge.ask(key, 5)).toBe(200);
    await expect.poll(edge.said, poll).toContain('[disk-full]');
  },
  120_000,
);
