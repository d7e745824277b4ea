// A folder for what a test writes. It is empty at first, and gone at the end.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

/** Gives the path of a file in the folder; without a name, that of the folder itself. */
export type FolderOfTests = (...names: readonly string[]) => string;

function folderBetween(before: typeof beforeAll | typeof beforeEach, after: typeof afterAll | typeof afterEach) {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-test-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  return (...names: readonly string[]): string => join(folder, ...names);
}

/** One for all tests of a file or of the `describe` around it. */
export const folderOfAll = (): FolderOfTests => folderBetween(beforeAll, afterAll);

/** One for each test. Hooks that are registered later find it. */
export const folderOfEach = (): FolderOfTests => folderBetween(beforeEach, afterEach);
