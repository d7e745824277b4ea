// Writes small ZIP archives for tests: another file comes first, so that offsets count, and every field can be corrupted.

import { crc32, deflateRawSync } from 'node:zlib';

export interface WheelOptions {
  readonly deflated?: boolean;
  /** Changes the archive's bytes; `directoryStart` is where the list of files begins. */
  readonly spoil?: (archive: Buffer, directoryStart: number) => void;
  /** Behind the end of the archive. */
  readonly comment?: string;
}

function fields(...values: readonly (readonly [byteCount: 2 | 4, value: number])[]): Buffer {
  const bytes = Buffer.alloc(values.reduce((sum, [byteCount]) => sum + byteCount, 0));
  let at = 0;
  for (const [byteCount, value] of values) at = bytes.writeUIntLE(value, at, byteCount);
  return bytes;
}

/** An archive that holds a text file and then `content` under the name `member`. */
export function encodeWheel(member: string, content: Uint8Array, options: WheelOptions = {}): Buffer {
  const { deflated = true, spoil, comment = '' } = options;
  const files = [
    { name: Buffer.from('package/README'), content: Buffer.from('hello') },
    { name: Buffer.from(member), content: Buffer.from(content) },
  ];
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let start = 0;
  for (const { name, content: plain } of files) {
    const packed = deflated ? deflateRawSync(plain) : plain;
    const shared = fields(
      [2, 20],
      [2, 0],
      [2, deflated ? 8 : 0],
      [4, 0],
      [4, crc32(plain)],
      [4, packed.length],
      [4, plain.length],
      [2, name.length],
      [2, 0],
    );
    const local = Buffer.concat([fields([4, 0x04034b50]), shared, name, packed]);
    parts.push(local);
    directory.push(fields([4, 0x02014b50], [2, 20]), shared, fields([2, 0], [2, 0], [2, 0], [4, 0], [4, start]), name);
    start += local.length;
  }
  const list = Buffer.concat(directory);
  const end = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, files.length],
    [2, files.length],
    [4, list.length],
    [4, start],
    [2, comment.length],
  );
  const archive = Buffer.concat([...parts, list, end, Buffer.from(comment)]);
  spoil?.(archive, start);
  return archive;
}
