// Parses the text that names a model: toy, ngram, none, a name or a path. The only place that does. It reads no file.

import { badArgument } from '../../core/basics/errors.ts';

/** A requested model; only `file` has a file. */
export type ModelSpec =
  /** "toy", "toy:SEED", "toy:SEED:AGREEMENT": a pseudo-language, and a draft with this agreement. */
  | { readonly kind: 'toy'; readonly seed: number; readonly agreement?: number }
  /** Prompt look-up. */
  | { readonly kind: 'ngram' }
  | { readonly kind: 'none' }
  /** A name in the manifest, or the path of a GGUF file. */
  | { readonly kind: 'file'; readonly nameOrPath: string };

/** @throws OutriderError `bad-argument` for a toy with a bad seed or agreement */
export function parseModelSpec(text: string): ModelSpec {
  if (text === 'ngram' || text === 'none') return { kind: text };
  if (text === 'toy' || text.startsWith('toy:')) return parseToy(text);
  return { kind: 'file', nameOrPath: text };
}

/** Whether a file has to be fetched and loaded; the others need almost no memory. @throws as {@link parseModelSpec} */
export function needsFile(text: string): boolean {
  return parseModelSpec(text).kind === 'file';
}

function parseToy(text: string): ModelSpec {
  const [match, seed = '1', agreement] = /^toy(?::(\d{1,15})(?::(0|1|0?\.\d+|1\.0*))?)?$/.exec(text) ?? [];
  if (match === undefined) {
    throw badArgument(`"${text}" is not a toy model`, 'Write toy:SEED or toy:SEED:AGREEMENT, for example toy:1:0.8.');
  }
  return { kind: 'toy', seed: Number(seed), ...(agreement === undefined ? {} : { agreement: Number(agreement) }) };
}
