// Encodes and decodes `open` and `resume`. They are sent once per connection, and their positions are absolute.

import { type ByteReader, type ByteWriter, readFloat64, readUint64 } from '../../basics/bytes.ts';
import { defined } from '../../basics/defined.ts';
import { OutriderError } from '../../basics/errors.ts';
import { type Grammar, grammarBytesLimit, grammarKinds } from '../../decoding/grammar.ts';
import { topLogprobsLimit } from '../../decoding/logprobs.ts';
import type { Sampling } from '../../decoding/sampling.ts';
import { malformed } from './bytes.ts';
import { limits } from './limits.ts';
import { type OpenMessage, protocolVersion, type ResumeMessage } from './messages.ts';
import { type ModeName, modeNames } from './mode.ts';

const sessionBytes = 16;
const hashBytes = 32;
const noNamespace = '0'.repeat(2 * sessionBytes);

function writeSampling(writer: ByteWriter, sampling: Sampling): void {
  writer.float64(sampling.temperature).varint(sampling.topK).float64(sampling.topP).float64(sampling.minP);
  writer.float64(sampling.presencePenalty).float64(sampling.frequencyPenalty).float64(sampling.repetitionPenalty);
  writer.varint(sampling.logitBias.length);
  for (const [id, bias] of sampling.logitBias) writer.varint(id).float64(bias);
  writer.uint64(sampling.seed);
}

function readSampling(reader: ByteReader): Sampling {
  const temperature = readFloat64(reader);
  const topK = reader.varint(limits.maxId);
  const topP = readFloat64(reader);
  const minP = readFloat64(reader);
  const presencePenalty = readFloat64(reader);
  const frequencyPenalty = readFloat64(reader);
  const repetitionPenalty = readFloat64(reader);
  const logitBias: [number, number][] = [];
  for (let left = reader.varint(limits.logitBiases); left > 0; left -= 1) {
    logitBias.push([reader.varint(limits.maxId), readFloat64(reader)]);
  }
  const seed = readUint64(reader);
  return { temperature, topK, topP, minP, presencePenalty, frequencyPenalty, repetitionPenalty, logitBias, seed };
}

function writeFirstFields(writer: ByteWriter, message: OpenMessage | ResumeMessage): ByteWriter {
  return writer.varint(message.version).text(message.credentials).varint(message.padding);
}

export function writeOpen(writer: ByteWriter, message: OpenMessage): ByteWriter {
  writeFirstFields(writer, message).hex(message.session).hex(message.conversation);
  writer.hex(message.namespace ?? noNamespace).varint(message.attempt);
  writer.hex(message.tokenizerHash).byte(modeNames.indexOf(message.mode));
  writeSampling(writer, message.sampling);
  writer.varint(message.stopStrings.length);
  for (const stop of message.stopStrings) writer.text(stop);
  writer.varint(message.maxAnswerTokens).varint(message.flowControlWindow).varint(message.maxAhead);
  writer.varint(plusOne(message.promptLogprobs));
  writer.varint(message.prompt.length).varint(message.answer.length).ids(message.prompt).ids(message.answer);
  const { grammar, topLogprobs, targetMsPerToken: target } = message;
  if (grammar === undefined && topLogprobs === undefined && target === undefined) return writer;
  if (grammar === undefined) writer.byte(0);
  else writer.byte(1 + grammarKinds.indexOf(grammar.kind)).text(grammar.text);
  writer.varint(plusOne(topLogprobs));
  return target === undefined ? writer : writer.varint(microseconds(target));
}

/** At least one: 0 is no target. */
function microseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1000));
}

/** How a number that may be absent is written; the reverse is {@link readPlusOne}. */
function plusOne(count: number | undefined): number {
  return count === undefined ? 0 : 1 + count;
}

function readPlusOne(reader: ByteReader): number | undefined {
  const written = reader.varint(1 + topLogprobsLimit);
  return written === 0 ? undefined : written - 1;
}

/** A field that the frame leaves out is not requested; the zeros of a padded frame have the same meaning. */
function readGrammar(reader: ByteReader): Grammar | undefined {
  const number = reader.byte();
  if (number === 0) return undefined;
  const kind = grammarKinds[number - 1];
  if (kind === undefined) throw malformed('the grammar is of a kind that this edge does not know');
  return { kind, text: reader.text(grammarBytesLimit) };
}

