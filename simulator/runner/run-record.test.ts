import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileRecord } from './run-record.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-record-'));
  path = join(folder, 'record.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const asked = { modes: ['ar'], tokens: 64, seed: undefined };
const open = (settings: object = asked): Promise<FileRecord> => FileRecord.open(path, 'bench x', settings);

describe('the record of an experiment', () => {
  it('holds what was added to it when it is opened again', async () => {
    const record = await open();
    await record.add('reference p', [1, 2]);
    await record.add('figures', { stepMs: [60, 62], nativeMs: null });
    await record.add('nothing', null);
    const again = await open();
    expect(again.get('reference p')).toEqual([1, 2]);
    expect([again.has('reference q'), again.has('nothing'), again.size]).toEqual([false, true, 3]);
    expect(again.get('figures')).toEqual({ stepMs: [60, 62], nativeMs: null });
  });

  it('gives what it will read back: null in the place of NaN', async () => {
    expect(await (await open()).add('run 0', { ms: Number.NaN })).toEqual({ ms: null });
    expect((await open()).get('run 0')).toEqual({ ms: null });
  });

  it('drops a last line that was cut short, and takes more after it', async () => {
    const record = await open();
    await record.add('run 0', {});
    await appendFile(path, '{"key":"run 1","fou');
    const again = await open();
    expect(again.size).toBe(1);
    await again.add('run 1', {});
    expect((await open()).size).toBe(2);
  });

  it('is refused where other settings are asked for, which it names, and left as it is', async () => {
    await open();
    const before = await readFile(path, 'utf8');
    await expect(open({ ...asked, tokens: 32 })).rejects.toThrow(/other settings \(tokens\)/);
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it('of another version or machine is not to be repeated', async () => {
    const of = (version: string): Promise<FileRecord> => open({ ...asked, version });
    await of('1');
    const remedy = 'give another file, directory or record';
    await expect(of('2')).rejects.toMatchObject({ message: expect.stringContaining('(version)'), remedy });
  });

  it('is not made of any other file', async () => {
    await writeFile(path, 'a letter\n');
    await expect(open()).rejects.toThrow(/no record/);
    await writeFile(path, '{"format":"another"}\n');
    await expect(open()).rejects.toThrow(/no record/);
    await writeFile(path, 'null\n');
    await expect(open()).rejects.toThrow(/no record/);
    await rm(path);
    await open();
    await expect(FileRecord.open(path, 'bench y', asked)).rejects.toThrow(/no record of "bench y"/);
    const missing = FileRecord.open(join(folder, 'missing', 'record'), 'bench x', asked);
    await expect(missing).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('needs no file', async () => {
    const record = await FileRecord.open(null, 'bench x', asked);
    await record.add('run 0', 1);
    expect(record.get('run 0')).toBe(1);
  });
});
