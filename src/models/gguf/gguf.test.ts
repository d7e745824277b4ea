// A header reads back as it was written, and any inconsistent file is refused with the same error.

import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { isOutriderError } from '../../core/basics/errors.ts';
import { NeedMoreBytes } from './cursor.ts';
import { folderOfEach } from './folder.fixture.ts';
import { encodeModel, integer, text, tinyMetadata, tinyTensors } from './gguf.fixture.ts';
import { type GgufHeader, type GgufValue, parseGguf } from './gguf.ts';
import { readGguf } from './gguf-file.ts';
import type { planGguf } from './write.ts';

const here = folderOfEach();
const file = encodeModel(tinyMetadata(2), tinyTensors(2));

function parse(bytes: Uint8Array): GgufHeader {
  return parseGguf(bytes, bytes.length);
}

/** The file with `change` made to a copy of it. */
function changed(change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(file);
  change(copy);
  return copy;
}

/** A file with metadata entries of one type, whose values are given as raw bytes. */
function withRawValue(type: number, ...values: Buffer[]): Buffer {
  const start = Buffer.concat([Buffer.from('GGUF\x03\0\0\0\0\0\0\0\0\0\0\0', 'latin1'), uint64(BigInt(values.length))]);
  const entries = values.map((value, index) => {
    const head = Buffer.from('\x01\0\0\0\0\0\0\0k\0\0\0\0', 'latin1');
    head.writeUInt8(0x6b + index, 8);
    head.writeUInt32LE(type, 9);
    return Buffer.concat([head, value]);
  });
  return Buffer.concat([start, ...entries]);
}

