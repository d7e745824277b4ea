// A seeded pseudo-language: the next token is a pure function of the seed and the last few ids, so any two readers of the same text
// agree on it. A target and a draft of one seed agree at a set rate. Shared by the toy models and the simulation; it is no measure
// of text quality.

import { philox } from '../basics/philox.ts';
import { type Candidates, candidateLimit } from './candidates.ts';

export interface ToyLanguage {
  /** 0 or more; selects the language. */
  readonly seed: number;
  readonly role: 'target' | 'draft';
  /** Agreement: how often the draft's best candidate is the target's, [0, 1]; a target ignores it. */
  readonly agreement: number;
  /** At least {@link leastToyVocabulary}. */
  readonly vocabularySize: number;
  /** Share of contexts with an end token as the best candidate, [0, 1]. */
  readonly endRate: number;
  /** Number of candidates, 2 to {@link candidateLimit}; default all. Fewer are faster. */
  readonly candidateCount?: number;
}

/** The only special id. */
export const toyEndId = 0;
export const leastToyVocabulary = 1024;

/** The language depends on this many last ids; with fewer, texts run into loops within a few hundred tokens. */
export const toyMemoryLength = 8;
const byteCount = 256;
const purpose = { rule: 1, ids: 2 } as const;
const inverseTwo32: number = 2 ** -32;

/** Number of words; their ids start at 1, the ids of the bytes follow them. */
export function toyWordCount(vocabularySize: number): number {
  return vocabularySize - byteCount - 1;
}

/** The candidates after the first `length` ids; only the last {@link toyMemoryLength} of these matter. */
export function toyCandidates(ids: readonly number[], language: ToyLanguage, length: number = ids.length): Candidates {
  const { seed, role, agreement, vocabularySize, endRate, candidateCount = candidateLimit } = language;
  const [contextLow, contextHigh] = hashContext(ids, length);
  const keyLow = seed >>> 0;
  const keyHigh = Math.floor(seed * inverseTwo32) >>> 0;
  const rule = new Uint32Array(4);
  philox(rule, contextLow, contextHigh, purpose.rule, 0, keyLow, keyHigh);
  const certainty = (rule[0] as number) * inverseTwo32;
  const words = distinctWords([contextLow, contextHigh, keyLow, keyHigh], toyWordCount(vocabularySize), candidateCount);
  if ((rule[1] as number) * inverseTwo32 < endRate) words[0] = toyEndId;
  const agrees = (rule[2] as number) * inverseTwo32 < agreementAt(certainty, agreement);
  if (role === 'draft' && !agrees) words.push(words.shift() as number);
  return { ids: words, logits: logitsOf(certainty, candidateCount) };
}

/** Agreement is higher where the language is certain, as with real pairs; its mean over certainty is `agreement`. */
function agreementAt(certainty: number, agreement: number): number {
  return agreement + (certainty - 0.5) * 2 * Math.min(agreement, 1 - agreement);
}

/** The best candidate's lead grows with certainty from 0.1 to about 8; behind it the list falls as in real vocabularies. */
function logitsOf(certainty: number, count: number): number[] {
  const lead = 0.1 + 8 * certainty * certainty;
  return Array.from({ length: count }, (_, rank) => Math.fround(rank === 0 ? 20 + lead : 20 - 0.7 * Math.sqrt(rank)));
}

type HashAndKey = readonly [low: number, high: number, keyLow: number, keyHigh: number];

/** Ids by Zipf's law: each doubling of the rank is as likely as any other from 16 on. */
function distinctWords([low, high, keyLow, keyHigh]: HashAndKey, wordCount: number, count: number): number[] {
  const octaves = Math.floor(Math.log2(wordCount)) - 3;
  const block = new Uint32Array(4);
  const words = new Set<number>();
  for (let draw = 0; words.size < count; draw++) {
    philox(block, low, high, purpose.ids, draw, keyLow, keyHigh);
    for (const pair of [0, 2]) {
      const least = 16 << Math.floor((block[pair] as number) * inverseTwo32 * octaves);
      const rank = least + Math.floor((block[pair + 1] as number) * inverseTwo32 * least) - 15;
      if (rank <= wordCount && words.size < count) words.add(rank);
    }
  }
  return [...words];
}

/** 53 bits that identify the context of the first `length` ids: equal keys, equal candidates. */
export function toyContextKey(ids: readonly number[], length: number): number {
  const [low, high] = hashContext(ids, length);
  return low + (high >>> 11) * 2 ** 32;
}

/** 64 bits of the last ids, by the multiply-and-shift steps of MurmurHash3. */
function hashContext(ids: readonly number[], length: number): [low: number, high: number] {
  let low = 0x9747b28c;
  let high = 0x3c6ef372;
  for (let at = Math.max(0, length - toyMemoryLength); at < length; at++) {
    const id = ids[at] as number;
    low = mix(low ^ id);
    high = mix(high ^ Math.imul(id, 0x85ebca6b) ^ low);
  }
  return [low >>> 0, high >>> 0];
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) + 0x1b873593;
}
