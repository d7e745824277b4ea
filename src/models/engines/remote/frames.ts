// The frames of the rows protocol (docs/internals/rows-protocol.md), of both sides: bytes to objects and back. Nothing is allocated by
// a count before it is compared with the bytes that are there.

import {
  ByteReader,
  ByteWriter,
  readFloat64,
  readUint16,
  readUint32,
  writeFloat32,
} from '../../../core/basics/bytes.ts';
import { OutriderError } from '../../../core/basics/errors.ts';
import { candidateLimit } from '../../../core/decoding/candidates.ts';

export const rowsVersion = 1;
/** Bytes of a frame, without its length. */
export const mostFrameBytes: number = 64 * 2 ** 20;

/** The code of a frame's kind is its place. */
const kinds = ['hello', 'evaluate', 'rows', 'release', 'failed', 'abort', 'working', 'encode', 'ids'] as const;

/** What a row is asked for beyond the largest logits. */
export interface FrameAsk {
  /** Among the item's rows; 0 is the first. */
  readonly row: number;
  /** Bit `id % 32` of word `id / 32`: whether the id may be a candidate. */
  readonly allowed?: Uint32Array | undefined;
  /** Ids whose raw logits are wanted in any case. */
  readonly beside?: readonly number[] | undefined;
  readonly normalises: boolean;
}

export interface FrameItem {
  readonly sequence: number;
  /** Tokens of the sequence that stay, before the ids are appended. */
  readonly keep: number;
  readonly rows: number;
  readonly ids: readonly number[];
  readonly asks: readonly FrameAsk[];
}

/** Raw logits in any order. */
export interface FrameRow {
  /** NaN where it was not asked for. */
  readonly normaliser: number;
  readonly ids: readonly number[];
  readonly logits: readonly number[];
}

export type FailureCode = 'memory-full' | 'no-numbers' | 'bad-frame' | 'aborted' | 'failed';

export type Frame =
  /** `hello`: JSON, read only where the version is {@link rowsVersion}. */
  | { readonly kind: 'hello'; readonly version: number; readonly hello: unknown }
  | { readonly kind: 'evaluate'; readonly step: number; readonly items: readonly FrameItem[] }
  | {
      readonly kind: 'rows';
      readonly step: number;
      readonly engineMicroseconds: number;
      readonly rows: readonly FrameRow[];
    }
  | { readonly kind: 'release'; readonly sequence: number }
  | { readonly kind: 'failed'; readonly step: number; readonly code: string; readonly cause: string }
  | { readonly kind: 'abort' | 'working'; readonly step: number }
  | { readonly kind: 'encode'; readonly number: number; readonly text: string }
  | { readonly kind: 'ids'; readonly number: number; readonly ids: readonly number[] };

const flags = { mask: 1, beside: 2, normaliser: 4 } as const;
const lengthBytes = 4;
const rowHeadBytes = 10;
const pairBytes = 8;
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const textEncoder = new TextEncoder();

/** The other side does not follow the protocol. @param cause completes "in a frame of the engine's protocol, ..." */
export function brokenFrame(cause: string): OutriderError {
  return new OutriderError(
    'engine-refused',
    `the engine does not follow the rows protocol: ${cause}`,
    'update the worker; "outrider engine check ADDRESS" tests it against the protocol',
  );
}

/** Most bytes of the answer to these items. */
export function mostRowsBytes(items: readonly FrameItem[]): number {
  let bytes = 9;
  for (const { rows, asks } of items) {
    bytes += rows * (rowHeadBytes + pairBytes * candidateLimit);
    for (const { beside = [] } of asks) bytes += 2 * pairBytes * beside.length;
  }
  return bytes;
}

/** Numbers are little-endian. */
class FrameWriter extends ByteWriter {
  uint16(value: number): this {
    return this.byte(value & 0xff).byte(value >>> 8);
  }

  uint32(value: number): this {
    return this.uint16(value & 0xffff).uint16(value >>> 16);
  }
}

/** With its length. */
export function encodeFrame(frame: Frame): Uint8Array {
  const writer = new FrameWriter().uint32(0).byte(kinds.indexOf(frame.kind));
  writeBody(writer, frame);
  const bytes = writer.finish();
  new DataView(bytes.buffer).setUint32(0, bytes.length - lengthBytes, true);
  return bytes;
}

function writeBody(writer: FrameWriter, frame: Frame): void {
  switch (frame.kind) {
    case 'hello':
      writeText(writer.uint16(frame.version), JSON.stringify(frame.hello));
      return;
    case 'evaluate':
      writer.uint32(frame.step).uint16(frame.items.length);
      for (const item of frame.items) writeItem(writer, item);
      return;
    case 'rows':
      writer.uint32(frame.step).uint32(frame.engineMicroseconds);
      for (const row of frame.rows) writeRow(writer, row);
      return;
    case 'release':
      writer.uint32(frame.sequence);
      return;
    case 'failed':
      writeText(writer.uint32(frame.step), JSON.stringify({ code: frame.code, cause: frame.cause }));
      return;
    case 'abort':
    case 'working':
      writer.uint32(frame.step);
      return;
    case 'encode':
      writeText(writer.uint32(frame.number), frame.text);
      return;
    case 'ids':
      writer.uint32(frame.number);
      writeIds(writer, frame.ids);
      return;
  }
}

