// Reading and writing the primitive fields of frames and files. Readers never pass the end, and never allocate by a length that
// they have read.

import type { OutriderError } from './errors.ts';
import { invariant } from './invariant.ts';
import { encodeUtf8 } from './utf8.ts';

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** For numbers of several bytes, one after the other. */
const numberBytes = new Uint8Array(8);
const numberView = new DataView(numberBytes.buffer);
const fourBytes = numberBytes.subarray(0, 4);

/** Appends fields to growing bytes. */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(32);
  #length = 0;

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** Unsigned LEB128, up to 2^53 - 1. */
  varint(value: number): this {
    invariant(Number.isSafeInteger(value) && value >= 0, () => `varint of ${value}`);
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.byte(rest);
  }

  /** Zigzag: 0, -1, 1, -2, ... */
  signed(value: number): this {
    return this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  text(value: string): this {
    const bytes = encodeUtf8(value);
    return this.varint(bytes.length).raw(bytes);
  }

  /** Lower-case hex digits, two for each byte, no length. */
  hex(value: string): this {
    for (let index = 0; index < value.length; index += 2) this.byte(Number.parseInt(value.slice(index, index + 2), 16));
    return this;
  }

  /** IEEE 754 binary64, little-endian. */
  float64(value: number): this {
    numberView.setFloat64(0, value, true);
    return this.raw(numberBytes);
  }

  uint64(value: bigint): this {
    numberView.setBigUint64(0, value, true);
    return this.raw(numberBytes);
  }

  ids(values: readonly number[]): this {
    for (const id of values) this.varint(id);
    return this;
  }

  zeros(count: number): this {
    return this.raw(new Uint8Array(count));
  }

  get length(): number {
    return this.#length;
  }

  /** Empties the writer and keeps its buffer. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** A missing byte or a field out of range throws the error that `malformed` makes of the cause. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #malformed: (cause: string) => OutriderError;
  #offset = 0;

  constructor(bytes: Uint8Array, malformed: (cause: string) => OutriderError) {
    this.#bytes = bytes;
    this.#malformed = malformed;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw this.#malformed('it ends in the middle of a field');
    this.#offset += 1;
    return value;
  }

  /** @param limit the largest value allowed */
  varint(limit: number): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 8; index += 1) {
      const part = this.byte();
      value += (part & 0x7f) * scale;
      if (part < 0x80) {
        if (value > limit) throw this.#malformed(`a field is ${value}, at most ${limit} is allowed`);
        if (part === 0 && index > 0) throw this.#malformed('a varint is longer than it needs to be');
        return value;
      }
      scale *= 0x80;
    }
    throw this.#malformed('a varint is longer than eight bytes');
  }

  signed(limit: number): number {
    const value = this.varint(2 * limit + 1);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  raw(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** Passes these bytes. @returns where they start */
  #take(count: number): number {
    if (count > this.remaining) throw this.#malformed('it ends in the middle of a field');
    this.#offset += count;
    return this.#offset - count;
  }

  /** A view of these bytes until the next number is read. */
  number(count: number): DataView {
    const start = this.#take(count);
    for (let index = 0; index < count; index += 1) numberBytes[index] = this.#bytes[start + index] as number;
    return numberView;
  }

  text(limitBytes: number): string {
    const bytes = this.raw(this.varint(limitBytes));
    try {
      return textDecoder.decode(bytes);
    } catch {
      throw this.#malformed('a text is not UTF-8');
    }
  }

  hex(byteCount: number): string {
    let digits = '';
    for (const byte of this.raw(byteCount)) digits += byte.toString(16).padStart(2, '0');
    return digits;
  }

  float32(): number {
    return this.number(4).getFloat32(0, true);
  }

  ids(count: number, maxId: number): number[] {
    if (count > this.remaining) throw this.#malformed('it announces more ids than it holds');
    const ids: number[] = [];
    for (let index = 0; index < count; index += 1) ids.push(this.varint(maxId));
    return ids;
  }

  /** Bytes that must be 0. */
  zeros(count: number): void {
    const start = this.#take(count);
    for (let index = start; index < start + count; index += 1)
      if (this.#bytes[index] !== 0) throw this.#malformed('it is filled with other bytes than 0');
  }

  /** Throws if bytes are left. */
  end(): void {
    if (this.remaining > 0) throw this.#malformed(`${this.remaining} bytes too many`);
  }
}

// Functions and no methods: a page's bundle has those alone that it uses.

/** IEEE 754 binary32, little-endian; rounds. */
export function writeFloat32(writer: ByteWriter, value: number): ByteWriter {
  numberView.setFloat32(0, value, true);
  return writer.raw(fourBytes);
}

export function readFloat64(reader: ByteReader): number {
  return reader.number(8).getFloat64(0, true);
}

export function readUint16(reader: ByteReader): number {
  return reader.number(2).getUint16(0, true);
}

export function readUint32(reader: ByteReader): number {
  return reader.number(4).getUint32(0, true);
}

export function readUint64(reader: ByteReader): bigint {
  return reader.number(8).getBigUint64(0, true);
}
