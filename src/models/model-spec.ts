// What a person may write where a model is asked for: the one place where such a text is told apart. It looks nothing up.

import { OutriderError } from '../basics/errors.ts';

/** A model as it was asked for; only a `file` has one. */
export type ModelSpec =
  /** "toy", "toy:SEED", "toy:SEED:AGREEMENT": a made-up language, and a draft that agrees with it so often. */
  | { readonly kind: 'toy'; readonly seed: number; readonly agreement?: number }
  /** Looks back in the text. */
  | { readonly kind: 'ngram' }
  /** Nothing drafts. */
  | { readonly kind: 'none' }
  /** A name in the manifest, or the path of a GGUF file. */
  | { readonly kind: 'file'; readonly nameOrPath: string };

/** @throws OutriderError `bad-argument` for a toy with a bad seed or agreement */
export function parseModelSpec(text: string): ModelSpec {
  if (text === 'ngram' || text === 'none') return { kind: text };
  if (text === 'toy' || text.startsWith('toy:')) return parseToy(text);
  return { kind: 'file', nameOrPath: text };
}

/** Whether there is a file to get and to load; everything else takes next to no memory. @throws as {@link parseModelSpec} */
export function needsFile(text: string): boolean {
  return parseModelSpec(text).kind === 'file';
}

function parseToy(text: string): ModelSpec {
  const [match, seed = '1', agreement] = /^toy(?::(\d{1,15})(?::(0|1|0?\.\d+|1\.0*))?)?$/.exec(text) ?? [];
  if (match === undefined) {
    throw new OutriderError(
      'bad-argument',
      `"${text}" is not a toy model`,
      'Write toy:SEED or toy:SEED:AGREEMENT, for example toy:1:0.8.',
    );
  }
  return { kind: 'toy', seed: Number(seed), ...(agreement === undefined ? {} : { agreement: Number(agreement) }) };
}
