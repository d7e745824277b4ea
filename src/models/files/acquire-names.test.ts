// A name means the model of the manifest, whatever files lie about; and what earlier attempts left takes no room.

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderOfEach } from '../gguf/folder.fixture.ts';
import { encodeModel, tinyMetadata, tinyTensors } from '../gguf/gguf.fixture.ts';
import { shortenModel } from '../gguf/shorten.ts';
import { type AcquireProgress, acquireModel } from './acquire.ts';
import { modelEntries } from './manifest-data.ts';
import type { ModelEntry } from './manifest-entry.ts';

/** Bytes that the disk of the cache has for models; undefined: as this machine says. */
let diskBytes: number | undefined;

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const statfs = async (directory: string) => {
    if (diskBytes === undefined) return real.statfs(directory);
    const sizes = (await real.readdir(directory)).map(async (name) => (await real.stat(join(directory, name))).size);
    const usedBytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    return { blocks: diskBytes, bavail: diskBytes - usedBytes, bsize: 1 };
  };
  return { ...real, statfs };
});
vi.mock('./manifest-data.ts', () => ({ modelEntries: [], modelPairs: [] }));

const file = encodeModel(tinyMetadata(4), tinyTensors(4));
const sha256 = createHash('sha256').update(file).digest('hex');
/** A name that no other test uses: a file of it lies in the working directory for a moment. */
const own = 'tiny-in-the-way';
const about = { title: 'Tiny', licence: 'Apache-2.0' };

const here = folderOfEach();
let cacheDirectory = '';

/** The model is in the cache, `tiny-short` can be made from it. */
beforeEach(async () => {
  cacheDirectory = here('cache');
  await mkdir(join(cacheDirectory, 'models'), { recursive: true });
  await writeFile(join(cacheDirectory, 'models', 'tiny.gguf'), file);
  const short = await shortenModel(join(cacheDirectory, 'models', 'tiny.gguf'), here('short.gguf'), [1, 2]);
  const derived = { name: 'tiny-short', base: own, droppedLayers: [1, 2], fileName: 'tiny-short.gguf' };
  const tiny = { name: own, fileName: 'tiny.gguf', byteLength: file.length, sha256, sources: [] };
  const entries: ModelEntry[] = [
    { kind: 'downloaded', ...about, ...tiny },
    { kind: 'derived', ...about, ...derived, ...short },
  ];
  (modelEntries as ModelEntry[]).splice(0, modelEntries.length, ...entries);
});

afterEach(async () => {
  diskBytes = undefined;
});

describe('a file in the working directory', () => {
  const here = own;
  afterEach(() => rm(here, { force: true }));

  it('never stands in for the model of its name, and is said to be passed over', async () => {
    await writeFile(here, encodeModel(tinyMetadata(1), tinyTensors(1)));
    const told: AcquireProgress[] = [];
    const acquired = await acquireModel(own, { cacheDirectory, onProgress: (progress) => told.push(progress) });
    expect(acquired).toMatchObject({ path: join(cacheDirectory, 'models', 'tiny.gguf'), sha256 });
    expect(told[0]).toMatchObject({ model: own, stage: 'passing-over', from: `./${own}` });
    expect((await acquireModel(`./${own}`, { cacheDirectory })).entry).toBeUndefined();
  });

  it('is no model by a name that nobody has', async () => {
    await expect(acquireModel('package.json', { cacheDirectory })).rejects.toMatchObject({
      code: 'model-unknown',
      remedy: 'to take the file of that name here, give its path: ./package.json',
    });
  });
});

describe('making a model from another', () => {
  it('counts the room of what earlier attempts left as free', async () => {
    const short = modelEntries[1] as ModelEntry;
    diskBytes = file.length + short.byteLength;
    for (const left of [process.pid, 2 ** 30, 2 ** 30 + 1]) {
      await writeFile(join(cacheDirectory, 'models', `tiny-short.gguf.part-${left}`), Buffer.alloc(100));
    }
    const { path } = await acquireModel('tiny-short', { cacheDirectory });
    expect(await readdir(join(cacheDirectory, 'models'))).toEqual(['tiny-short.gguf', 'tiny.gguf']);
    await rm(path);
    diskBytes -= 1;
    await expect(acquireModel('tiny-short', { cacheDirectory })).rejects.toMatchObject({ code: 'disk-full' });
  });
});
