// One session of a trace as bytes and back. docs/research/traces.md describes the format.

import { type ByteReader, ByteWriter } from '../../src/core/basics/bytes.ts';
import { invariant } from '../../src/core/basics/invariant.ts';
import {
  isRightAt,
  type RecordedDraft,
  type RunnerUps,
  type TokenUnits,
  type TraceHeader,
  type TraceSession,
  TraceSessionBuilder,
} from './trace.ts';
import { brokenTrace } from './trace-header.ts';

const longestNameBytes = 1024;
const longestPromptTokens = 1_000_000;

/** @param hasRunnerUps as in the header */
export function writeTraceSession(session: TraceSession, hasRunnerUps: boolean): Uint8Array {
  const { id, task, prompt, answer, rightUnits, chainEnds, chainTokens, chainUnits } = session;
  invariant(rightUnits.length === answer.length && chainEnds.length === answer.length, 'a position without a draft');
  const writer = new ByteWriter().text(id).text(task);
  writer.varint(prompt.length).ids(prompt).varint(answer.length).ids(answer);
  writer.raw(bitsOf(session));
  for (let position = 0; position < answer.length; position += 1) {
    if (isRightAt(session, position)) {
      writeUnits(writer, rightUnits[position] as number);
      if (hasRunnerUps) writeRunnerUp(writer, session.rightRunnerUps, position);
      continue;
    }
    const start = position === 0 ? 0 : (chainEnds[position - 1] as number);
    const end = chainEnds[position] as number;
    writer.varint(end - start);
    for (let index = start; index < end; index += 1) {
      writeUnits(writer.varint(chainTokens[index] as number), chainUnits[index] as number);
      if (hasRunnerUps) writeRunnerUp(writer, session.chainRunnerUps, index);
    }
  }
  return writer.finish();
}

/** One bit for each position, set where the draft is right; the first is the lowest bit of the first byte. */
function bitsOf(session: TraceSession): Uint8Array {
  const bits = new Uint8Array(Math.ceil(session.answer.length / 8));
  for (let position = 0; position < session.answer.length; position += 1) {
    if (isRightAt(session, position)) bits[position >> 3] = (bits[position >> 3] as number) | (1 << (position & 7));
  }
  return bits;
}

function writeUnits(writer: ByteWriter, units: number): void {
  invariant(Number.isInteger(units) && units > 0 && units < 65_536, `${units} units of confidence`);
  writer.byte(units & 0xff).byte(units >> 8);
}

/** 0, or the id and 1 more, and the confidence. */
function writeRunnerUp(writer: ByteWriter, { tokens, units }: RunnerUps, index: number): void {
  const own = units[index] ?? 0;
  if (own === 0) writer.varint(0);
  else writeUnits(writer.varint((tokens[index] as number) + 1), own);
}

/** @throws OutriderError `bad-argument` for bytes that `writeTraceSession` does not write with this header */
export function readTraceSession(reader: ByteReader, header: TraceHeader): TraceSession {
  const { vocabularySize, answerTokens } = header;
  const id = reader.text(longestNameBytes);
  const task = reader.text(longestNameBytes);
  const prompt = reader.ids(reader.varint(longestPromptTokens), vocabularySize - 1);
  const answer = reader.ids(reader.varint(answerTokens), vocabularySize - 1);
  if (prompt.length === 0 || answer.length === 0) throw brokenTrace(`session ${id} has no prompt or no answer`);
  const endsAt = answer.findIndex((token) => header.endIds.includes(token));
  const length = endsAt < 0 ? answerTokens : endsAt + 1;
  if (answer.length !== length) throw brokenTrace(`the answer of session ${id} does not end where it has to`);
  const bits = reader.raw(Math.ceil(answer.length / 8));
  const builder = new TraceSessionBuilder();
  for (let position = 0; position < answer.length; position += 1) {
    const isRight = (((bits[position >> 3] as number) >> (position & 7)) & 1) === 1;
    if (isRight) builder.addRight(readUnits(reader), readRunnerUp(reader, header, answer[position] as number));
    else builder.addWrong(readChain(reader, header, answer[position] as number));
  }
  if (answer.length % 8 > 0 && (bits.at(-1) as number) >> (answer.length % 8) !== 0) {
    throw brokenTrace(`session ${id} has bits for positions that are not there`);
  }
  return builder.build({ id, task, prompt, answer });
}

function readChain(reader: ByteReader, header: TraceHeader, right: number): RecordedDraft[] {
  const length = reader.varint(header.wrongDepth);
  const chain: RecordedDraft[] = [];
  while (chain.length < length) {
    const token = reader.varint(header.vocabularySize - 1);
    chain.push({ token, units: readUnits(reader), runnerUp: readRunnerUp(reader, header, token) });
  }
  if (chain[0]?.token === right) throw brokenTrace('a draft is called wrong that is right');
  return chain;
}

/** @param first the draft beside it */
function readRunnerUp(reader: ByteReader, header: TraceHeader, first: number): TokenUnits | null {
  const { hasRunnerUps, vocabularySize } = header;
  const token = hasRunnerUps ? reader.varint(vocabularySize) - 1 : -1;
  if (token < 0) return null;
  if (token === first) throw brokenTrace('a draft is its own runner-up');
  return { token, units: readUnits(reader) };
}

function readUnits(reader: ByteReader): number {
  const units = reader.byte() | (reader.byte() << 8);
  if (units === 0) throw brokenTrace('a confidence of 0');
  return units;
}
