import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WallRecord } from './wall-record.ts';
import type { WallRun } from './wall-run.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-record-'));
  path = join(folder, 'record.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const asked = { modes: ['ar'], tokens: 64, seed: undefined };
const run: WallRun = {
  mode: 'ar',
  roundTripMs: 0,
  repeat: 0,
  gamma: 0,
  texts: [],
  pacedSteps: 10,
  overranSteps: 0,
};

describe('the record of a wall bench', () => {
  it('holds what was added to it when it is opened again', async () => {
    const record = await WallRecord.open(path, asked);
    await record.add({ kind: 'reference', prompt: 'p', tokens: [1, 2] });
    await record.add({ kind: 'figures', stepMs: [60, 62], nativeMs: null, draftMs: 9, acceptance: 0.8 });
    await record.add({ kind: 'window', cell: 'sd at 10', gamma: 3 });
    await record.add({ kind: 'run', ...run });
    const again = await WallRecord.open(path, asked);
    expect(again.reference('p')).toEqual([1, 2]);
    expect(again.reference('q')).toBeUndefined();
    expect(again.figures).toMatchObject({ stepMs: [60, 62], nativeMs: null, draftMs: 9, acceptance: 0.8 });
    expect(again.window('sd at 10')).toBe(3);
    expect(again.runs).toMatchObject([run]);
  });

  it('drops a last line that was cut short, and goes on after it', async () => {
    const record = await WallRecord.open(path, asked);
    await record.add({ kind: 'run', ...run });
    await appendFile(path, '{"kind":"run","mode":"a');
    const again = await WallRecord.open(path, asked);
    expect(again.runs).toHaveLength(1);
    await again.add({ kind: 'run', ...run, repeat: 1 });
    expect((await WallRecord.open(path, asked)).runs.map(({ repeat }) => repeat)).toEqual([0, 1]);
  });

  it('is refused where other settings are asked for, which it names, and left as it is', async () => {
    await WallRecord.open(path, asked);
    const before = await readFile(path, 'utf8');
    await expect(WallRecord.open(path, { ...asked, tokens: 32 })).rejects.toThrow(/other settings \(tokens\)/);
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it('is not made of any other file', async () => {
    await writeFile(path, 'a letter\n');
    await expect(WallRecord.open(path, asked)).rejects.toThrow(/no record/);
    await writeFile(path, '{"format":"another"}\n');
    await expect(WallRecord.open(path, asked)).rejects.toThrow(/no record/);
    await expect(WallRecord.open(join(folder, 'missing', 'record'), asked)).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });

  it('needs no file', async () => {
    const record = await WallRecord.open(null, asked);
    await record.add({ kind: 'run', ...run });
    expect(record.runs).toHaveLength(1);
  });
});