/** @returns only what was asked for */
function readAsked(
  reader: ByteReader,
  { flowControlWindow, padding }: Pick<OpenMessage, 'flowControlWindow' | 'padding'>,
): Pick<OpenMessage, 'grammar' | 'topLogprobs' | 'targetMsPerToken'> {
  if (reader.remaining === 0) return {};
  const grammar = readGrammar(reader);
  const topLogprobs = reader.remaining === 0 ? undefined : readPlusOne(reader);
  if (topLogprobs !== undefined && flowControlWindow > limits.maxScoredWindow)
    throw malformed(`with logprobs the flow-control window is at most ${limits.maxScoredWindow}`);
  const target = reader.remaining === 0 ? undefined : reader.varint(limits.stepMicroseconds);
  const targetMsPerToken = target === undefined || target === 0 ? undefined : target / 1000;
  const asksNothing = grammar === undefined && topLogprobs === undefined && target === undefined;
  if ((asksNothing || target === 0) && padding === 0) throw malformed('it ends with bytes that ask for nothing');
  return defined({ grammar, topLogprobs, targetMsPerToken });
}

/** Judges an attach while it is read, so that what is refused costs little. */
export interface Admission {
  /** Called with the credentials before the rest of the frame is read. It may throw. */
  admit(credentials: string): void;
  /** Called with the lengths of the text before its ids are read. It may throw. */
  measured?(promptLength: number, answerLength: number): void;
}

/** The version is the first field in every protocol version, so that a client of another version gets a clear error. */
function readFirstFields(
  reader: ByteReader,
  { admit }: Admission,
): Pick<OpenMessage, 'version' | 'credentials' | 'padding'> {
  const version = reader.varint(Number.MAX_SAFE_INTEGER);
  if (version !== protocolVersion) {
    const cause = `the device speaks protocol ${version}, the edge ${protocolVersion}`;
    throw new OutriderError('version-mismatch', cause, 'install the same version of outrider on both');
  }
  const credentials = reader.text(limits.credentialBytes);
  admit(credentials);
  return { version, credentials, padding: reader.varint(limits.maxPadding) };
}

function readMode(reader: ByteReader): ModeName {
  const mode = modeNames[reader.byte()];
  if (mode === undefined) throw malformed('the mode is not one that this edge knows');
  return mode;
}

export function readOpen(reader: ByteReader, admission: Admission): OpenMessage {
  const first = readFirstFields(reader, admission);
  const [session, conversation] = [reader.hex(sessionBytes), reader.hex(sessionBytes)];
  const namespace = readNamespace(reader);
  const attempt = reader.varint(Number.MAX_SAFE_INTEGER);
  const tokenizerHash = reader.hex(hashBytes);
  const mode = readMode(reader);
  const sampling = readSampling(reader);
  const stopStrings: string[] = [];
  for (let left = reader.varint(limits.stopStrings); left > 0; left -= 1) {
    stopStrings.push(reader.text(limits.stopStringBytes));
  }
  const maxAnswerTokens = reader.varint(limits.textTokens);
  const flowControlWindow = reader.varint(limits.maxFlowControlWindow);
  const maxAhead = reader.varint(limits.maxAhead);
  const promptLogprobs = readPlusOne(reader);
  const [promptCount, answerCount] = [reader.varint(limits.textTokens), reader.varint(limits.textTokens)];
  if (promptCount === 0) throw malformed('the prompt is empty');
  if (flowControlWindow < limits.minFlowControlWindow)
    throw malformed(
      `the flow-control window is ${flowControlWindow}, at least ${limits.minFlowControlWindow} is needed`,
    );
  admission.measured?.(promptCount, answerCount);
  const prompt = reader.ids(promptCount, limits.maxId);
  const answer = reader.ids(answerCount, limits.maxId);
  const asked = readAsked(reader, { flowControlWindow, padding: first.padding });
  const own = { session, conversation, attempt, tokenizerHash, ...defined({ namespace, promptLogprobs }) };
  const identity = { kind: 'open', ...first, ...own } as const;
  const bounds = { maxAnswerTokens, flowControlWindow, maxAhead };
  return { ...identity, mode, sampling, stopStrings, ...bounds, prompt, answer, ...asked };
}

function readNamespace(reader: ByteReader): string | undefined {
  const namespace = reader.hex(sessionBytes);
  return namespace === noNamespace ? undefined : namespace;
}

export function writeResume(writer: ByteWriter, message: ResumeMessage): ByteWriter {
  return writeFirstFields(writer, message).hex(message.session).varint(message.attempt).varint(message.length);
}

export function readResume(reader: ByteReader, admission: Admission): ResumeMessage {
  const first = readFirstFields(reader, admission);
  const session = reader.hex(sessionBytes);
  const attempt = reader.varint(Number.MAX_SAFE_INTEGER);
  return { kind: 'resume', ...first, session, attempt, length: reader.varint(limits.textTokens) };
}