function writeText(writer: FrameWriter, text: string): void {
  writer.raw(textEncoder.encode(text));
}

function writeIds(writer: FrameWriter, ids: readonly number[]): void {
  writer.uint32(ids.length);
  for (const id of ids) writer.uint32(id);
}

function writeItem(writer: FrameWriter, { sequence, keep, rows, ids, asks }: FrameItem): void {
  writer.uint32(sequence).uint32(keep).uint16(rows);
  writeIds(writer, ids);
  writer.uint16(asks.length);
  for (const { row, allowed, beside, normalises } of asks) {
    const set = (allowed ? flags.mask : 0) + (beside ? flags.beside : 0) + (normalises ? flags.normaliser : 0);
    writer.uint16(row).byte(set);
    if (allowed !== undefined) {
      writer.uint32(allowed.length);
      for (const word of allowed) writer.uint32(word);
    }
    if (beside === undefined) continue;
    writer.uint16(beside.length);
    for (const id of beside) writer.uint32(id);
  }
}

function writeRow(writer: FrameWriter, { normaliser, ids, logits }: FrameRow): void {
  writer.uint16(ids.length).float64(normaliser);
  for (const id of ids) writer.uint32(id);
  for (const logit of logits) writeFloat32(writer, logit);
}

/** @param body without its length @throws OutriderError `engine-refused` */
export function decodeFrame(body: Uint8Array): Frame {
  const reader = new ByteReader(body, brokenFrame);
  const kind = kinds[reader.byte()];
  const frame = readBody(reader, kind);
  reader.end();
  return frame;
}

function readBody(reader: ByteReader, kind: Frame['kind'] | undefined): Frame {
  switch (kind) {
    case 'hello': {
      const version = readUint16(reader);
      const text = readText(reader);
      return { kind, version, hello: version === rowsVersion ? readJson(text) : undefined };
    }
    case 'evaluate': {
      const step = readUint32(reader);
      return { kind, step, items: repeat(readUint16(reader), () => readItem(reader)) };
    }
    case 'rows': {
      const [step, engineMicroseconds] = [readUint32(reader), readUint32(reader)];
      const rows: FrameRow[] = [];
      while (reader.remaining > 0) rows.push(readRow(reader));
      return { kind, step, engineMicroseconds, rows };
    }
    case 'release':
      return { kind, sequence: readUint32(reader) };
    case 'failed':
      return { kind, step: readUint32(reader), ...readFailure(readText(reader)) };
    case 'abort':
    case 'working':
      return { kind, step: readUint32(reader) };
    case 'encode':
      return { kind, number: readUint32(reader), text: readText(reader) };
    case 'ids':
      return { kind, number: readUint32(reader), ids: readIds(reader, readUint32(reader)) };
    default:
      throw brokenFrame('a frame is of an unknown kind');
  }
}

/** Each turn reads at least one byte, so a count that is a lie ends with the frame. */
function repeat<Value>(count: number, read: () => Value): Value[] {
  const values: Value[] = [];
  while (values.length < count) values.push(read());
  return values;
}

function readText(reader: ByteReader): string {
  try {
    return textDecoder.decode(reader.raw(reader.remaining));
  } catch {
    throw brokenFrame('a text is not UTF-8');
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw brokenFrame('a text is not JSON');
  }
}

function readFailure(text: string): { readonly code: string; readonly cause: string } {
  const { code, cause } = Object(readJson(text)) as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code !== 'string' || typeof cause !== 'string') throw brokenFrame('a failure has no code or cause');
  return { code, cause: oneLine(cause) };
}

const mostCauseLength = 300;

/** A worker's words come into the log of the edge. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, mostCauseLength);
}

function readIds(reader: ByteReader, count: number): number[] {
  if (4 * count > reader.remaining) throw brokenFrame('it announces more ids than it holds');
  return repeat(count, () => readUint32(reader));
}

function readItem(reader: ByteReader): FrameItem {
  const [sequence, keep, rows] = [readUint32(reader), readUint32(reader), readUint16(reader)];
  const ids = readIds(reader, readUint32(reader));
  if (rows > ids.length) throw brokenFrame(`${rows} rows of ${ids.length} ids`);
  return { sequence, keep, rows, ids, asks: repeat(readUint16(reader), () => readAsk(reader, rows)) };
}

function readAsk(reader: ByteReader, rows: number): FrameAsk {
  const [row, set] = [readUint16(reader), reader.byte()];
  if (row >= rows || set > 7) throw brokenFrame('an ask is of no row or no known kind');
  const allowed = set & flags.mask ? Uint32Array.from(readIds(reader, readUint32(reader))) : undefined;
  const beside = set & flags.beside ? readIds(reader, readUint16(reader)) : undefined;
  return { row, allowed, beside, normalises: (set & flags.normaliser) !== 0 };
}

function readRow(reader: ByteReader): FrameRow {
  const count = readUint16(reader);
  const normaliser = readFloat64(reader);
  const ids = readIds(reader, count);
  return { normaliser, ids, logits: repeat(count, () => reader.float32()) };
}
