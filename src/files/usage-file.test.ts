import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { edgeKey } from '../core/protocol/edge/edge-key.ts';
import { folderOfEach } from '../models/gguf/folder.fixture.ts';
import { readUsage, UsageFile } from './usage-file.ts';

const key = edgeKey('ada', { rowsPerMinute: 600 });
const poll = { timeout: 30_000, interval: 5 };
const here = folderOfEach();
let path = '';
const opened: UsageFile[] = [];
beforeEach(() => {
  path = here('usage.json');
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

async function open(everyMs = 1e6, at = path) {
  const said: (string | null)[] = [];
  const settings = { clock: { nowMs: () => 0, after: () => () => {} }, isCounted: () => true, everyMs };
  const usage = await UsageFile.open(at, {
    ...settings,
    onState: (error) => said.push(error === null ? null : `${error.message} [${error.code}]`),
  });
  opened.push(usage);
  return { usage, said, quotas: usage.quotas };
}

const left = (rows: number) => ({ key: 'ada', rows, quota: expect.objectContaining({ leftRows: 600 - rows }) });

describe('a file of usage', () => {
  it('is written while the edge runs, so that one that is killed loses only the last seconds', async () => {
    const { quotas } = await open(10);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    quotas.spend(key, 100, 0);
    await expect.poll(() => readUsage(path), poll).toEqual([left(100)]);
    quotas.spend(key, 20, 0);
    await expect.poll(() => readUsage(path), poll).toEqual([left(120)]);
    const next = await open();
    expect(next.quotas.kept(0)).toEqual([left(120)]);
  });

  it('has everything after an orderly end, and is not written anew where nothing has changed', async () => {
    const { usage, quotas } = await open();
    quotas.spend(key, 100, 0);
    await usage[Symbol.asyncDispose]();
    const { mtimeNs } = statSync(path, { bigint: true });
    expect(await readUsage(path)).toEqual([left(100)]);
    await usage[Symbol.asyncDispose]();
    expect(statSync(path, { bigint: true }).mtimeNs).toBe(mtimeNs);
    expect(readdirSync(here())).toEqual(['usage.json']);
  });

  it.each<readonly [string, string, RegExp]>([
    ['half of it', '{"format":"outrider-usage","vers', /not JSON.*\[usage-unreadable\]$/],
    ['nothing', '', /not JSON.*\[usage-unreadable\]$/],
    ['another version', '{"format":"outrider-usage","version":2,"keys":[]}', /version 2.*\[version-mismatch\]$/],
    ['no list', '{"format":"outrider-usage","version":1}', /keys.*\[usage-unreadable\]$/],
    ...[
      { key: 'a' },
      { key: 'a', rows: -1 },
      { key: 'a', rows: 1.5 },
      { key: 1, rows: 1 },
      null,
      { key: 'a', rows: 1, quota: { rowsPerMinute: 0, leftRows: 0, unsentRows: 0 } },
      { key: 'a', rows: 1, quota: { rowsPerMinute: 1, leftRows: 1e300, unsentRows: 0 } },
      { key: 'a', rows: 1, quota: null },
    ].map((one) => {
      const text = JSON.stringify({ format: 'outrider-usage', version: 1, keys: [one] });
      return [text, text, /keys.*\[usage-unreadable\]$/] as const;
    }),
  ])('that is damaged (%s) is put aside, and the edge starts', async (_, text, line) => {
    writeFileSync(path, text);
    const { said, quotas } = await open();
    expect(said).toEqual([expect.stringMatching(line)]);
    expect(quotas.kept(0)).toEqual([]);
    expect(readFileSync(`${path}.unreadable`, 'utf8')).toBe(text);
    expect(await readUsage(path)).toEqual([]);
  });

  it('that is damaged again is put aside under another name', async () => {
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(path, text);
      expect((await open()).said).toHaveLength(1);
    }
    const aside = ['', '.2', '.3'].map((end) => readFileSync(`${path}.unreadable${end}`, 'utf8'));
    expect(aside).toEqual(['one', 'two', 'three']);
  });

  it.each(['null', '[]', '{}', '{"format":"outrider-keys","version":1,"keys":[]}'])(
    'that is of another kind is left as it is, and ends the start: %s',
    async (text) => {
      writeFileSync(path, text);
      await expect(open()).rejects.toMatchObject({ code: 'bad-argument' });
      expect([readdirSync(here()), readFileSync(path, 'utf8')]).toEqual([['usage.json'], text]);
    },
  );

  it('that is a pipe or a device ends the start, and is not renamed', async () => {
    if (process.platform === 'win32') return;
    spawnSync('mkfifo', [path]);
    for (const at of [path, '/dev/null']) {
      await expect(open(1e6, at)).rejects.toThrow(/is no file$/);
      expect(statSync(at).isFile()).toBe(false);
    }
  });

  it('that another process has written is left as it is, and said once until it is gone', async () => {
    const { quotas, said } = await open(10);
    const other = await open();
    other.quotas.spend(key, 1, 0);
    // The second one has begun with its own write.
    quotas.spend(key, 100, 0);
    await expect.poll(() => said, poll).toEqual([expect.stringMatching(/another process \[bad-argument\]$/)]);
    expect(await readUsage(path)).toEqual([]);
    rmSync(path);
    await expect.poll(() => said.at(-1), poll).toBeNull();
    expect(await readUsage(path)).toEqual([left(100)]);
  });

  it('that can not be written, or read, ends the start', async () => {
    await expect(open(1, here('none', 'usage.json'))).rejects.toMatchObject({ code: 'bad-argument' });
    mkdirSync(path);
    await expect(open()).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('says once that it can not be written any more, and when it can', async () => {
    const parent = here('own');
    mkdirSync(parent);
    const { quotas, said } = await open(10, join(parent, 'usage.json'));
    rmSync(parent, { recursive: true });
    quotas.spend(key, 100, 0);
    await expect.poll(() => said, poll).toEqual([expect.stringMatching(/ENOENT \[bad-argument\]$/)]);
    quotas.spend(key, 1, 0);
    mkdirSync(parent);
    await expect.poll(() => said.length, poll).toBe(2);
    expect(said.at(-1)).toBeNull();
    expect(await readUsage(join(parent, 'usage.json'))).toEqual([left(101)]);
  });
});
