// The histories of a session's text, beside calls of one size: prompts in chunks, rolled-back drafts, a remembered prompt, a
// handover, neighbours. Each writes the compared text once more; shape-check.ts compares the bits.

import { isOutriderError } from '../../core/basics/errors.ts';
import type { Candidates } from '../../core/decoding/candidates.ts';
import { appendTokens } from '../port/append-tokens.ts';
import type { EvaluateItem, LanguageModel, ModelSequence } from '../port/model.ts';

/** The start of a history: `sequence` holds the first `contextLength` tokens of `text`. */
export interface Scene {
  readonly model: LanguageModel;
  readonly sequence: ModelSequence;
  readonly text: readonly number[];
  readonly contextLength: number;
  /** The tokens after the context whose candidates are compared. */
  readonly compared: readonly number[];
  /** Their candidates, written token by token. */
  readonly expected: readonly Candidates[];
}

export interface Written {
  /** Index in `compared` of the first of `found`. */
  readonly from: number;
  readonly found: readonly Candidates[];
}

export interface History {
  readonly name: string;
  readonly write: (scene: Scene) => Promise<Written>;
}

/** Where a history starts with the prompt, this many tokens of a long context are evaluated again. */
const rewrittenTokens = 24;
/** Number of sequences in one call, if available; an exact engine merges no more. */
export const comparedSequences = 8;
/** Positions that are compared after a history of the context; one call may contain them. */
const followed = 4;

export const besideOthers: History = {
  name: 'beside others',
  write: (scene) => writeBesideOthers(scene, scene.sequence),
};

/** The same with items as long as prompt chunks. */
export const besideOthersAtLength: History = {
  name: 'beside others, long items',
  write: (scene) => writeBesideOthers(scene, scene.sequence, [16, 31]),
};

/** Histories that can depend on the length of the context. */
export const contextHistories: readonly History[] = [
  { name: 'rolled back', write: writeRolledBack },
  { name: 'handed over', write: writeHandedOver },
  besideOthers,
];

/**
 * A call as large as the law allows, of which the last rows are requested; the text before it was read in smaller ones. Then single rows.
 */
export const inLargestCalls: History = { name: 'prompt in the largest calls', write: writeInLargestCall };

/** Those that no large call is part of. */
export const sessionHistories: readonly History[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((rest): History => {
    return { name: `prompt, last chunk of ${rest === 0 ? 8 : rest}`, write: (scene) => writePrompt(scene, rest || 8) };
  }),
  { name: 'prompt from memory', write: writeFromMemory },
  { name: 'beside others, in another sequence', write: writeElsewhere },
  ...contextHistories,
];

/** The prompt ends with a chunk of `rest` tokens with candidates for the last one only; then steps of one row and of two. */
async function writePrompt({ model, sequence, contextLength, text, compared }: Scene, rest: number): Promise<Written> {
  const start = Math.max(0, contextLength - rewrittenTokens);
  await sequence.truncate(start);
  const end = contextLength + 1;
  await appendTokens(model, sequence, text.slice(start, end - rest));
  const first = await appendTokens(model, sequence, text.slice(end - rest, end), { rows: 1 });
  const next = compared.slice(1, followed);
  const second = await appendTokens(model, sequence, next, { rows: next.length, callSize: 1 + (rest % 2) });
  return { from: 0, found: [...first, ...second] };
}

/** Wrong drafts of every length are evaluated and erased before each step. */
async function writeRolledBack({ model, sequence, compared, text, contextLength }: Scene): Promise<Written> {
  const found: Candidates[] = [];
  for (let at = 0, wrong = 1; at < compared.length; wrong = (wrong % 9) + 1) {
    const right = compared.slice(at, at + 1 + (wrong % 3));
    const drafts = text.slice(wrong, 2 * wrong);
    const rows = await appendTokens(model, sequence, [...right, ...drafts], { rows: right.length + drafts.length });
    found.push(...rows.slice(0, right.length));
    at += right.length;
    await sequence.truncate(contextLength + at);
  }
  return { from: 0, found };
}

