// Drafting by looking back: the text that followed the last occurrence of the latest few tokens is guessed to follow again
// (prompt look-up decoding, Saxena 2023). Costs microseconds and no weights; good where answers repeat their prompt.

import { OutriderError } from '../basics/errors.ts';
import type { Candidates } from '../decoding/candidates.ts';
import type { LanguageModel, Tokenizer } from './model.ts';
import { createReaderModel, type TokenReader } from './reader-model.ts';
import { textFingerprint } from './text-fingerprint.ts';

export interface NgramOptions {
  /** The target's: ids are only compared, never made. */
  readonly tokenizer: Tokenizer;
  /** Longest run of tokens that is looked up. Default 4. */
  readonly longestMatch?: number;
  /** Shortest run that counts as a match. Default 2: one token alone says little. */
  readonly shortestMatch?: number;
  /** Default 8. */
  readonly sequences?: number;
  /** Default 131,072. */
  readonly contextLength?: number;
}

/** @throws OutriderError `bad-argument` */
export function createNgramModel(options: NgramOptions): LanguageModel {
  const { tokenizer, longestMatch = 4, shortestMatch = 2, sequences = 8, contextLength = 131_072 } = options;
  const whole = Number.isInteger(longestMatch) && Number.isInteger(shortestMatch);
  if (!whole || shortestMatch < 1 || longestMatch < shortestMatch || longestMatch > 16) {
    throw new OutriderError(
      'bad-argument',
      `n-gram look-up with matches of ${shortestMatch} to ${longestMatch} tokens`,
      'Give two whole numbers from 1 to 16, the shorter one first.',
    );
  }
  const description = `n-gram look-up, matches of ${shortestMatch} to ${longestMatch} tokens: no model, repeats the text so far`;
  return createReaderModel({
    identity: { name: 'ngram', fingerprint: textFingerprint(description), description },
    tokenizer,
    limits: { contextLength, maxSequences: sequences, maxItemTokens: 256 },
    createReader: () => createNgramReader(shortestMatch, longestMatch),
  });
}

const noOpinion: Candidates = { ids: [], logits: [] };

function createNgramReader(shortestMatch: number, longestMatch: number): TokenReader {
  const ids: number[] = [];
  /** For each length, where each run of tokens ends; ends are in ascending order, so truncating pops them. */
  const endsOfRuns = Array.from({ length: longestMatch + 1 }, () => new Map<string, number[]>());
  const keyAt = (end: number, runLength: number): string => ids.slice(end - runLength, end).join(' ');
  return {
    get length() {
      return ids.length;
    },
    append(id) {
      ids.push(id);
      const end = ids.length;
      for (let run = shortestMatch; run <= Math.min(longestMatch, end); run++) {
        const ends = endsOfRuns[run] as Map<string, number[]>;
        const known = ends.get(keyAt(end, run));
        if (known === undefined) ends.set(keyAt(end, run), [end]);
        else known.push(end);
      }
    },
    truncate(length) {
      for (; ids.length > length; ids.pop()) {
        for (let run = shortestMatch; run <= Math.min(longestMatch, ids.length); run++) {
          const ends = endsOfRuns[run] as Map<string, number[]>;
          const key = keyAt(ids.length, run);
          const known = ends.get(key) as number[];
          known.pop();
          if (known.length === 0) ends.delete(key);
        }
      }
    },
    candidates() {
      const end = ids.length;
      for (let run = Math.min(longestMatch, end); run >= shortestMatch; run--) {
        // The last occurrence is the text's own end; the one before it has a continuation.
        const earlier = endsOfRuns[run]?.get(keyAt(end, run))?.at(-2);
        if (earlier !== undefined) return { ids: [ids[earlier] as number], logits: [0] };
      }
      return noOpinion;
    },
  };
}
