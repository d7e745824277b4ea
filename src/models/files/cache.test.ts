// Hashes are believed only for the file they were taken of, room is asked for before it is needed, and unfinished files are
// taken over only from processes that have ended.

import { mkdir, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import {
  claimUnfinishedFile,
  defaultCacheDirectory,
  explainFileError,
  forgetHash,
  hashFile,
  knownHash,
  prepareDirectory,
  rememberHash,
} from './cache.ts';
import { forgetLaws } from './cache-inventory.ts';

const here = folderOfEach();
let file = '';

beforeEach(async () => {
  file = here('model.gguf');
  await writeFile(file, 'abc');
});

const abcHash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
/** Larger than any process id that the kernel gives out. */
const endedProcess = 2 ** 30;

describe('where the cache is', () => {
  it('follows OUTRIDER_CACHE, then XDG_CACHE_HOME, then the home directory', () => {
    expect(defaultCacheDirectory({ OUTRIDER_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(defaultCacheDirectory({ OUTRIDER_CACHE: '', XDG_CACHE_HOME: '/b' })).toBe('/b/outrider');
    expect(defaultCacheDirectory({ XDG_CACHE_HOME: 'relative' })).toMatch(/\.cache.outrider$/);
    expect(defaultCacheDirectory({})).toMatch(/\.cache.outrider$/);
  });
});

async function replaceFile(): Promise<void> {
  const other = here('other.gguf');
  await writeFile(other, 'xyz');
  await rename(other, file);
}

describe('noted hashes', () => {
  it('hold for the file as it was', async () => {
    expect(await knownHash(here(), file)).toBeUndefined();
    expect(await hashFile(file)).toBe(abcHash);
    await rememberHash(here(), file, abcHash);
    expect(await knownHash(here(), file)).toBe(abcHash);
    await forgetHash(here(), file);
    expect(await knownHash(here(), file)).toBeUndefined();
  });

  it.each([
    ['another time', () => utimes(file, 1, 1)],
    ['no file', () => rm(file)],
    ['a note that is no JSON', () => breakNotes('{')],
    ['a note without a hash', () => breakNotes('{}')],
  ])('do not hold for %s', async (_, change) => {
    await rememberHash(here(), file, abcHash);
    await change();
    expect(await knownHash(here(), file)).toBeUndefined();
  });

  it.each([
    ['another length', () => writeFile(file, 'abcd')],
    ['another file in its place', replaceFile],
  ])('do not hold for %s, at the same time', async (_, change) => {
    await utimes(file, 1, 1);
    await rememberHash(here(), file, abcHash);
    expect(await knownHash(here(), file)).toBe(abcHash);
    await change();
    await utimes(file, 1, 1);
    expect(await knownHash(here(), file)).toBeUndefined();
  });

  it('do not hold for another file of the same size and time', async () => {
    await rememberHash(here(), file, abcHash);
    const other = here('other.gguf');
    await writeFile(other, 'xyz');
    expect(await knownHash(here(), other)).toBeUndefined();
  });

  it('are not an error where they cannot be kept', async () => {
    await rememberHash(file, file, abcHash);
    expect(await knownHash(file, file)).toBeUndefined();
  });

  it('stop at an abort', async () => {
    await expect(hashFile(file, AbortSignal.abort())).rejects.toThrow();
  });
});

async function breakNotes(content: string): Promise<void> {
  const notes = here('hashes');
  for (const name of await readdir(notes)) await writeFile(join(notes, name), content);
}

describe('room on the disk', () => {
  it('is asked for before anything is written', async () => {
    const wanted = here('new', 'folder');
    await prepareDirectory(wanted, 1);
    await expect(prepareDirectory(wanted, Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('MB more are needed'),
      remedy: expect.stringContaining('OUTRIDER_CACHE'),
    });
  });

  it('that runs out while writing is the same error', () => {
    for (const code of ['ENOSPC', 'EDQUOT']) {
      const error = Object.assign(new Error('write'), { code });
      expect(explainFileError(error, here())).toMatchObject({ code: 'disk-full', cause: error });
    }
  });

  it('is not the matter where the folder cannot be written or something else is wrong', async () => {
    const refused = { code: 'download-failed', remedy: expect.stringContaining('OUTRIDER_CACHE') };
    await expect(prepareDirectory(join(file, 'below'), 1)).rejects.toMatchObject(refused);
    for (const code of ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']) {
      const error = Object.assign(new Error('write'), { code });
      const message = `can't write to the cache ${here()} (${code})`;
      expect(explainFileError(error, here())).toMatchObject({ code: 'download-failed', message, cause: error });
    }
    const explained = explainFileError(Object.assign(new Error('write'), { code: 'ENOSPC' }), here());
    for (const other of [new Error('other'), Object.assign(new Error('other'), { code: 'EIO' }), explained])
      expect(explainFileError(other, here())).toBe(other);
  });
});

it('forgets laws that another process forgets at the same time', async () => {
  const laws = here('laws');
  await mkdir(laws);
  for (let law = 0; law < 20; law += 1) await writeFile(join(laws, `${law}.json`), JSON.stringify({ recipe: 'aa' }));
  await writeFile(join(laws, 'other.json'), JSON.stringify({ recipe: 'bb' }));
  const all: Promise<number>[] = [];
  for (let caller = 0; caller < 12; caller += 1) {
    all.push(forgetLaws('aa', { cacheDirectory: here() }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  expect(await readdir(laws)).toEqual(['other.json']);
});

describe('unfinished files', () => {
  it('of an ended process are taken over, with what they hold', async () => {
    await writeFile(`${file}.part-${endedProcess}`, 'beginning');
    const own = await claimUnfinishedFile(file);
    expect(own).toBe(`${file}.part-${process.pid}`);
    expect(await readdir(here())).toEqual(['model.gguf', `model.gguf.part-${process.pid}`]);
  });

  it('of a living process are left alone', async () => {
    await writeFile(`${file}.part-${process.ppid}`, 'beginning');
    await mkdir(`${file}.part-folder`);
    await claimUnfinishedFile(file);
    const left = ['model.gguf', `model.gguf.part-${process.ppid}`, 'model.gguf.part-folder'];
    expect((await readdir(here())).sort()).toEqual(left.sort());
  });
});