/** Another answer was written after the prompt; the next turn keeps only the prompt. */
async function writeFromMemory({ model, sequence, compared, text, contextLength }: Scene): Promise<Written> {
  const answer = text.slice(3, 3 + compared.length);
  await appendTokens(model, sequence, answer, { rows: answer.length, callSize: 5 });
  await sequence.truncate(contextLength);
  return { from: 0, found: await appendTokens(model, sequence, compared, { rows: compared.length, callSize: 3 }) };
}

async function writeInLargestCall({ model, sequence, contextLength, text, compared }: Scene): Promise<Written> {
  const inCall = Math.min(followed, compared.length);
  const end = contextLength + inCall;
  const start = Math.max(0, end - model.limits.maxItemTokens);
  await sequence.truncate(start);
  const first = await appendTokens(model, sequence, text.slice(start, end), { rows: inCall });
  const next = compared.slice(inCall, inCall + followed);
  const second = await appendTokens(model, sequence, next, { rows: next.length, callSize: 1 });
  return { from: 0, found: [...first, ...second] };
}

/** A handover: the new edge evaluates prompt and answer so far at once, and continues. */
async function writeHandedOver({ model, sequence, compared, text, contextLength }: Scene): Promise<Written> {
  const start = Math.max(0, contextLength - rewrittenTokens);
  await sequence.truncate(start);
  const from = Math.max(0, compared.length - followed);
  await appendTokens(model, sequence, text.slice(start, contextLength + from));
  const last = compared.slice(from);
  return { from, found: await appendTokens(model, sequence, last, { rows: last.length, callSize: 1 }) };
}

/** Steps of uneven length, as far as items may be so long, in one batch with steps and prompt chunks of other sequences. */
async function writeBesideOthers(
  { model, compared, text }: Scene,
  own: ModelSequence,
  lengths: readonly number[] = [1, 2, 3, 4, 5],
): Promise<Written> {
  const others = openUpTo(model, comparedSequences - 1);
  const found: Candidates[] = [];
  try {
    for (const [index, other] of others.entries()) {
      await appendTokens(model, other, text.slice(index, 2 * index + (index < 2 ? 17 : 3)));
    }
    for (let at = 0, step = 0; at < compared.length; step += 1) {
      const length = Math.min(lengths[step % lengths.length] as number, model.limits.maxItemTokens);
      const right = compared.slice(at, at + length);
      const mine: EvaluateItem = { sequence: own, tokens: right, rows: right.length };
      const items = [mine, ...others.map((other, index) => neighbour(other, text, step, index, right.length))];
      const results = await model.evaluate(step % 2 === 0 ? items : items.toReversed());
      found.push(...(results.at(step % 2 === 0 ? 0 : -1) ?? []));
      at += right.length;
    }
  } finally {
    for (const other of others) await other.release();
  }
  return { from: 0, found };
}

/**
 * Alternately as long as the compared item, so that all rows share a call, and of uneven length; some are prompt chunks without
 * requested rows.
 */
function neighbour(
  sequence: ModelSequence,
  text: readonly number[],
  step: number,
  index: number,
  ownCount: number,
): EvaluateItem {
  const count = step % 3 === 0 ? ownCount : 1 + ((3 * step + index) % 4);
  const tokens = text.slice(step, step + count);
  return { sequence, tokens, rows: (step + index) % 3 === 2 ? 0 : count };
}

/** The same with the compared text in a sequence of a higher number; without room nothing is compared. */
async function writeElsewhere(scene: Scene): Promise<Written> {
  const { model, text, contextLength } = scene;
  const [own] = contextLength > 100 ? [] : openUpTo(model, 1);
  if (own === undefined) return { from: 0, found: [] };
  try {
    await appendTokens(model, own, text.slice(0, contextLength));
    return await writeBesideOthers(scene, own);
  } finally {
    await own.release();
  }
}

function openUpTo(model: LanguageModel, count: number): ModelSequence[] {
  const opened: ModelSequence[] = [];
  try {
    while (opened.length < count) opened.push(model.openSequence());
  } catch (error) {
    if (!isOutriderError(error) || error.code !== 'edge-full') throw error;
  }
  return opened;
}
