// Encodes and decodes the messages of one connection. Positions and branches are differences to values that both ends of the connection
// know, so a draft that extends a branch takes one byte and its id, and the edge does not send accepted ids back.

import { ByteReader, ByteWriter } from '../../basics/bytes.ts';
import { errorCodes } from '../../basics/errors.ts';
import { invariant, unreachable } from '../../basics/invariant.ts';
import { malformed } from './bytes.ts';
import { beginsCommit, readCommit, readPromptScored, writeCommit, writePromptScored } from './codec-commit.ts';
import { beginsAlternative, readAlternative, readDraft, writeAlternative, writeDraft } from './codec-drafts.ts';
import { type Admission, readOpen, readResume, writeOpen, writeResume } from './codec-open.ts';
import { frame, SharedState } from './codec-shared.ts';
import { announcedRowCount } from './edge-timing.ts';
import { limits } from './limits.ts';
import {
  type DeviceMessage,
  type EdgeMessage,
  type EndMessage,
  endReasons,
  type HelloMessage,
  type RefusedMessage,
  type TurnAccount,
} from './messages.ts';

function writeHello(writer: ByteWriter, message: HelloMessage): ByteWriter {
  writer.byte(frame.hello).varint(message.version).text(message.model).text(message.fingerprint);
  writer.hex(message.tokenizerHash).varint(message.vocabularySize).varint(message.contextLength);
  const { stepMs, edgeDraftMs } = message.timing;
  invariant(stepMs === null || stepMs.length === announcedRowCount, 'the timing of another number of rows');
  for (let index = 0; index < announcedRowCount; index += 1) writer.varint(microseconds(stepMs?.[index] ?? null));
  return writer.varint(microseconds(edgeDraftMs));
}

/** 0: not announced. */
function microseconds(ms: number | null): number {
  return ms === null ? 0 : Math.min(limits.stepMicroseconds, Math.max(1, Math.round(ms * 1000)));
}

function milliseconds(reader: ByteReader): number | null {
  const microseconds = reader.varint(limits.stepMicroseconds);
  return microseconds === 0 ? null : microseconds / 1000;
}

function readHello(reader: ByteReader): HelloMessage {
  const version = reader.varint(limits.maxId);
  const model = reader.text(limits.textBytes);
  const fingerprint = reader.text(limits.textBytes);
  const tokenizerHash = reader.hex(32);
  const vocabularySize = reader.varint(limits.maxId + 1);
  const contextLength = reader.varint(limits.textTokens);
  const times = Array.from({ length: announcedRowCount }, () => milliseconds(reader));
  const known = times.filter((ms) => ms !== null);
  const stepMs = known.length === announcedRowCount ? known : null;
  const timing = { stepMs, edgeDraftMs: milliseconds(reader) };
  return { kind: 'hello', version, model, fingerprint, tokenizerHash, vocabularySize, contextLength, timing };
}

function readRefused(reader: ByteReader): RefusedMessage {
  const text = reader.text(limits.textBytes);
  const code = errorCodes.find((known) => known === text) ?? 'protocol-error';
  return { kind: 'refused', code, cause: reader.text(limits.textBytes), remedy: reader.text(limits.textBytes) };
}

const accountFields = ['steps', 'draftRows', 'acceptedRows', 'edgeDraftRows', 'acceptedEdgeDraftRows'] as const;

function writeEnd(writer: ByteWriter, message: EndMessage): ByteWriter {
  writer.byte(frame.end).byte(endReasons.indexOf(message.reason)).varint(message.length);
  for (const field of accountFields) writer.varint(message.account[field]);
  return writer;
}

function readEnd(reader: ByteReader): EndMessage {
  const reason = endReasons[reader.byte()];
  if (reason === undefined) throw malformed('an end without a known reason');
  const length = reader.varint(limits.textTokens);
  const counts = accountFields.map((field) => [field, reader.varint(Number.MAX_SAFE_INTEGER)]);
  const account = Object.fromEntries(counts) as unknown as TurnAccount;
  return { kind: 'end', reason, length, account };
}

function writeDeviceMessage(writer: ByteWriter, message: DeviceMessage, shared: SharedState): ByteWriter {
  switch (message.kind) {
    case 'open':
      return writeOpen(writer.byte(frame.open), message);
    case 'resume':
      return writeResume(writer.byte(frame.resume), message);
    case 'draft':
      return writeDraft(writer, message, shared);
    case 'alternative':
      return writeAlternative(writer, message, shared);
    case 'ack':
    case 'verify':
      return writer.byte(frame[message.kind]).varint(message.length - shared.acknowledged);
    case 'bye':
      return writer.byte(frame.bye);
    case 'ping':
    case 'pong':
      return writer.byte(frame[message.kind]).varint(message.stamp);
    default:
      return unreachable(message);
  }
}

