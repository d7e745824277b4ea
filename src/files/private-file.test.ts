import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, it } from 'vitest';
import { folderOfEach } from '../models/gguf/folder.fixture.ts';
import { replaceFile } from './private-file.ts';

const here = folderOfEach();
let file = '';
beforeEach(() => {
  file = here('file');
});

const accessOf = (): readonly number[] => [statSync(file).mode & 0o777, statSync(file).uid, statSync(file).gid];

it('a file that is replaced keeps its mode, and none that lets others write', async () => {
  await replaceFile(file, 'new');
  expect(accessOf()[0]).toBe(0o600);
  for (const [mode, kept] of [
    [0o640, 0o640],
    [0o666, 0o644],
  ] as const) {
    chmodSync(file, mode);
    await replaceFile(file, 'newer');
    expect([readFileSync(file, 'utf8'), accessOf()[0]]).toEqual(['newer', kept]);
  }
});

it.runIf(process.getuid?.() === 0)('a file that root replaces keeps its owner', async () => {
  writeFileSync(file, 'old', { mode: 0o600 });
  chownSync(file, 12_345, 12_346);
  await replaceFile(file, 'new');
  expect([readFileSync(file, 'utf8'), accessOf()]).toEqual(['new', [0o600, 12_345, 12_346]]);
});

it('a file that two replace at the same time is one of the two texts, and both succeed', async () => {
  const texts = Array.from({ length: 8 }, (_, index) => `${index}`);
  await Promise.all(texts.map((text) => replaceFile(file, text)));
  expect([texts.includes(readFileSync(file, 'utf8')), readdirSync(here())]).toEqual([true, ['file']]);
});
