import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderOfEach } from '../models/gguf/folder.fixture.ts';
import { RotatingFile } from './rotating-file.ts';

const here = folderOfEach();

describe('RotatingFile', () => {
  let path = '';
  beforeEach(() => {
    path = here('edge.log');
  });

  it.each([
    ['is new', ''],
    ['others could read before', 'zero\n'],
  ])('appends for its owner only, where the file %s', async (_, before) => {
    if (before !== '') writeFileSync(path, before);
    if (before !== '') chmodSync(path, 0o644);
    for (const line of ['one\n', 'two\n']) {
      const file = new RotatingFile(path, { mostBytes: 1000, kept: 2 });
      await file.open();
      await file.append(line);
      await file.reopen();
    }
    expect(readFileSync(path, 'utf8')).toBe(`${before}one\ntwo\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('renames a full file and keeps so many', async () => {
    writeFileSync(path, 'before\n', { mode: 0o600 });
    const file = new RotatingFile(path, { mostBytes: 10, kept: 2 });
    await file.open();
    for (let line = 0; line < 5; line += 1) await file.append(`line ${line}\n`);
    await file.reopen();
    expect(readdirSync(here()).sort()).toEqual(['edge.log', 'edge.log.1', 'edge.log.2']);
    const texts = ['', '.1', '.2'].map((end) => readFileSync(`${path}${end}`, 'utf8'));
    expect(texts).toEqual(['line 4\n', 'line 3\n', 'line 2\n']);
  });

  it('begins again under its name when another program has renamed it', async () => {
    const file = new RotatingFile(path, { mostBytes: 1000, kept: 2 });
    await file.append('one\n');
    renameSync(path, here('moved'));
    await file.reopen();
    await file.append('two\n');
    await file.reopen();
    expect(readFileSync(path, 'utf8')).toBe('two\n');
  });

  it.runIf(existsSync('/dev/full'))('fails where the disk is full', async () => {
    const file = new RotatingFile('/dev/full', { mostBytes: 1000, kept: 1 });
    await expect(file.append('one\n')).rejects.toMatchObject({ code: 'ENOSPC' });
    await file.reopen();
  });
});
