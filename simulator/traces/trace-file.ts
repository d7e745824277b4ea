// A complete trace file: header line, sessions with their checksums, end mark. An interrupted recording has no end mark; its
// complete sessions can be continued.

import { ByteReader, ByteWriter } from '../../src/core/basics/bytes.ts';
import { isOutriderError } from '../../src/core/basics/errors.ts';
import { crc32 } from './crc32.ts';
import type { Trace, TraceHeader, TraceSession } from './trace.ts';
import { brokenTrace, parseTraceHeader, writeTraceHeader } from './trace-header.ts';
import { readTraceSession, writeTraceSession } from './trace-session-bytes.ts';

const longestHeaderBytes = 65_536;
const longestRecordBytes = 1 << 26;
const newLine = 10;

export function traceHeaderBytes(header: TraceHeader): Uint8Array {
  return new TextEncoder().encode(`${writeTraceHeader(header)}\n`);
}

/** Length, session, CRC-32 of the session. */
export function traceSessionBytes(session: TraceSession, header: Pick<TraceHeader, 'hasRunnerUps'>): Uint8Array {
  const body = writeTraceSession(session, header.hasRunnerUps);
  return writeCrc(new ByteWriter().varint(body.length).raw(body), crc32(body)).finish();
}

/** The end mark: a length of 0, the number of sessions, the CRC-32 of all bytes before it. @param before header and sessions */
export function traceEndBytes(before: Uint8Array, sessionCount: number): Uint8Array {
  const mark = new ByteWriter().varint(0).varint(sessionCount).finish();
  return writeCrc(new ByteWriter().raw(mark), crc32(mark, crc32(before))).finish();
}

export function writeTrace({ header, sessions }: Trace): Uint8Array {
  const writer = new ByteWriter().raw(traceHeaderBytes(header));
  for (const session of sessions) writer.raw(traceSessionBytes(session, header));
  return writer.raw(traceEndBytes(writer.finish(), sessions.length)).finish();
}

function writeCrc(writer: ByteWriter, value: number): ByteWriter {
  for (const shift of [0, 8, 16, 24]) writer.byte((value >>> shift) & 0xff);
  return writer;
}

function readCrc(reader: ByteReader): number {
  return [0, 8, 16, 24].reduce((value, shift) => value | (reader.byte() << shift), 0) >>> 0;
}

/**
 * @throws OutriderError `bad-argument` for a file that is no trace, damaged or cut off; `version-mismatch` for a trace of another version
 */
export function parseTrace(bytes: Uint8Array): Trace {
  const { header, reader, headerLength } = open(bytes);
  const sessions: TraceSession[] = [];
  for (;;) {
    if (reader.remaining === 0) {
      throw brokenTrace(`it stops after ${sessions.length} sessions, before its end`);
    }
    const session = readRecord(reader, header);
    if (session === null) break;
    sessions.push(session);
  }
  if (reader.varint(longestRecordBytes) !== sessions.length) throw brokenTrace('sessions are missing');
  const checked = headerLength + reader.offset;
  if (readCrc(reader) !== crc32(bytes.subarray(0, checked))) throw brokenTrace('its checksum does not fit');
  reader.end();
  return { header, sessions };
}

export interface PartialTrace extends Trace {
  /** Bytes of the header and the complete sessions. */
  readonly length: number;
}

/** The complete sessions of a recording without an end mark; a partial session at its end is left out. @throws as parseTrace */
export function parsePartialTrace(bytes: Uint8Array): PartialTrace {
  const { header, reader, headerLength } = open(bytes);
  const sessions: TraceSession[] = [];
  let length = headerLength;
  try {
    while (reader.remaining > 0) {
      const session = readRecord(reader, header);
      if (session === null) break;
      sessions.push(session);
      length = headerLength + reader.offset;
    }
  } catch (error) {
    if (!isOutriderError(error)) throw error;
  }
  return { header, sessions, length };
}

function open(bytes: Uint8Array) {
  const headerLength = bytes.subarray(0, longestHeaderBytes).indexOf(newLine) + 1;
  const header = parseTraceHeader(new TextDecoder().decode(bytes.subarray(0, headerLength)));
  return { header, headerLength, reader: new ByteReader(bytes.subarray(headerLength), brokenTrace) };
}

/** Null: the end mark. */
function readRecord(reader: ByteReader, header: TraceHeader): TraceSession | null {
  const length = reader.varint(longestRecordBytes);
  if (length === 0) return null;
  const body = reader.raw(length);
  if (readCrc(reader) !== crc32(body)) throw brokenTrace('the checksum of a session does not fit');
  const inner = new ByteReader(body, brokenTrace);
  const session = readTraceSession(inner, header);
  inner.end();
  return session;
}
