// The exactness trial on copies of one model in several weight formats: each is made, tried and deleted.

import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defined } from '../../../src/core/basics/defined.ts';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import type { Result } from '../../../src/files/document.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { defaultCacheDirectory, downloadDirectory, prepareDirectory } from '../../../src/models/files/cache.ts';
import { inOwnFolder, removeAbandoned } from '../../../src/models/files/pip.ts';
import type { GgufHeader } from '../../../src/models/gguf/gguf.ts';
import { readGguf } from '../../../src/models/gguf/gguf-file.ts';
import { recodeModel } from '../../../src/models/gguf/recode.ts';
import { type WeightFormatName, weightFormats } from '../../../src/models/gguf/weight-formats.ts';
import { paramsOf, trialExactness } from './exactness.ts';
import type { ExactnessOptions } from './trial-models.ts';

/** A format for which no shape law holds counts as refused and not as wrong: nothing was promised. */
export async function trialFormats(formats: readonly WeightFormatName[], options: ExactnessOptions): Promise<Result> {
  const { path: source } = await acquireModel(options.target);
  const header = await readGguf(source);
  const results = await inTemporaryFolder(async (folder) => {
    const results: { format: string; result: Result | null }[] = [];
    for (const format of formats) {
      const path = join(folder, `${format}.gguf`);
      const onProgress = (label: string, done: number, total: number): void =>
        options.onProgress?.(`${format}, ${label}`, done, total);
      await prepareDirectory(dirname(folder), mostBytes(header, format));
      await recodeModel(source, path, format, {
        onProgress: (done, total) => onProgress('written', done, total ?? done),
      });
      results.push({ format, result: await tryOne({ ...options, target: path, onProgress }) });
      await rm(path);
    }
    return results;
  });
  return merge(results, options);
}

/** Works in a folder of the cache that is removed at the end, and at an interruption. */
export async function inTemporaryFolder<Outcome>(work: (folder: string) => Promise<Outcome>): Promise<Outcome> {
  const directory = downloadDirectory(defaultCacheDirectory());
  await prepareDirectory(directory, 0);
  await removeAbandoned(directory);
  return inOwnFolder(directory, (folder) => removedAtInterrupt(folder, () => work(folder)));
}

/** What a copy takes at most: a matrix that does not fit the format gets a smaller one, or stays as it is. */
export function mostBytes({ dataStart, alignment, tensors }: GgufHeader, format: WeightFormatName): number {
  const { fallback = format } = weightFormats[format];
  const perValue = [format, fallback].map((name) => weightFormats[name].byteCount / weightFormats[name].valueCount);
  const bytesPerValue = Math.max(...perValue);
  return tensors.reduce((sum, { shape, byteLength }) => {
    const values = shape.reduce((product, length) => product * length, 1);
    return sum + Math.max(byteLength, Math.ceil(values * bytesPerValue)) + alignment;
  }, dataStart);
}

/** A trial keeps nothing, so an interruption removes the copies and then ends the process, as it would without this listener. */
export async function removedAtInterrupt<Outcome>(folder: string, work: () => Promise<Outcome>): Promise<Outcome> {
  const stop = (signal: NodeJS.Signals): void => {
    rmSync(folder, { recursive: true, force: true });
    process.off('SIGINT', stop).off('SIGTERM', stop);
    process.kill(process.pid, signal);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await work();
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function tryOne(options: ExactnessOptions): Promise<Result | null> {
  try {
    return await trialExactness(options);
  } catch (error) {
    if (isOutriderError(error) && error.code === 'exact-refused') return null;
    throw error;
  }
}

/** Counts are added up; of the longest accepted run the largest is taken. */
function merge(results: readonly { format: string; result: Result | null }[], options: ExactnessOptions): Result {
  const refused = results.filter(({ result }) => result === null).length;
  const summary: Record<string, number> = { formats: results.length, refused };
  for (const [name, value] of results.flatMap(({ result }) => Object.entries(result?.summary ?? {}))) {
    if (typeof value !== 'number') continue;
    const known = summary[name] ?? 0;
    summary[name] = name === 'longestAccepted' ? Math.max(known, value) : known + value;
  }
  const lawOf = (result: Result | null): unknown =>
    result === null
      ? 'exact is refused'
      : (result.params as { readonly description?: string } | undefined)?.description;
  const laws = Object.fromEntries(results.map(({ format, result }) => [format, lawOf(result)]));
  const rows = results.flatMap(({ format, result }) => (result?.rows ?? []).map((row) => ({ format, ...row })));
  const { seed } = results[0]?.result ?? {};
  return { rows, summary, params: { ...paramsOf(options), laws }, ...defined({ seed }) };
}
