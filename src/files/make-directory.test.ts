import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeDirectory } from './make-directory.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-make-directory-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('a directory for results', () => {
  it('is made with those above it, and may be there', () => {
    const path = join(root, 'a', 'b');
    makeDirectory(path);
    makeDirectory(path);
    expect(existsSync(path)).toBe(true);
  });

  it('is refused where a file is, or below one', () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(() => makeDirectory(file)).toThrow(/it is a file/);
    expect(() => makeDirectory(join(file, 'c'))).toThrow(/ENOTDIR/);
  });

  it.runIf(process.platform === 'linux')('is refused where the system makes none', () => {
    expect(() => makeDirectory('/proc/x/y')).toThrow(/can't be made: ENOENT/);
  });
});