/** An array of bytes as a raw value. */
function rawArray(length: number): Buffer {
  return Buffer.concat([Buffer.alloc(4), uint64(BigInt(length)), Buffer.alloc(length, 7)]);
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

const unreadable = expect.objectContaining({ code: 'model-unreadable' });

describe('a well-formed file', () => {
  it('gives back metadata, in order, and where each tensor lies', () => {
    const header = parse(file);
    expect([...header.metadata]).toEqual([...tinyMetadata(2)]);
    expect(header.tensors.map((tensor) => tensor.name)).toEqual(tinyTensors(2).map((tensor) => tensor.name));
    for (const [index, tensor] of header.tensors.entries()) {
      const bytes = file.subarray(header.dataStart + tensor.offset).subarray(0, tensor.byteLength);
      expect(new Set(bytes)).toEqual(new Set([index + 1]));
    }
    expect(header.tensors.at(-1)).toMatchObject({ shape: [32], typeName: 'Q4_1', byteLength: 20 });
  });

  it('keeps every type of value', () => {
    const values: GgufValue[] = [
      { type: 'uint8', value: 255 },
      { type: 'int8', value: -1 },
      { type: 'uint16', value: 65_535 },
      { type: 'int16', value: -2 },
      { type: 'uint32', value: 4_294_967_295 },
      { type: 'int32', value: -3 },
      { type: 'float32', value: 0.5 },
      { type: 'bool', value: true },
      { type: 'string', value: 'Ġ\ufeff\u0000' },
      { type: 'uint64', value: 2n ** 64n - 1n },
      { type: 'int64', value: -4n },
      { type: 'float64', value: 0.1 },
      { type: 'array', elementType: 'bool', value: [true, false] },
      { type: 'array', elementType: 'string', value: [] },
    ];
    const metadata = new Map(values.map((value, index) => [`value.${index}`, value]));
    expect([...parse(encodeModel(metadata, [])).metadata.values()]).toEqual(values);
  });

  it('honours an alignment of its own', () => {
    const metadata = new Map([['general.alignment', integer(128)]]);
    const header = parse(encodeModel(metadata, tinyTensors(1), 128));
    expect(header.alignment).toBe(128);
    expect(header.dataStart % 128).toBe(0);
    expect(header.tensors.map((tensor) => tensor.offset)).toEqual([0, 128, 256]);
  });

  it('requests more bytes if the header is longer than the first piece', async () => {
    expect(() => parseGguf(file.subarray(0, 100), file.length)).toThrow(NeedMoreBytes);
    const metadata = new Map([['long', text('x'.repeat(5_000_000))]]).set('behind', integer(7));
    await writeFile(here('long.gguf'), encodeModel(metadata, []));
    expect((await readGguf(here('long.gguf'))).metadata.get('behind')).toEqual(integer(7));
  });
});

describe('an inconsistent file', () => {
  it.each<[string, Buffer]>([
    ['no GGUF', Buffer.alloc(1_000)],
    ['empty', Buffer.alloc(0)],
    ['version 2', changed((copy) => copy.writeUInt32LE(2, 4))],
    ['big-endian', changed((copy) => copy.writeUInt32BE(3, 4))],
    ['2^60 tensors', changed((copy) => copy.writeBigUInt64LE(2n ** 60n, 8))],
    ['2^60 metadata entries', changed((copy) => copy.writeBigUInt64LE(2n ** 60n, 16))],
    ['a key of 2^63 bytes', changed((copy) => copy.writeBigUInt64LE(2n ** 63n, 24))],
    ['an unknown value type', withRawValue(13, Buffer.alloc(64))],
    ['an array of arrays', withRawValue(9, Buffer.concat([Buffer.from([9, 0, 0, 0]), Buffer.alloc(64)]))],
    ['an array longer than the file', withRawValue(9, Buffer.concat([Buffer.from([4, 0, 0, 0]), uint64(100_000n)]))],
    ['an array of 2^40', withRawValue(9, Buffer.concat([Buffer.from([0, 0, 0, 0]), uint64(2n ** 40n)]))],
    ['a text longer than the file', withRawValue(8, uint64(10_000n))],
    ['text that is not UTF-8', withRawValue(8, Buffer.concat([uint64(1n), Buffer.from([0xff])]))],
    ['an alignment of 24', encodeModel(new Map([['general.alignment', integer(24)]]), [], 24)],
    ['an alignment of 0', changedAlignment(0)],
  ])('%s is refused', (_, bytes) => {
    expect(() => parse(bytes)).toThrow(unreadable);
  });

  it.each<[string, Parameters<typeof planGguf>[1][number]]>([
    ['an unknown tensor type', { name: 't', shape: [4], type: 4, byteLength: 16 }],
    ['a tensor of no dimension', { name: 't', shape: [], type: 0, byteLength: 16 }],
    ['a tensor of five dimensions', { name: 't', shape: [1, 1, 1, 1, 1], type: 0, byteLength: 4 }],
    ['half a block', { name: 't', shape: [16], type: 3, byteLength: 10 }],
    ['more values than the file has bytes', { name: 't', shape: [1_000], type: 0, byteLength: 16 }],
    ['dimensions whose product overflows', { name: 't', shape: [2 ** 52, 2 ** 52, 2 ** 52], type: 0, byteLength: 16 }],
    ['a name that occurs twice', { name: 'first', shape: [1], type: 0, byteLength: 4 }],
  ])('%s is refused', (_, tensor) => {
    const first = { name: 'first', shape: [1], type: 0, byteLength: 4 };
    expect(() => parse(encodeModel(new Map(), [first, tensor]))).toThrow(unreadable);
  });

  it('more elements in all arrays together than any vocabulary has are refused', () => {
    expect(parse(withRawValue(9, rawArray(4_000_000), rawArray(0))).metadata.size).toBe(2);
    expect(() => parse(withRawValue(9, rawArray(4_000_000), rawArray(1)))).toThrow(unreadable);
  });

  it('numbers of an array are made when they are asked for, and not again', () => {
    const from = vi.spyOn(Array, 'from');
    const header = parse(withRawValue(9, rawArray(1_000)));
    const made = () => from.mock.calls.filter(([like]) => (like as { length: number }).length === 1_000).length;
    expect(made()).toBe(0);
    expect(header.metadata.get('k')?.value).toBe(header.metadata.get('k')?.value);
    expect(made()).toBe(1);
    from.mockRestore();
  });

  it('an array longer than the file is refused before more of the file is read', () => {
    const start = withRawValue(9, Buffer.concat([Buffer.from([4, 0, 0, 0]), uint64(1_000_000n)]));
    expect(() => parseGguf(start, 2_000_000)).toThrow(unreadable);
  });

  it('a key that occurs twice is refused', () => {
    const bytes = encodeModel(new Map([['key1', text('a')]]).set('key2', text('b')), []);
    bytes.write('key1', bytes.indexOf('key2'));
    expect(() => parse(bytes)).toThrow(unreadable);
  });

  it('a tensor that does not start at a multiple of the alignment is refused', () => {
    const bytes = encodeModel(new Map(), [{ name: 'tensor', shape: [1], type: 0, byteLength: 4 }]);
    bytes.writeBigUInt64LE(8n, bytes.indexOf('tensor') + 'tensor'.length + 4 + 8 + 4);
    expect(() => parse(bytes)).toThrow(/align/);
  });

  it('tensors that lie in the same bytes, and are more together than the file, are refused', () => {
    const tensors = ['first', 'other'].map((name) => ({ name, shape: [256], type: 0, byteLength: 1024 }));
    const bytes = encodeModel(new Map(), tensors);
    bytes.writeBigUInt64LE(0n, bytes.indexOf('other') + 'other'.length + 4 + 8 + 4);
    expect(() => parseGguf(bytes.subarray(0, -1024), bytes.length - 1024)).toThrow(/overlap/);
  });

  it('is refused at whatever byte it is cut off', () => {
    const lastTensor = parse(file).tensors.at(-1);
    const neededBytes = parse(file).dataStart + (lastTensor?.offset ?? 0) + (lastTensor?.byteLength ?? 0);
    for (let length = 0; length < neededBytes; length++) {
      expect(() => parse(file.subarray(0, length)), `at ${length}`).toThrow(unreadable);
    }
  });

  it('never causes any other error, whatever bytes are changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = changed((copy) => {
          for (const [at, value] of list) copy[at] = value;
        });
        try {
          parse(bytes);
        } catch (error) {
          expect(isOutriderError(error) && error.code).toBe('model-unreadable');
        }
      }),
      { numRuns: 2_000, seed: 1 },
    );
  });

  it('a missing file and a directory are refused', async () => {
    await expect(readGguf(join(tmpdir(), 'outrider-no-such-file.gguf'))).rejects.toThrow(unreadable);
    await expect(readGguf(tmpdir())).rejects.toThrow(unreadable);
    // A caller with two models has to know which one is meant.
    await expect(readGguf(import.meta.filename)).rejects.toThrow(
      `the model file ${import.meta.filename} does not begin`,
    );
  });
});

function changedAlignment(alignment: number): Buffer {
  const bytes = encodeModel(new Map([['general.alignment', integer(128)]]), [], 128);
  bytes.writeUInt32LE(alignment, bytes.indexOf('alignment') + 'alignment'.length + 4);
  return bytes;
}
