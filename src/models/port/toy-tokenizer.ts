// The toy's vocabulary: invented words of syllables, and one id for each byte so that any text can be written. Low ids are
// common words, as in real vocabularies. No engine and no file behind it.

import { invariant } from '../../core/basics/invariant.ts';
import { decodeUtf8, encodeUtf8 } from '../../core/basics/utf8.ts';
import { leastToyVocabulary, toyEndId, toyWordCount } from '../../core/decoding/toy-language.ts';
import type { Message, Tokenizer } from './model.ts';
import { textFingerprint } from './text-fingerprint.ts';

const consonants = 'bdfgklmnprstvz';
const vowels = 'aeiou';
const syllables: readonly string[] = [...consonants].flatMap((first) => [...vowels].map((second) => first + second));
const syllableNumber: ReadonlyMap<string, number> = new Map(syllables.map((text, index) => [text, index + 1]));

export function createToyTokenizer(vocabularySize: number): Tokenizer {
  invariant(vocabularySize >= leastToyVocabulary, `a toy vocabulary of ${vocabularySize}`);
  const firstByteId = toyWordCount(vocabularySize) + 1;
  const encode = (text: string): number[] => encodeText(text, firstByteId);
  return {
    hash: textFingerprint(`toy vocabulary, ${syllables.join('')}, ${vocabularySize}`),
    vocabularySize,
    endIds: new Set([toyEndId]),
    encode,
    encodeChat: (messages) => encode(chatText(messages)),
    bytes(id) {
      if (!Number.isInteger(id) || id < 0 || id >= vocabularySize) throw new RangeError(`no token ${id}`);
      if (id === toyEndId) return new Uint8Array(0);
      return id >= firstByteId ? Uint8Array.of(id - firstByteId) : encodeUtf8(toyWord(id));
    },
  };
}

function chatText(messages: readonly Message[]): string {
  return `${messages.map(({ role, content }) => `${role}: ${content}\n`).join('')}assistant:`;
}

/** A space and the id written in syllables instead of digits; every word stands for one id only. */
function toyWord(id: number): string {
  let word = '';
  for (let rest = id; rest > 0; ) {
    const digit = (rest - 1) % syllables.length;
    word = (syllables[digit] as string) + word;
    rest = (rest - 1 - digit) / syllables.length;
  }
  return ` ${word}`;
}

function encodeText(text: string, firstByteId: number): number[] {
  const ids: number[] = [];
  for (const part of text.split(/(?= )/)) {
    const word = wordId(part);
    if (word !== undefined && word < firstByteId) ids.push(word);
    else for (const byte of encodeUtf8(part)) ids.push(firstByteId + byte);
  }
  return ids;
}

function wordId(part: string): number | undefined {
  if (!/^ ([a-z]{2}){1,6}$/.test(part)) return undefined;
  let id = 0;
  for (let at = 1; at < part.length; at += 2) {
    const digit = syllableNumber.get(part.slice(at, at + 2));
    if (digit === undefined) return undefined;
    id = id * syllables.length + digit;
  }
  return id;
}

/** The text of some ids of any tokenizer. */
export function textOf(tokenizer: Tokenizer, ids: readonly number[]): string {
  return decodeUtf8(Uint8Array.from(ids.flatMap((id) => [...tokenizer.bytes(id)])));
}
