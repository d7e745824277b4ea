// Reads the header of a GGUF file by its path.

import { open } from 'node:fs/promises';
import { OutriderError } from '../../core/basics/errors.ts';
import { naming } from './cursor.ts';
import { type GgufHeader, readGgufHeader } from './gguf.ts';

function cannotOpen(path: string, error: unknown): OutriderError {
  const reason = error instanceof Error ? error.message : String(error);
  return new OutriderError(
    'model-unreadable',
    `can't read ${path}: ${reason}`,
    'check that the path is a file that this user may read',
    { cause: error },
  );
}

/**
 * Reads the header of the file at `path`, no tensors.
 * @throws OutriderError `model-unreadable` if the file is missing, cut off, or not GGUF version 3.
 */
export async function readGguf(path: string): Promise<GgufHeader> {
  await using file = await open(path, 'r').catch((error: unknown) => Promise.reject(cannotOpen(path, error)));
  const status = await file.stat();
  if (!status.isFile()) throw cannotOpen(path, new Error('not a file'));
  const read = async (from: number, to: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(to - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    return bytes.subarray(0, bytesRead);
  };
  try {
    return await readGgufHeader({ byteLength: status.size, read });
  } catch (error) {
    throw naming(path, error);
  }
}
