// Requests raw logits from llama.cpp and sorts them. Behind a top-k sampler at temperature 1 the values are the model's own logits,
// and reading a position takes a few tenths of a millisecond; behind a greedy sampler it takes ten times as long.

import type { ControlledEvaluateIndexOutput, ControlledEvaluateInputItem, Token, TokenBias } from 'node-llama-cpp';
import { defined } from '../../core/basics/defined.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { invariant } from '../../core/basics/invariant.ts';
import {
  allowedCount,
  type Candidates,
  candidateLimit,
  isAllowed,
  largestCandidates,
  type RowAsk,
} from '../../core/decoding/candidates.ts';
import type { EvaluateItem } from '../port/model.ts';

/** Requested beyond the limit, so that ties at the cut are decided here (lower id first) and not by the engine's heap. */
const spareCount = 8;

type Wish = Exclude<ControlledEvaluateInputItem, Token>[1];

/** Temperature 1 leaves the logits as they are. */
const rawLogits = { temperature: 1, topP: 1, minP: 0, seed: 0 } as const;

const askForCandidates: Wish = {
  generateNext: { logits: true, options: { ...rawLogits, topK: candidateLimit + spareCount } },
};

/** Up to so many allowed ids are looked up one by one; more are cut by a bias on all others. */
const fewAllowed = 128;

/** What masks are made with. */
export interface Vocabulary {
  readonly size: number;
  /** Tokenizer of the loaded model. */
  readonly tokenizer: object;
}

/** The engine's input: candidates are requested after each of the last `rows` tokens. */
export function controlledInput(
  { tokens, rows, asks }: Pick<EvaluateItem, 'tokens' | 'rows' | 'asks'>,
  vocabulary: Vocabulary,
): ControlledEvaluateInputItem[] {
  const firstRow = tokens.length - rows;
  return tokens.map((token, index) =>
    index >= firstRow ? [token as Token, wishOf(asks?.[index - firstRow], vocabulary)] : (token as Token),
  );
}

function wishOf(ask: RowAsk | undefined, vocabulary: Vocabulary): Wish {
  if (ask === undefined) return askForCandidates;
  const { allowed, bias = [], normalises = false, logitOf, beside = [] } = ask;
  // Without top-k nothing is cut before the filter reads ids, and the weight counts every id that is left.
  const everything = { ...rawLogits, topK: 0 };
  const few = fewAllowedOf(allowed, vocabulary);
  if (few !== null)
    return { generateNext: { logits: { filter: { tokens: few as readonly Token[] } }, options: everything } };
  const masked = allowed === undefined ? {} : { tokenBias: without(allowed, vocabulary) };
  const named = [...bias.map(([id]) => id), ...(logitOf === undefined ? [] : [logitOf]), ...beside];
  if (named.length === 0 && !normalises)
    return { generateNext: { logits: true, options: { ...rawLogits, topK: candidateLimit + spareCount, ...masked } } };
  const filter = {
    tokens: named as readonly number[] as Token[],
    includeTop: candidateLimit + spareCount + named.length,
  };
  return {
    generateNext: { logits: { filter }, totalLogitWeight: normalises, options: { ...everything, ...masked } },
  };
}

/** For the sum over all logits, which one that is no number spoils; no list of them is sorted. */
export const askForWeight: Wish = {
  generateNext: {
    logits: { filter: { tokens: [0 as Token] } },
    totalLogitWeight: true,
    options: { ...rawLogits, topK: 0 },
  },
};

/** Null: more than {@link fewAllowed}, or all. */
function fewAllowedOf(allowed: Uint32Array | undefined, { size }: Vocabulary): readonly number[] | null {
  if (allowed === undefined || allowedCount(allowed, size) > fewAllowed) return null;
  const ids: number[] = [];
  for (let id = 0; id < size; id++) if (isAllowed(allowed, id)) ids.push(id);
  return ids;
}

/** A bias that leaves only the allowed ids. The library's own class takes no end tokens; of it only these two fields are read. */
function without(allowed: Uint32Array, { size, tokenizer }: Vocabulary): TokenBias {
  const biases = new Map<number, number>();
  for (let id = 0; id < size; id++) if (!isAllowed(allowed, id)) biases.set(id, Number.NEGATIVE_INFINITY);
  return { _tokenizer: tokenizer, _biases: biases } as unknown as TokenBias;
}

/** The candidates of the `rows` positions that end the item. */
export function readRows(
  outputs: readonly (ControlledEvaluateIndexOutput | undefined)[],
  { tokens, rows, asks }: Pick<EvaluateItem, 'tokens' | 'rows' | 'asks'>,
): Candidates[] {
  return Array.from({ length: rows }, (_, row) => {
    const next = outputs[tokens.length - rows + row]?.next;
    invariant(next?.logits !== undefined, 'llama.cpp returned no logits for a row that asked for them');
    return candidatesOf([...next.logits], next.totalLogitWeight, asks?.[row]);
  });
}

/** The pairs are the largest, and the engine's order of values that are no numbers is arbitrary: so each of them is checked. */
function candidatesOf(pairs: [number, number][], weight: number | undefined, ask: RowAsk | undefined): Candidates {
  for (const [, logit] of pairs) demandNumber(logit);
  // A logit of minus infinity is a mask.
  const possible = pairs.filter(([id, logit]) => logit !== Number.NEGATIVE_INFINITY && isAllowed(ask?.allowed, id));
  if (ask?.allowed === undefined && possible.length === 0) throw noNumbers('all logits are minus infinity');
  const normalises = ask?.normalises === true && possible.length > 0;
  const logNormaliser = normalises ? logNormaliserOf(possible, weight) : undefined;
  if (logNormaliser !== undefined) demandNumber(logNormaliser);
  const askedLogit = pairs.find(([id]) => id === ask?.logitOf)?.[1];
  return { ...largestCandidates(possible, ask?.bias, ask?.beside), ...defined({ logNormaliser, askedLogit }) };
}

function demandNumber(value: number): void {
  if (Number.isNaN(value) || value === Number.POSITIVE_INFINITY) throw noNumbers(`a logit is ${value}`);
}

/** The error for logits from which no text can be written. @param evidence completes "the model computes no numbers: ..." */
export function noNumbers(evidence: string): OutriderError {
  const remedy =
    'a damaged weight does this: get the file again, or make it anew; on a graphics processor also try --gpu off';
  return new OutriderError('engine-failed', `the model computes no numbers: ${evidence}`, remedy);
}

/** @param weight the sum of exp(logit - largest logit) of all; undefined: the pairs are all */
function logNormaliserOf(pairs: readonly [number, number][], weight: number | undefined): number {
  const largest = pairs.reduce((most, [, logit]) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const sum = weight ?? pairs.reduce((total, [, logit]) => total + Math.exp(logit - largest), 0);
  return largest + Math.log(sum);
}