function readDeviceMessage(reader: ByteReader, shared: SharedState, admission: Admission): DeviceMessage {
  const head = reader.byte();
  if (head >= frame.draftExtend || head === frame.draft) return readDraft(reader, head, shared);
  if (beginsAlternative(head)) return readAlternative(reader, head, shared);
  switch (head) {
    case frame.open:
      return readOpen(reader, admission);
    case frame.resume:
      return readResume(reader, admission);
    case frame.ack:
      return { kind: 'ack', length: shared.acknowledged + reader.varint(limits.textTokens) };
    case frame.verify:
      return { kind: 'verify', length: shared.acknowledged + reader.varint(limits.textTokens) };
    case frame.bye:
      return { kind: 'bye' };
    case frame.ping:
      return { kind: 'ping', stamp: reader.varint(Number.MAX_SAFE_INTEGER) };
    case frame.pong:
      return { kind: 'pong', stamp: reader.varint(Number.MAX_SAFE_INTEGER) };
    default:
      throw malformed(`a frame of unknown kind ${head}`);
  }
}

function writeEdgeMessage(writer: ByteWriter, message: EdgeMessage, shared: SharedState): ByteWriter {
  switch (message.kind) {
    case 'hello':
      return writeHello(writer, message);
    case 'gone':
    case 'leaving':
      return writer.byte(frame[message.kind]);
    case 'queued':
      return writer.byte(frame.queued).varint(message.ahead);
    case 'held':
      return writer.byte(frame.held).varint(message.tokens);
    case 'prompt-scored':
      return writePromptScored(writer, message);
    case 'commit':
      return writeCommit(writer, message, shared);
    case 'end':
      return writeEnd(writer, message);
    case 'refused':
      return writer.byte(frame.refused).text(message.code).text(message.cause).text(message.remedy);
    case 'ping':
    case 'pong':
      return writer.byte(frame[message.kind]).varint(message.stamp);
    default:
      return unreachable(message);
  }
}

function readEdgeMessage(reader: ByteReader, shared: SharedState): EdgeMessage {
  const head = reader.byte();
  if (beginsCommit(head)) return readCommit(reader, head, shared);
  switch (head) {
    case frame.hello:
      return readHello(reader);
    case frame.gone:
      return { kind: 'gone' };
    case frame.leaving:
      return { kind: 'leaving' };
    case frame.held:
      return { kind: 'held', tokens: reader.varint(limits.textTokens) };
    case frame.promptScored:
      return readPromptScored(reader);
    case frame.queued:
      return { kind: 'queued', ahead: reader.varint(limits.maxId) };
    case frame.refused:
      return readRefused(reader);
    case frame.end:
      return readEnd(reader);
    case frame.ping:
      return { kind: 'ping', stamp: reader.varint(Number.MAX_SAFE_INTEGER) };
    case frame.pong:
      return { kind: 'pong', stamp: reader.varint(Number.MAX_SAFE_INTEGER) };
    default:
      throw malformed(`a frame of unknown kind ${head}`);
  }
}

/** Shared by all connections: a frame is written without interruption. */
const scratch = new ByteWriter();

/** The device's end of one connection. `decode` throws OutriderError `protocol-error`; the caller then closes the connection. */
export class DeviceCodec {
  readonly #shared = new SharedState();

  encode(message: DeviceMessage): Uint8Array {
    this.measure(message);
    return scratch.finish();
  }

  /** As `encode`, for a caller that does not need the bytes. @returns the length of the frame */
  measure(message: DeviceMessage): number {
    writeDeviceMessage(scratch.clear(), message, this.#shared);
    this.#shared.deviceSent(message);
    this.#shared.pad(scratch);
    return scratch.length;
  }

  decode(bytes: Uint8Array): EdgeMessage {
    if (bytes.length > limits.edgeFrameBytes) throw malformed(`a frame of ${bytes.length} bytes`);
    const reader = new ByteReader(bytes, malformed);
    const message = readEdgeMessage(reader, this.#shared);
    this.received(message);
    this.#shared.endFrame(reader);
    return message;
  }

  /** As `decode`, for a message that the other end has measured, not encoded. */
  received(message: EdgeMessage): void {
    this.#shared.edgeSent(message);
  }
}

/** The edge's end of one connection. `decode` throws OutriderError `protocol-error`; the caller then closes the connection. */
export class EdgeCodec {
  readonly #shared = new SharedState();
  readonly #admission: Admission;

  /** @param admission what it throws, `decode` throws */
  constructor(admission: Admission = { admit: () => {} }) {
    this.#admission = admission;
  }

  encode(message: EdgeMessage): Uint8Array {
    this.measure(message);
    return scratch.finish();
  }

  /** As `encode`, for a caller that does not need the bytes. @returns the length of the frame */
  measure(message: EdgeMessage): number {
    writeEdgeMessage(scratch.clear(), message, this.#shared);
    this.#shared.edgeSent(message);
    this.#shared.pad(scratch);
    return scratch.length;
  }

  decode(bytes: Uint8Array): DeviceMessage {
    const limit = bytes[0] === frame.open ? limits.openBytes : limits.deviceFrameBytes;
    if (bytes.length > limit) throw malformed(`a frame of ${bytes.length} bytes, at most ${limit} are allowed`);
    const reader = new ByteReader(bytes, malformed);
    const message = readDeviceMessage(reader, this.#shared, this.#admission);
    this.#shared.deviceSent(message);
    this.#shared.endFrame(reader);
    return message;
  }

  /** As `decode`, for a message that the other end has measured, not encoded. */
  received(message: DeviceMessage): void {
    if (message.kind === 'open' || message.kind === 'resume') this.#admission.admit(message.credentials);
    this.#shared.deviceSent(message);
  }
}
