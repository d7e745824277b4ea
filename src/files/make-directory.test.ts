import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOfAll } from '../models/gguf/folder.fixture.ts';
import { makeDirectory } from './make-directory.ts';

const here = folderOfAll();

describe('a directory for results', () => {
  it('is made with those above it, and may be there', () => {
    const path = here('a', 'b');
    makeDirectory(path);
    makeDirectory(path);
    expect(existsSync(path)).toBe(true);
  });

  it('is refused where a file is, or below one', () => {
    const file = here('file');
    writeFileSync(file, '');
    expect(() => makeDirectory(file)).toThrow(/it is a file/);
    expect(() => makeDirectory(join(file, 'c'))).toThrow(/ENOTDIR/);
  });

  it.runIf(process.platform === 'linux')('is refused where the system makes none', () => {
    expect(() => makeDirectory('/proc/x/y')).toThrow(/can't be made: ENOENT/);
  });
});
