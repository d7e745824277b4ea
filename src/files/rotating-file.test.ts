import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingFile } from './rotating-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrider-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('RotatingFile', () => {
  it('appends, for its owner only', async () => {
    const path = join(folder, 'edge.log');
    for (const line of ['one\n', 'two\n']) {
      const file = new RotatingFile(path, { mostBytes: 1000, kept: 2 });
      await file.open();
      await file.append(line);
      await file.reopen();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('renames a full file and keeps so many', async () => {
    const path = join(folder, 'edge.log');
    writeFileSync(path, 'before\n');
    chmodSync(path, 0o600);
    const file = new RotatingFile(path, { mostBytes: 10, kept: 2 });
    await file.open();
    for (let line = 0; line < 5; line += 1) await file.append(`line ${line}\n`);
    await file.reopen();
    expect(readdirSync(folder).sort()).toEqual(['edge.log', 'edge.log.1', 'edge.log.2']);
    expect(['', '.1', '.2'].map((end) => readFileSync(`${path}${end}`, 'utf8'))).toEqual([
      'line 4\n',
      'line 3\n',
      'line 2\n',
    ]);
  });

  it('begins again under its name when another program has renamed it', async () => {
    const path = join(folder, 'edge.log');
    const file = new RotatingFile(path, { mostBytes: 1000, kept: 2 });
    await file.append('one\n');
    renameSync(path, join(folder, 'moved'));
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
