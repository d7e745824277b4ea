// What is in the cache, for people: list, verify again, remove, forget laws. It fetches nothing.

import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OutriderError } from '../../core/basics/errors.ts';
import { type AcquireOptions, modelPath } from './acquire.ts';
import {
  defaultCacheDirectory,
  downloadDirectory,
  fileBytes,
  forgetHash,
  hashFile,
  knownHash,
  lawDirectory,
  rememberHash,
  unfinishedFiles,
} from './cache.ts';
import { cloneRemedy, describeOrigin, findModel, requireModel } from './manifest.ts';
import { modelEntries, modelPairs } from './manifest-data.ts';
import type { ModelEntry, ModelPair } from './manifest-entry.ts';
import { removeAbandoned } from './pip.ts';
import { shippedPath } from './shipped-path.ts';

export interface ListedModel extends Pick<ModelEntry, 'name' | 'title' | 'byteLength' | 'licence'> {
  /** `verified`: there, and its hash is known to be right; `unverified`: there, not hashed since it last changed. */
  readonly state: 'absent' | 'unverified' | 'verified';
  /** Where the file is or would be. */
  readonly path: string;
  /** Where it can be had, in words. */
  readonly from: string;
}

export interface ModelList {
  readonly models: readonly ListedModel[];
  readonly pairs: readonly ModelPair[];
  readonly cacheDirectory: string;
}

type CacheOptions = Pick<AcquireOptions, 'cacheDirectory'>;

/** Everything in the manifest, with what the cache holds of it. Takes no hashes. */
export async function listModels({ cacheDirectory = defaultCacheDirectory() }: CacheOptions = {}): Promise<ModelList> {
  const models = modelEntries.map(async (entry): Promise<ListedModel> => {
    const { name, title, byteLength, licence } = entry;
    const path = modelPath(cacheDirectory, entry);
    const isVerified = (await knownHash(cacheDirectory, path)) === entry.sha256;
    const present = isVerified ? 'verified' : 'unverified';
    const state = (await fileBytes(path)) === undefined ? 'absent' : present;
    return { name, title, byteLength, licence, state, path, from: describeOrigin(entry) };
  });
  return { models: await Promise.all(models), pairs: modelPairs, cacheDirectory };
}

/** False for a model of the repository where this is the published package, which has none of them. */
export function canBeHad(name: string): boolean {
  const entry = findModel(name);
  return entry?.kind !== 'committed' || existsSync(shippedPath(entry.repositoryPath));
}

/**
 * Takes the hash of a model's file again, whatever is noted about it. A file in the cache that is not the right one is deleted.
 * @throws OutriderError `model-unknown`, `model-not-found` if it is not in the cache, `model-hash-mismatch`.
 */
export async function verifyModel(
  name: string,
  { signal, onProgress, cacheDirectory = defaultCacheDirectory() }: AcquireOptions = {},
): Promise<{ readonly path: string; readonly byteLength: number; readonly sha256: string }> {
  const entry = requireModel(name);
  const path = modelPath(cacheDirectory, entry);
  const isCommitted = entry.kind === 'committed';
  const remedy = entry.kind === 'committed' ? cloneRemedy(entry) : `get it with \`outrider models pull ${name}\``;
  const byteLength = await fileBytes(path);
  if (byteLength === undefined) throw new OutriderError('model-not-found', `there is no file ${path}`, remedy);
  const sha256 = await hashFile(path, signal, (doneBytes, totalBytes) =>
    onProgress?.({ model: name, stage: 'verifying', doneBytes, totalBytes }),
  );
  if (sha256 === entry.sha256) {
    await rememberHash(cacheDirectory, path, sha256);
    return { path, byteLength, sha256 };
  }
  if (!isCommitted) await rm(path, { force: true });
  await forgetHash(cacheDirectory, path);
  const fate = isCommitted ? '' : '; it has been deleted';
  const cause = `the file of ${name} has ${byteLength} bytes and SHA-256 ${sha256}, not the manifest's${fate}`;
  throw new OutriderError('model-hash-mismatch', cause, remedy);
}

/**
 * Removes a model from the cache, with what is left of downloads of it; what comes with the repository stays.
 * @returns the bytes that became free; 0 if there was nothing. @throws OutriderError `model-unknown`.
 */
export async function removeModel(
  name: string,
  { cacheDirectory = defaultCacheDirectory() }: CacheOptions = {},
): Promise<{ readonly path: string; readonly freedBytes: number }> {
  const entry = requireModel(name);
  const path = modelPath(cacheDirectory, entry);
  if (entry.kind === 'committed') return { path, freedBytes: 0 };
  let freedBytes = 0;
  for (const file of [path, ...(await unfinishedFiles(path)).map((unfinished) => unfinished.path)]) {
    freedBytes += (await fileBytes(file)) ?? 0;
    await rm(file, { force: true });
  }
  await forgetHash(cacheDirectory, path);
  const sources = entry.kind === 'downloaded' ? entry.sources : [];
  for (const source of sources) {
    if (source.kind !== 'hub') freedBytes += await removeAbandoned(downloadDirectory(cacheDirectory));
  }
  return { path, freedBytes };
}

/** Forgets the shape laws that were found for the model with this hash. @returns how many there were */
export async function forgetLaws(
  sha256: string,
  { cacheDirectory = defaultCacheDirectory() }: CacheOptions = {},
): Promise<number> {
  const directory = lawDirectory(cacheDirectory);
  const names = await readdir(directory).catch(() => []);
  let count = 0;
  for (const path of names.filter((name) => name.endsWith('.json')).map((name) => join(directory, name))) {
    if (!(await recipeIn(path)).includes(sha256)) continue;
    await rm(path, { force: true });
    count += 1;
  }
  return count;
}

/** What a law was found for, as it is written in its file; empty where there is no law in it. */
async function recipeIn(path: string): Promise<string> {
  try {
    const { recipe } = JSON.parse(await readFile(path, 'utf8')) as { recipe?: unknown };
    return String(recipe ?? '');
  } catch {
    return '';
  }
}
