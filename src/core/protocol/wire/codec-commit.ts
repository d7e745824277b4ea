// Encodes and decodes commits: a byte and an id for the usual ones, a long form for others, and one with logprobs. And logprobs of prompts.

import { type ByteReader, type ByteWriter, writeFloat32 } from '../../basics/bytes.ts';
import { type Logprobs, topLogprobsLimit } from '../../decoding/logprobs.ts';
import { malformed } from './bytes.ts';
import { frame, type SharedState } from './codec-shared.ts';
import { limits } from './limits.ts';
import type { CommitMessage, PromptScoredMessage } from './messages.ts';

const nextBranchFlag = 0x20;
const shortAccepted = 0x1f;

export function beginsCommit(head: number): boolean {
  return head >= frame.commitOne || head === frame.commit || head === frame.commitScored;
}

export function writeCommit(writer: ByteWriter, message: CommitMessage, shared: SharedState): ByteWriter {
  const { accepted, tokens, logprobs } = message;
  const branchStep = accepted > 0 ? message.branch - shared.committedBranch : 0;
  const isShort =
    message.first === shared.committedEnd && accepted <= shortAccepted && branchStep >= 0 && branchStep <= 1;
  if (logprobs === undefined && isShort && tokens.length <= 1 && accepted + tokens.length > 0) {
    const kind = tokens.length === 1 ? frame.commitOne : frame.commitAccepted;
    return writer.byte(kind | (branchStep === 1 ? nextBranchFlag : 0) | accepted).ids(tokens);
  }
  writer
    .byte(logprobs === undefined ? frame.commit : frame.commitScored)
    .signed(message.first - shared.committedEnd)
    .varint(accepted);
  if (accepted > 0) writer.signed(branchStep);
  writer.varint(tokens.length).ids(tokens);
  for (const one of logprobs ?? []) writeLogprobs(writer, one);
  return writer;
}

export function readCommit(reader: ByteReader, head: number, shared: SharedState): CommitMessage {
  if (head >= frame.commitOne) {
    const accepted = head & shortAccepted;
    const branch = accepted === 0 ? 0 : shared.committedBranch + ((head & nextBranchFlag) === 0 ? 0 : 1);
    const tokens = reader.ids(head >= frame.commitAccepted ? 0 : 1, limits.maxId);
    if (accepted + tokens.length === 0) throw malformed('a commit frame without tokens');
    return { kind: 'commit', first: shared.committedEnd, branch, accepted, tokens };
  }
  const first = shared.committedEnd + reader.signed(limits.textTokens);
  if (first < 0) throw malformed('a commit starts before the text');
  const accepted = reader.varint(limits.textTokens);
  const branch = accepted === 0 ? 0 : shared.committedBranch + reader.signed(limits.textTokens);
  const tokens = reader.ids(reader.varint(limits.textTokens), limits.maxId);
  const commit = { kind: 'commit', first, branch, accepted, tokens } as const;
  if (head === frame.commit) return commit;
  return { ...commit, logprobs: readSomeLogprobs(reader, accepted + tokens.length) };
}

export function writePromptScored(writer: ByteWriter, { first, logprobs }: PromptScoredMessage): ByteWriter {
  writer.byte(frame.promptScored).varint(first).varint(logprobs.length);
  for (const one of logprobs) writeLogprobs(writer, one);
  return writer;
}

export function readPromptScored(reader: ByteReader): PromptScoredMessage {
  const first = reader.varint(limits.textTokens);
  const count = reader.varint(limits.promptScores);
  if (first === 0 || count === 0) throw malformed('logprobs of no token, or of the first one of a prompt');
  return { kind: 'prompt-scored', first, logprobs: readSomeLogprobs(reader, count) };
}

function readSomeLogprobs(reader: ByteReader, count: number): readonly Logprobs[] {
  const logprobs: Logprobs[] = [];
  for (let left = count; left > 0; left -= 1) logprobs.push(readLogprobs(reader));
  return logprobs;
}

function writeLogprobs(writer: ByteWriter, { logprob, top }: Logprobs): void {
  writeFloat32(writer, logprob).varint(top.length);
  for (const one of top) writeFloat32(writer.varint(one.id), one.logprob);
}

function readLogprobs(reader: ByteReader): Logprobs {
  const logprob = checked(reader.float32());
  const top: { readonly id: number; readonly logprob: number }[] = [];
  for (let left = reader.varint(topLogprobsLimit); left > 0; left -= 1) {
    top.push({ id: reader.varint(limits.maxId), logprob: checked(reader.float32()) });
  }
  return { logprob, top };
}

function checked(logprob: number): number {
  if (logprob <= 0) return logprob;
  throw malformed('a logprob is no logarithm of a probability');
}
