// Reads the basic values of a GGUF header from a prefix of the file. It has both lengths: beyond the file's end the file is
// broken, beyond the prefix's end the caller has to read more. Every count and length is compared with them before use.

import { isOutriderError, OutriderError } from '../../core/basics/errors.ts';

/** Thrown when the header continues behind the bytes that were read; the file itself is long enough. */
export class NeedMoreBytes extends Error {}

/** @returns the error for a file that is not a readable GGUF; `problem` completes "the model file ...". */
export function unreadable(
  problem: string,
  remedy = 'get the file again (`outrider models pull NAME`), or convert the model to GGUF version 3',
): OutriderError {
  return new OutriderError('model-unreadable', `the model file ${problem}`, remedy);
}

/** The same error with the path in it, for callers with several model files. */
export function naming(path: string, error: unknown): unknown {
  if (!isOutriderError(error) || error.code !== 'model-unreadable') return error;
  const cause = error.message.replace('the model file', `the model file ${path}`);
  return new OutriderError(error.code, cause, error.remedy, { cause: error });
}

/** Reads a part of the file at `path`, which its errors then name. */
export function readNaming<Part>(path: string, read: () => Part): Part {
  try {
    return read();
  } catch (error) {
    throw naming(path, error);
  }
}

type NumberType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';

export interface GgufCursor extends Readonly<Record<NumberType, () => number>> {
  /** Bytes from the start of the file. */
  position(): number;
  uint64(): bigint;
  int64(): bigint;
  /** An unsigned 64-bit count; above `limit` the file is refused. */
  count(limit: number, what: string): number;
  /** Length-prefixed UTF-8 of at most `limitBytes` bytes. */
  string(limitBytes: number): string;
  /** A copy of the next bytes. */
  bytes(byteCount: number): Uint8Array;
  /** Refuses the file if it ends within the next `byteCount` bytes, without requesting them. */
  expect(byteCount: number): void;
}

/** @param prefix the first bytes of a file that is `fileBytes` long. */
export function createGgufCursor(prefix: Uint8Array, fileBytes: number): GgufCursor {
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  // A byte-order mark is an ordinary character of a vocabulary.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let position = 0;

  function expect(byteCount: number): void {
    if (byteCount > fileBytes - position) throw unreadable('ends in the middle of its header');
  }
  function take(byteCount: number): number {
    expect(byteCount);
    if (byteCount > prefix.byteLength - position) throw new NeedMoreBytes();
    const start = position;
    position += byteCount;
    return start;
  }
  function count(limit: number, what: string): number {
    const value = view.getBigUint64(take(8), true);
    if (value > BigInt(limit)) throw unreadable(`claims ${value} ${what}; at most ${limit} are accepted`);
    return Number(value);
  }
  function string(limitBytes: number): string {
    const length = count(limitBytes, 'bytes of text');
    if (length === 0) return '';
    const start = take(length);
    try {
      return decoder.decode(prefix.subarray(start, start + length));
    } catch {
      throw unreadable('holds text that is not UTF-8');
    }
  }

  return {
    position: () => position,
    uint8: () => view.getUint8(take(1)),
    int8: () => view.getInt8(take(1)),
    uint16: () => view.getUint16(take(2), true),
    int16: () => view.getInt16(take(2), true),
    uint32: () => view.getUint32(take(4), true),
    int32: () => view.getInt32(take(4), true),
    float32: () => view.getFloat32(take(4), true),
    float64: () => view.getFloat64(take(8), true),
    uint64: () => view.getBigUint64(take(8), true),
    int64: () => view.getBigInt64(take(8), true),
    count,
    string,
    bytes(byteCount) {
      const start = take(byteCount);
      return prefix.slice(start, start + byteCount);
    },
    expect,
  };
}
