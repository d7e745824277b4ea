// Writes scalars as an event file of TensorBoard, by hand: TFRecord frames with masked CRC-32C (TensorFlow, "TFRecord and tf.train.Example"),
// in them the protocol buffer tensorflow.Event with version, or with step and Summary.Value {tag, simple_value}. Reads nothing.

import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../../src/files/make-directory.ts';

export interface TensorboardWriter {
  readonly file: string;
  /** @param values by tag; null is left out */
  add(step: number, values: Readonly<Record<string, number | null>>): void;
}

/** Begins a new event file in a directory, as TensorBoard expects: later files of a directory continue its runs. @param nowMs since 1970 */
export function openTensorboard(directory: string, nowMs: () => number): TensorboardWriter {
  makeDirectory(directory);
  const file = join(directory, `events.out.tfevents.${String(Math.floor(nowMs() / 1000)).padStart(10, '0')}.outrider`);
  writeFileSync(file, frame(event(nowMs(), [field(3, Buffer.from('brain.Event:2'))])), { flag: 'a' });
  return {
    file,
    add(step, values) {
      const summary = Object.entries(values).flatMap(([tag, value]) =>
        value === null ? [] : [field(1, Buffer.concat([field(1, Buffer.from(tag)), float(2, value)]))],
      );
      if (summary.length === 0) return;
      appendFileSync(file, frame(event(nowMs(), [varint(2, step), field(5, Buffer.concat(summary))])));
    },
  };
}

function event(nowMs: number, parts: readonly Buffer[]): Buffer {
  const wallTime = Buffer.alloc(9);
  wallTime[0] = (1 << 3) | 1;
  wallTime.writeDoubleLE(nowMs / 1000, 1);
  return Buffer.concat([wallTime, ...parts]);
}

/** A field with a length: text, bytes, message. Field numbers are below 16. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), base128(content.length), content]);
}

function varint(number: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([number << 3]), base128(value)]);
}

function float(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = (number << 3) | 5;
  bytes.writeFloatLE(value, 1);
  return bytes;
}

/** @param value a whole number from 0 to 2^53 - 1 */
function base128(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** uint64 length, masked CRC of the length, content, masked CRC of the content; little endian. */
function frame(content: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(content.length), 0);
  head.writeUInt32LE(maskedCrc(head.subarray(0, 8)), 8);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(maskedCrc(content), 0);
  return Buffer.concat([head, content, tail]);
}

function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C (Castagnoli, RFC 3720), 0 .. 2^32 - 1. */
export function crc32c(bytes: Uint8Array): number {
  let value = -1;
  for (const byte of bytes) value = (table[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
  return ~value >>> 0;
}
