// The toy language behind the model port, for tests and trials without a model file. decoding/toy-language.ts defines the language.

import { badArgument } from '../../core/basics/errors.ts';
import { freeLaw } from '../../core/decoding/shape-law.ts';
import { leastToyVocabulary, toyCandidates } from '../../core/decoding/toy-language.ts';
import type { LanguageModel } from './model.ts';
import { createReaderModel, type TokenReader } from './reader-model.ts';
import { textFingerprint } from './text-fingerprint.ts';
import { createToyTokenizer } from './toy-tokenizer.ts';

/** A toy language; see {@link createToyModel}. */
export interface ToyOptions {
  /** 0 or more; selects the language. */
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
    limits: { contextLength, maxSequences: sequences, maxItemTokens: 256, law: freeLaw },
    createReader: () => createToyReader(settings),
  });
}

function createToyReader(settings: Settings): TokenReader {
  const ids: number[] = [];
  return {
    get length() {
      return ids.length;
    },
    at: (index) => ids[index] as number,
    append(id) {
      ids.push(id);
    },
    truncate(length) {
      ids.length = length;
    },
    candidates: () => toyCandidates(ids, settings),
  };
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
    throw badArgument(
      `the toy's ${name} is ${value}`,
      `Give a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`,
    );
  }
}
