import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkWritable } from './check-writable.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-'));
afterAll(() => rmSync(root, { recursive: true }));
writeFileSync(join(root, 'old.csv'), 'a');

it.each(['new.csv', 'old.csv'])('takes %s', (name) => {
  checkWritable(join(root, name));
});

it.each([
  ['a folder that is not there', 'missing/new.csv', /ENOENT/],
  ['a file in the place of the folder', 'old.csv/new.csv', /can't be written/],
  ['a folder', '', /it is no file/],
])('refuses %s, with what to do', (_, name, cause) => {
  expect(() => checkWritable(join(root, name))).toThrow(
    expect.objectContaining({
      code: 'bad-argument',
      message: expect.stringMatching(cause),
      remedy: expect.stringContaining('folder'),
    }),
  );
});
