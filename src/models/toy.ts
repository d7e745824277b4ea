// A seeded pseudo-language: what comes next is a pure function of the seed and the last few ids, so any two readers of the
// same text agree on it. A target and a draft of one seed think alike at a set rate. For tests and trials without a model
// file; it says nothing about the quality of text.

import { OutriderError } from '../basics/errors.ts';
import { philox } from '../basics/philox.ts';
import { type Candidates, candidateLimit } from '../decoding/candidates.ts';
import type { LanguageModel } from './model.ts';
import { createReaderModel, type TokenReader } from './reader-model.ts';
import { textFingerprint } from './text-fingerprint.ts';
import { createToyTokenizer, leastToyVocabulary, toyEndId, toyWordCount } from './toy-tokenizer.ts';

export interface ToyOptions {
  /** 0 or more; the language. */
  readonly seed: number;
  readonly role: 'target' | 'draft';
  /** How often the draft's best candidate is the target's, [0, 1]; a target ignores it. Default 0.8. */
  readonly agreement?: number;
  /** Default 49,152. */
  readonly vocabularySize?: number;
  /** Share of contexts whose best candidate ends the text, [0, 1]. Default 0. */
  readonly endRate?: number;
  /** Default 8. */
  readonly sequences?: number;
  /** Tokens of a sequence. Default 4,096. */
  readonly contextLength?: number;
}

type Settings = Required<ToyOptions>;

/** So many ids back the language remembers; shorter, and texts run into loops within a few hundred tokens. */
const memoryLength = 8;
const purpose = { rule: 1, ids: 2 } as const;
const inverseTwo32: number = 2 ** -32;

/** @throws OutriderError `bad-argument` */
export function createToyModel(options: ToyOptions): LanguageModel {
  const settings: Settings = {
    agreement: 0.8,
    vocabularySize: 49_152,
    endRate: 0,
    sequences: 8,
    contextLength: 4096,
    ...options,
  };
  check(settings);
  const { seed, role, agreement, vocabularySize, endRate, sequences, contextLength } = settings;
  const kind = role === 'target' ? 'target' : `draft that agrees at ${agreement}`;
  const description = `toy ${kind}, seed ${seed}, ${vocabularySize} tokens, end rate ${endRate}: a pseudo-language, not a model`;
  return createReaderModel({
    identity: { name: `toy:${seed}`, fingerprint: textFingerprint(description), description },
    tokenizer: createToyTokenizer(vocabularySize),
    limits: { contextLength, maxSequences: sequences, maxItemTokens: 256 },
    createReader: () => createToyReader(settings),
  });
}

function createToyReader(settings: Settings): TokenReader {
  const ids: number[] = [];
  return {
    get length() {
      return ids.length;
    },
    append(id) {
      ids.push(id);
    },
    truncate(length) {
      ids.length = length;
    },
    candidates: () => toyCandidates(ids, settings),
  };
}

/** What the language says after `ids`. */
export function toyCandidates(ids: readonly number[], settings: Settings): Candidates {
  const [contextLow, contextHigh] = hashContext(ids);
  const keyLow = settings.seed >>> 0;
  const keyHigh = Math.floor(settings.seed * inverseTwo32) >>> 0;
  const rule = new Uint32Array(4);
  philox(rule, contextLow, contextHigh, purpose.rule, 0, keyLow, keyHigh);
  const certainty = (rule[0] as number) * inverseTwo32;
  const words = distinctWords(contextLow, contextHigh, keyLow, keyHigh, toyWordCount(settings.vocabularySize));
  if ((rule[1] as number) * inverseTwo32 < settings.endRate) words[0] = toyEndId;
  const agrees = (rule[2] as number) * inverseTwo32 < agreementAt(certainty, settings.agreement);
  if (settings.role === 'draft' && !agrees) words.push(words.shift() as number);
  return { ids: words, logits: logitsOf(certainty) };
}

/** Agreement is likelier where the language is certain, as with real pairs; its mean over certainty is `agreement`. */
function agreementAt(certainty: number, agreement: number): number {
  return agreement + (certainty - 0.5) * 2 * Math.min(agreement, 1 - agreement);
}

/** The best candidate's lead grows with certainty from 0.1 to about 8; behind it the list falls as in real vocabularies. */
function logitsOf(certainty: number): number[] {
  const lead = 0.1 + 8 * certainty * certainty;
  return Array.from({ length: candidateLimit }, (_, rank) =>
    Math.fround(rank === 0 ? 20 + lead : 20 - 0.7 * Math.sqrt(rank)),
  );
}

/** Ids by Zipf's law: each doubling of the rank is as likely as any other from 16 on. */
function distinctWords(low: number, high: number, keyLow: number, keyHigh: number, wordCount: number): number[] {
  const octaves = Math.floor(Math.log2(wordCount)) - 3;
  const block = new Uint32Array(4);
  const words = new Set<number>();
  for (let draw = 0; words.size < candidateLimit; draw++) {
    philox(block, low, high, purpose.ids, draw, keyLow, keyHigh);
    for (const pair of [0, 2]) {
      const least = 16 << Math.floor((block[pair] as number) * inverseTwo32 * octaves);
      const rank = least + Math.floor((block[pair + 1] as number) * inverseTwo32 * least) - 15;
      if (rank <= wordCount && words.size < candidateLimit) words.add(rank);
    }
  }
  return [...words];
}

/** 64 bits of the last ids, by the multiply-and-shift steps of MurmurHash3. */
function hashContext(ids: readonly number[]): [low: number, high: number] {
  let low = 0x9747b28c;
  let high = 0x3c6ef372;
  for (let at = Math.max(0, ids.length - memoryLength); at < ids.length; at++) {
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

function check(settings: Settings): void {
  const ranges: [string, number, number, number, boolean][] = [
    ['seed', settings.seed, 0, Number.MAX_SAFE_INTEGER, true],
    ['agreement', settings.agreement, 0, 1, false],
    ['end rate', settings.endRate, 0, 1, false],
    ['vocabulary size', settings.vocabularySize, leastToyVocabulary, 1 << 20, true],
    ['sequences', settings.sequences, 1, 1 << 20, true],
    ['context length', settings.contextLength, 1, 1 << 24, true],
  ];
  for (const [name, value, least, most, whole] of ranges) {
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) continue;
    throw new OutriderError(
      'bad-argument',
      `the toy's ${name} is ${value}`,
      `Give a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`,
    );
  }
}
