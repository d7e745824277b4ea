// Checks whether a model gives the same logits in any calls: writes the same text in every way that sessions write it and compares
// the candidates bit for bit. The promise of exact text rests on it: opening a model, doctor and the exactness trial run it.

import { defined } from '../../core/basics/defined.ts';
import { badArgument } from '../../core/basics/errors.ts';
import { appendTokens } from '../port/append-tokens.ts';
import type { LanguageModel } from '../port/model.ts';
import { compareCandidates, type Difference } from './compare-candidates.ts';
import { sampleTokens } from './sample-text.ts';
import { type History, inLargestCalls, type Scene, sessionHistories } from './shape-histories.ts';

export interface ShapeCheckOptions {
  /** Tokens before the compared ones. Default 64, 600 and 1,500. */
  readonly contextLengths?: readonly number[];
  /** Tokens per call. Default 2 to the model's limit. */
  readonly callSizes?: readonly number[];
  /** Positions that are compared per size and context. Default: the largest size, and at least {@link leastPositions}. */
  readonly positions?: number;
  /** Histories that are compared beside calls of one size; default: all. */
  readonly histories?: readonly History[];
  /** Tokens per call in which the context is read; default: the model's limit. */
  readonly contextCall?: number;
  /** Tokens per call of the text that the others are compared with; default 1. More where such calls are known to give the same bits. */
  readonly referenceCall?: number;
  /** Stops at the first difference; default false. */
  readonly stopsAtMismatch?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ShapeCheckRow extends Difference {
  readonly contextLength: number;
  /** How the text was written: "calls of 5", "rolled back", ... */
  readonly history: string;
}

export interface ShapeCheckResult {
  readonly comparisons: number;
  readonly shapeMismatches: number;
  readonly changedChoices: number;
  readonly rows: readonly ShapeCheckRow[];
}

export const leastPositions = 63;

/** A way to write the compared text. */
interface Way extends History {
  readonly contextLength: number;
}

/** @throws OutriderError `bad-argument` when a context does not fit in the model */
export async function checkShapes(model: LanguageModel, options: ShapeCheckOptions = {}): Promise<ShapeCheckResult> {
  const {
    contextLengths = [64, 600, 1500],
    callSizes = sizesUpTo(model.limits.maxItemTokens),
    positions = Math.max(leastPositions, ...callSizes),
    histories = [...sessionHistories, inLargestCalls],
    stopsAtMismatch = false,
  } = options;
  checkRoom(model, contextLengths, positions);
  const text = sampleTokens(model.tokenizer, Math.max(...contextLengths) + positions + 1);
  const ways = contextLengths.flatMap((contextLength) => waysOf(contextLength, callSizes, histories));
  const rows: ShapeCheckRow[] = [];
  const sequence = model.openSequence();
  try {
    let scene: Scene | undefined;
    for (const { contextLength, name: history, write } of ways) {
      if (scene?.contextLength !== contextLength)
        scene = await setScene({ model, sequence, text, contextLength }, positions, options);
      await sequence.truncate(contextLength);
      const { from, found } = await write(scene);
      rows.push({
        contextLength,
        history,
        ...compareCandidates(scene.expected.slice(from, from + found.length), found),
      });
      options.onProgress?.(rows.length, ways.length);
      if (stopsAtMismatch && (rows.at(-1)?.mismatches ?? 0) > 0) break;
    }
  } finally {
    await sequence.release();
  }
  return summed(rows);
}

function waysOf(contextLength: number, callSizes: readonly number[], histories: readonly History[]): Way[] {
  const calls = callSizes.map((callSize): Way => {
    return { contextLength, name: `calls of ${callSize}`, write: (scene) => writeInCalls(scene, callSize) };
  });
  return [...calls, ...histories.map((history) => ({ contextLength, ...history }))];
}

async function writeInCalls({ model, sequence, compared }: Scene, callSize: number) {
  return { from: 0, found: await appendTokens(model, sequence, compared, { rows: compared.length, callSize }) };
}

/** The reference of all comparisons: by default token by token after the context. */
async function setScene(
  start: Omit<Scene, 'compared' | 'expected'>,
  positions: number,
  { contextCall, referenceCall = 1 }: ShapeCheckOptions,
): Promise<Scene> {
  const { model, sequence, text, contextLength } = start;
  const shared = Math.min(sequence.length, contextLength);
  await sequence.truncate(shared);
  await appendTokens(model, sequence, text.slice(shared, contextLength), defined({ callSize: contextCall }));
  const compared = text.slice(contextLength, contextLength + positions);
  const expected = await appendTokens(model, sequence, compared, { rows: compared.length, callSize: referenceCall });
  return { ...start, compared, expected };
}

/** Every size up to {@link leastPositions}; of larger ones the powers of two and their neighbours, where kernels change, and the last. */
export function sizesUpTo(most: number): number[] {
  const every = Array.from({ length: Math.min(most, leastPositions) - 1 }, (_, index) => index + 2);
  const larger: number[] = [];
  for (let power = leastPositions + 1; power <= most; power *= 2) larger.push(power - 1, power, power + 1);
  return [...new Set([...every, ...larger.filter((size) => size <= most), most])];
}

function checkRoom(model: LanguageModel, contextLengths: readonly number[], positions: number): void {
  const needed = Math.max(...contextLengths) + positions;
  if (needed <= model.limits.contextLength) return;
  throw badArgument(
    `comparing call shapes needs ${needed} tokens and the model holds ${model.limits.contextLength}`,
    'Open the model with a longer context, or compare at shorter ones.',
  );
}

function summed(rows: readonly ShapeCheckRow[]): ShapeCheckResult {
  const total = (key: 'comparisons' | 'mismatches' | 'changedChoices'): number =>
    rows.reduce((sum, row) => sum + row[key], 0);
  return {
    comparisons: total('comparisons'),
    shapeMismatches: total('mismatches'),
    changedChoices: total('changedChoices'),
    rows,
  };
}
