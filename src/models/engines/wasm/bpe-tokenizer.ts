// Text to ids without llama.cpp, from a model file's own metadata: byte-level BPE with the pre-tokenizer of the shipped models.

import { encodeUtf8 } from '../../../core/basics/utf8.ts';
import { unreadable } from '../../gguf/cursor.ts';
import { readMappedDraft } from '../../gguf/draft-metadata.ts';
import { type ByteSource, byteSource, type GgufValue, readGgufHeader } from '../../gguf/gguf.ts';
import { characterOfByte, tokenType, vocabularyOf } from '../../gguf/vocabulary.ts';
import type { Tokenizer } from '../../port/model.ts';
import { readChatFormat } from './chat-format.ts';
import { mergeTokens } from './merge-tokens.ts';

/** Digits stand alone before words are found. */
const digit = /\p{N}/gu;
/** The words of "smollm". JavaScript's \s has other characters than Unicode's white space. */
const word =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})/gu;
/** So many words are kept with their ids, if they are no longer than this. */
const mostKnown = 20_000;
const longestKnown = 64;

/**
 * The tokenizer of a GGUF file of the SmolLM2 family, without llama.cpp; of a draft with a part of its target's vocabulary, the target's. Its
 * hash is that of every engine for the same file. Of the file only the header is read, 1.8 to 2.3 MB.
 * @throws OutriderError `model-unreadable` for a damaged file, another tokenizer or another chat template; what `read` throws
 */
export async function openGgufTokenizer(file: ArrayBuffer | Uint8Array | ByteSource): Promise<Tokenizer> {
  const header = await readGgufHeader(byteSource(file));
  return openBpeTokenizer(readMappedDraft(header)?.tokenizer ?? header.metadata);
}

/**
 * The tokenizer of a model of the SmolLM2 family, whose hash is that of every engine for the same file.
 * @param metadata `tokenizer.*` as in a model file
 * @throws OutriderError `model-unreadable` for another tokenizer or chat template
 */
export function openBpeTokenizer(metadata: ReadonlyMap<string, GgufValue>): Tokenizer {
  const { hash, vocabularySize, endIds, bytes } = vocabularyOf({ metadata });
  const encodeWord = wordEncoder(metadata);
  const encodePlain = (text: string): number[] =>
    split(text, digit).flatMap((part) => split(part, word).flatMap(encodeWord));
  const special = specialTokens(metadata);
  const always = special.filter(({ isUserDefined }) => isUserDefined);
  const encode = (text: string): number[] => encodeAround(text, always, encodePlain);
  const template = metadata.get('tokenizer.chat_template')?.value;
  const format = readChatFormat(template === undefined ? undefined : String(template));
  return {
    hash,
    vocabularySize,
    endIds,
    bytes,
    encode,
    encodeChat: (messages) =>
      format(messages).flatMap(({ text, isSpecial }) =>
        isSpecial ? encodeAround(text, special, encodePlain) : encode(text),
      ),
  };
}

/** @throws OutriderError `model-unreadable` */
function wordEncoder(metadata: ReadonlyMap<string, GgufValue>): (word: string) => readonly number[] {
  const field = (key: string): GgufValue | undefined => metadata.get(`tokenizer.ggml.${key}`);
  const kinds = [field('model')?.value, field('pre')?.value];
  if (kinds[0] !== 'gpt2' || kinds[1] !== 'smollm') {
    const cause = `has the tokenizer "${kinds.join(' ')}"; without llama.cpp, "gpt2 smollm" is the only one`;
    throw unreadable(cause, 'take a model of the SmolLM2 family');
  }
  const merges = field('merges');
  if (merges?.type !== 'array' || merges.elementType !== 'string') throw unreadable('has no list of merges');
  // Made for the first text: a worker that only computes is asked for none.
  let tables: WordTables | undefined;
  const known = new Map<string, readonly number[]>();
  return (text) => {
    const kept = known.get(text);
    if (kept !== undefined) return kept;
    tables ??= {
      rankOf: new Map((merges.value as readonly string[]).map((merge, rank) => [merge, rank])),
      idOf: new Map(tokensOf(metadata).map((token, id) => [token, id])),
    };
    const ids = idsOf(text, tables);
    if (known.size < mostKnown && text.length <= longestKnown) known.set(text, ids);
    return ids;
  };
}

interface WordTables {
  /** Place of a merge, "LEFT RIGHT", in their list. */
  readonly rankOf: ReadonlyMap<string, number>;
  readonly idOf: ReadonlyMap<string, number>;
}

function idsOf(text: string, { rankOf, idOf }: WordTables): number[] {
  const letters = Array.from(encodeUtf8(text), (byte) => characterOfByte[byte] as string);
  return mergeTokens(letters, rankOf).flatMap((part) => {
    const id = idOf.get(part);
    return id === undefined ? [...part].flatMap((letter) => idOf.get(letter) ?? []) : [id];
  });
}

function tokensOf(metadata: ReadonlyMap<string, GgufValue>): readonly string[] {
  return (metadata.get('tokenizer.ggml.tokens')?.value ?? []) as readonly string[];
}

interface SpecialToken {
  readonly text: string;
  readonly id: number;
  /** Found in every text. */
  readonly isUserDefined: boolean;
}

/** The longest first. */
function specialTokens(metadata: ReadonlyMap<string, GgufValue>): SpecialToken[] {
  const tokens = tokensOf(metadata);
  const types = (metadata.get('tokenizer.ggml.token_type')?.value ?? []) as readonly number[];
  const kinds: readonly (number | undefined)[] = [tokenType.unknown, tokenType.control, tokenType.userDefined];
  return tokens
    .map((text, id) => ({ text, id, isUserDefined: types[id] === tokenType.userDefined }))
    .filter(({ text, id }) => text !== '' && kinds.includes(types[id]))
    .sort((one, other) => other.text.length - one.text.length);
}

function encodeAround(
  text: string,
  special: readonly SpecialToken[],
  encodePlain: (text: string) => number[],
): number[] {
  for (const [index, token] of special.entries()) {
    if (!text.includes(token.text)) continue;
    const parts = text.split(token.text).map((part) => encodeAround(part, special.slice(index + 1), encodePlain));
    return parts.flatMap((ids, at) => (at === 0 ? ids : [token.id, ...ids]));
  }
  return encodePlain(text);
}

/** The matches, and what lies between them. */
function split(text: string, pattern: RegExp): string[] {
  const parts: string[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push(match[0]);
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}
