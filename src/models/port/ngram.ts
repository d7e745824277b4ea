// Prompt look-up decoding (Saxena 2023): the continuation of the last occurrence of the latest few tokens is drafted again. Takes
// microseconds and no weights; good where answers repeat their prompt.

import { type Checks, checkOptions, having, optional, whole } from '../../core/basics/check-options.ts';
import { badArgument } from '../../core/basics/errors.ts';
import type { Candidates } from '../../core/decoding/candidates.ts';
import { NgramIndex } from '../../core/decoding/ngram-index.ts';
import { freeLaw } from '../../core/decoding/shape-law.ts';
import type { LanguageModel, Tokenizer } from './model.ts';
import { createReaderModel, type TokenReader } from './reader-model.ts';
import { textFingerprint } from './text-fingerprint.ts';

/** How far {@link createNgramModel} searches back. Lengths in tokens. */
export interface NgramOptions {
  /** The target's: ids are only compared. */
  readonly tokenizer: Tokenizer;
  /** Longest run of tokens that is looked up. Default 4. */
  readonly longestMatch?: number;
  /** Shortest run that counts as a match. Default 2: a match of one token predicts little. */
  readonly shortestMatch?: number;
  /** Default 8. */
  readonly sequences?: number;
  /** Default 131,072. */
  readonly contextLength?: number;
}

const ngramChecks: Checks<NgramOptions> = {
  tokenizer: having('a tokenizer', 'hash', 'vocabularySize', 'endIds', 'bytes'),
  longestMatch: optional(whole(1, 16)),
  shortestMatch: optional(whole(1, 16)),
  sequences: optional(whole(1)),
  contextLength: optional(whole(1)),
};

/** @throws OutriderError `bad-argument` */
export function createNgramModel(options: NgramOptions): LanguageModel {
  checkOptions('createNgramModel', options, ngramChecks);
  const { tokenizer, longestMatch = 4, shortestMatch = 2, sequences = 8, contextLength = 131_072 } = options;
  if (longestMatch < shortestMatch) {
    throw badArgument(
      `n-gram look-up with matches of ${shortestMatch} to ${longestMatch} tokens`,
      'Give two whole numbers from 1 to 16, the shorter one first.',
    );
  }
  const description = `n-gram look-up, matches of ${shortestMatch} to ${longestMatch} tokens: no model, repeats the text so far`;
  return createReaderModel({
    identity: { name: 'ngram', fingerprint: textFingerprint(description), description },
    tokenizer,
    limits: { contextLength, maxSequences: sequences, maxItemTokens: 256, law: freeLaw },
    createReader: () => createNgramReader(shortestMatch, longestMatch),
  });
}

const noOpinion: Candidates = { ids: [], logits: [] };

function createNgramReader(shortestMatch: number, longestMatch: number): TokenReader {
  const index = new NgramIndex(shortestMatch, longestMatch);
  return {
    get length() {
      return index.length;
    },
    at: (position) => index.at(position),
    append: (id) => index.append(id),
    truncate: (length) => index.truncate(length),
    candidates() {
      const id = index.next();
      return id === undefined ? noOpinion : { ids: [id], logits: [0] };
    },
  };
}
