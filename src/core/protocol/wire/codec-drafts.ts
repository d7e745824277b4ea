// Encodes and decodes drafts and alternatives. Their positions are differences to the end of the last draft frame.

import type { ByteReader, ByteWriter } from '../../basics/bytes.ts';
import { invariant } from '../../basics/invariant.ts';
import { malformed } from './bytes.ts';
import { frame, type SharedState } from './codec-shared.ts';
import { limits } from './limits.ts';
import type { AlternativeMessage, DraftMessage } from './messages.ts';

const shortDrafts = 0x3f;
const shortAlternatives = 0x1f;

export function writeDraft(writer: ByteWriter, message: DraftMessage, shared: SharedState): ByteWriter {
  const { branch, first, tokens } = message;
  const count = tokens.length;
  const isNew = branch > shared.newest;
  const isTaken = !isNew && branch > shared.branch;
  invariant(count > 0 && (isNew ? branch === shared.newest + 1 : branch >= shared.branch), 'draft out of turn');
  if (isTaken) {
    writer.byte(frame.draft).byte(draftFlags.taken).varint(count);
    return writeAlternativeAt(writer, message, shared).ids(tokens);
  }
  invariant(isNew || first === shared.draftPosition, 'draft out of turn');
  if (count <= shortDrafts) writer.byte((isNew ? frame.draftNew : frame.draftExtend) | count);
  else
    writer
      .byte(frame.draft)
      .byte(isNew ? draftFlags.isNew : draftFlags.continues)
      .varint(count);
  if (isNew) writer.signed(first - shared.branchStart);
  return writer.ids(tokens);
}

/** Flags of a long draft frame. `taken`: it extends an alternative, which is the branch from now on. */
const draftFlags = { continues: 0, isNew: 1, taken: 2 } as const;

/** Which alternative is extended, and from where on. */
function writeAlternativeAt(
  writer: ByteWriter,
  { branch, first }: DraftMessage | AlternativeMessage,
  shared: SharedState,
): ByteWriter {
  return writer.varint(shared.newest - branch).signed(first - shared.draftPosition);
}

function readAlternativeAt(reader: ByteReader, shared: SharedState): Pick<AlternativeMessage, 'branch' | 'first'> {
  const branch = shared.newest - reader.varint(limits.textTokens);
  const first = shared.draftPosition + reader.signed(limits.textTokens);
  if (branch <= shared.branch) throw malformed('it extends an alternative that has not begun beside this branch');
  if (first < 0) throw malformed('an alternative starts before the text');
  return { branch, first };
}

export function writeAlternative(writer: ByteWriter, message: AlternativeMessage, shared: SharedState): ByteWriter {
  const { branch, base, first, tokens } = message;
  const count = tokens.length;
  const isNew = branch > shared.newest;
  const isKnown = isNew ? branch === shared.newest + 1 && first < shared.draftPosition : branch > shared.branch;
  invariant(count > 0 && base > 0 && base === shared.branch && isKnown, 'alternative out of turn');
  if (branch === shared.alternative && first === shared.alternativeEnd && count <= shortAlternatives) {
    return writer.byte(frame.alternativeAgain | count).ids(tokens);
  }
  if (isNew) writer.byte(frame.alternative).varint(shared.draftPosition - first);
  else writeAlternativeAt(writer.byte(frame.alternativeExtend), message, shared);
  return writer.varint(count).ids(tokens);
}

/** Whether a frame that begins so is of an alternative. */
export function beginsAlternative(head: number): boolean {
  const isShort = head > frame.alternativeAgain && head <= (frame.alternativeAgain | shortAlternatives);
  return isShort || head === frame.alternative || head === frame.alternativeExtend;
}

export function readAlternative(reader: ByteReader, head: number, shared: SharedState): AlternativeMessage {
  if (shared.branch === 0) throw malformed('an alternative before any branch has begun');
  const at = readAlternativeStart(reader, head, shared);
  if (at.first < 0) throw malformed('an alternative starts before the text');
  const isShort = head > frame.alternativeAgain;
  const count = isShort ? head & shortAlternatives : reader.varint(limits.alternativeTokens);
  if (count === 0) throw malformed('an alternative frame without tokens');
  return { kind: 'alternative', base: shared.branch, ...at, tokens: reader.ids(count, limits.maxId) };
}

function readAlternativeStart(
  reader: ByteReader,
  head: number,
  shared: SharedState,
): Pick<AlternativeMessage, 'branch' | 'first'> {
  if (head === frame.alternativeExtend) return readAlternativeAt(reader, shared);
  if (head === frame.alternative) {
    return { branch: shared.newest + 1, first: shared.draftPosition - reader.varint(limits.textTokens) };
  }
  if (shared.alternative <= shared.branch) throw malformed('it extends an alternative of an older branch');
  return { branch: shared.alternative, first: shared.alternativeEnd };
}
export function readDraft(reader: ByteReader, head: number, shared: SharedState): DraftMessage {
  const isShort = head >= frame.draftExtend;
  const flag = isShort ? Number(head >= frame.draftNew) : reader.byte();
  if (flag > draftFlags.taken) throw malformed(`a flag is ${flag}, 0 to 2 are allowed`);
  const isNew = flag === draftFlags.isNew;
  const count = isShort ? head & shortDrafts : reader.varint(limits.draftTokens);
  if (count === 0) throw malformed('a draft frame without drafts');
  if (flag === draftFlags.taken) {
    const at = readAlternativeAt(reader, shared);
    return { kind: 'draft', ...at, tokens: reader.ids(count, limits.maxId) };
  }
  if (!isNew && shared.branch === 0) throw malformed('a draft extends a branch before any branch has begun');
  const first = isNew ? shared.branchStart + reader.signed(limits.textTokens) : shared.draftPosition;
  if (first < 0) throw malformed('a draft starts before the text');
  const branch = isNew ? shared.newest + 1 : shared.branch;
  return { kind: 'draft', branch, first, tokens: reader.ids(count, limits.maxId) };
}
