// The folder that holds model files, and what is known about the files in it: which bytes a hash was taken of, how much room
// is left, whose unfinished file is whose. It does not know where files come from.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { OutriderError } from '../../core/basics/errors.ts';

/** Called while bytes move; `totalBytes` is missing where it is not known. */
export type ByteProgress = (doneBytes: number, totalBytes: number | undefined) => void;

/** OUTRIDER_CACHE, or `outrider` in XDG_CACHE_HOME or in ~/.cache. */
export function defaultCacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return ownDirectory(environment, 'CACHE', '.cache');
}

/** @param kind of the variables OUTRIDER_KIND and XDG_KIND_HOME @param inHome default of the latter */
export function ownDirectory(environment: NodeJS.ProcessEnv, kind: 'CACHE' | 'STATE', inHome: string): string {
  // An empty variable counts as not set, and by the XDG specification relative paths are ignored.
  const own = environment[`OUTRIDER_${kind}`];
  if (own) return resolve(own);
  const shared = environment[`XDG_${kind}_HOME`];
  return join(shared?.startsWith('/') ? shared : join(homedir(), inHome), 'outrider');
}

/** Where the model files lie inside a cache directory. */
export function modelDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, 'models');
}

/** Where packages lie until the model has been taken out of them. */
export function downloadDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, 'downloads');
}

/** Where the shape laws lie that models were found to keep on this machine. */
export function lawDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, 'laws');
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Turns a system error of writing a file into an error with a remedy. */
export function explainFileError(error: unknown, directory: string): unknown {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(directory, undefined, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    const remedy = 'set OUTRIDER_CACHE to a directory that this user may write to';
    const cause = `can't write to the cache ${directory} (${code})`;
    return new OutriderError('download-failed', cause, remedy, { cause: error });
  }
  return error;
}

function diskFull(directory: string, missingBytes: number | undefined, options?: ErrorOptions): OutriderError {
  const missing = missingBytes === undefined ? '' : `; ${Math.ceil(missingBytes / 1e6)} MB more are needed`;
  const remedy = 'free some space, or set OUTRIDER_CACHE to a directory on another disk';
  return new OutriderError('disk-full', `the disk of ${directory} is full${missing}`, remedy, options);
}

/** Makes `directory` if need be. @throws OutriderError `disk-full` if fewer than `neededBytes` can be written there. */
export async function prepareDirectory(directory: string, neededBytes: number): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw explainFileError(error, directory);
  }
  const { blocks, bavail, bsize } = await statfs(directory);
  // Some network file systems don't say how large they are; there the write itself has to fail.
  if (blocks === 0) return;
  const missingBytes = neededBytes - bavail * bsize;
  if (missingBytes > 0) throw diskFull(directory, missingBytes);
}

/** A file, or the bytes from `start` to `end` of it, in pieces of 1 MiB. An abort of `signal` stops it. */
export function readPieces(
  path: string,
  signal?: AbortSignal,
  range?: { readonly start: number; readonly end: number },
): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1024 * 1024, ...range, ...(signal && { signal }) });
}

/** SHA-256; hex. */
export async function hashPieces(
  pieces: AsyncIterable<Uint8Array>,
  onPiece?: (byteCount: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces) {
    hash.update(piece);
    onPiece?.(piece.length);
  }
  return hash.digest('hex');
}

/** SHA-256 of a file; hex. An abort of `signal` stops it. */
export async function hashFile(path: string, signal?: AbortSignal, onProgress?: ByteProgress): Promise<string> {
  const { size } = await stat(path);
  let doneBytes = 0;
  return hashPieces(readPieces(path, signal), (byteCount) => {
    doneBytes += byteCount;
    onProgress?.(doneBytes, size);
  });
}

/** SHA-256 of a text; hex. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What a hash was taken of. Another size, time or inode means that the file may have changed. */
interface HashRecord {
  readonly path: string;
  readonly byteLength: number;
  readonly modifiedMs: number;
  readonly inode: number;
  readonly sha256: string;
}

function recordPath(cacheDirectory: string, path: string): string {
  const name = hashText(resolve(path)).slice(0, 32);
  return join(cacheDirectory, 'hashes', `${name}.json`);
}

/** Notes the hash of the file at `path` as it is now. A failure to note it is no error: the hash is then taken again. */
export async function rememberHash(cacheDirectory: string, path: string, sha256: string): Promise<void> {
  const { size, mtimeMs, ino } = await stat(path);
  const record: HashRecord = { path: resolve(path), byteLength: size, modifiedMs: mtimeMs, inode: ino, sha256 };
  const file = recordPath(cacheDirectory, path);
  const unfinished = `${file}.${process.pid}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(unfinished, JSON.stringify(record));
    await rename(unfinished, file);
  } catch {
    await rm(unfinished, { force: true }).catch(() => undefined);
  }
}

/** @returns the noted hash of the file at `path`, or undefined if there is none or the file has changed since. */
export async function knownHash(cacheDirectory: string, path: string): Promise<string | undefined> {
  try {
    const text = await readFile(recordPath(cacheDirectory, path), 'utf8');
    const record = JSON.parse(text) as Partial<HashRecord>;
    const { size, mtimeMs, ino } = await stat(path);
    const same = record.byteLength === size && record.modifiedMs === mtimeMs && record.inode === ino;
    return same && record.path === resolve(path) && typeof record.sha256 === 'string' ? record.sha256 : undefined;
  } catch {
    return undefined;
  }
}

export async function forgetHash(cacheDirectory: string, path: string): Promise<void> {
  await rm(recordPath(cacheDirectory, path), { force: true });
}

/** @returns the size of the file at `path`, or undefined if no file is there. */
export async function fileBytes(path: string): Promise<number | undefined> {
  const status = await stat(path).catch(() => undefined);
  return status?.isFile() ? status.size : undefined;
}

/** Whether a process with that id runs on this machine. */
export function isProcessAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Unfinished files of `path`, each with the id of the process that writes it. */
export async function unfinishedFiles(path: string): Promise<{ path: string; processId: number }[]> {
  const directory = resolve(path, '..');
  const prefix = `${path.slice(directory.length + 1)}.part-`;
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => ({ path: join(directory, name), processId: Number(name.slice(prefix.length)) }));
}

/**
 * The unfinished file that this process may write for `path`. The file of a process that has ended is taken over, so
 * that its download continues; the file of a living process is left alone.
 */
export async function claimUnfinishedFile(path: string): Promise<string> {
  const own = `${path}.part-${process.pid}`;
  if ((await fileBytes(own)) !== undefined) return own;
  for (const left of await unfinishedFiles(path)) {
    if (isProcessAlive(left.processId)) continue;
    // Another process may be faster; then there is nothing to take over.
    await rename(left.path, own).catch(() => {});
    if ((await fileBytes(own)) !== undefined) break;
  }
  return own;
}

/**
 * The unfinished file for a process that writes `path` from its beginning. What it and ended processes left of earlier attempts is
 * removed, so that its room counts as free.
 */
export async function beginUnfinishedFile(path: string): Promise<string> {
  for (const left of await unfinishedFiles(path)) {
    if (left.processId === process.pid || !isProcessAlive(left.processId)) await rm(left.path, { force: true });
  }
  return `${path}.part-${process.pid}`;
}
