// Does a model give the same logits whatever the calls were? Writes the same text token by token and in calls of other sizes
// and compares the candidates bit for bit. What the promise of exact text rests on; doctor and the exactness trial run it.

import { OutriderError } from '../basics/errors.ts';
import type { Candidates } from '../decoding/candidates.ts';
import type { LanguageModel, ModelSequence } from './model.ts';

export interface ShapeCheckOptions {
  /** Tokens before the compared ones. Default 64, 600 and 1,500. */
  readonly contextLengths?: readonly number[];
  /** Tokens per call. Default 2 to the model's limit, at most 63. */
  readonly callSizes?: readonly number[];
  /** Positions that are compared per size and context. Default: the largest size, and at least 63. */
  readonly positions?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ShapeCheckRow {
  readonly contextLength: number;
  readonly callSize: number;
  readonly comparisons: number;
  /** Positions whose candidates differ in any id or any bit of a logit. */
  readonly mismatches: number;
  /** Those of them whose best candidate differs: text that would change at temperature 0. */
  readonly changedChoices: number;
  readonly largestDifference: number;
}

export interface ShapeCheckResult {
  readonly comparisons: number;
  readonly shapeMismatches: number;
  readonly changedChoices: number;
  readonly rows: readonly ShapeCheckRow[];
}

/** @throws OutriderError `bad-argument` when a context does not fit in the model */
export async function checkShapes(model: LanguageModel, options: ShapeCheckOptions = {}): Promise<ShapeCheckResult> {
  const largestCall = Math.min(model.limits.maxItemTokens, 63);
  const {
    contextLengths = [64, 600, 1500],
    callSizes = Array.from({ length: largestCall - 1 }, (_, index) => index + 2),
    positions = Math.max(63, ...callSizes),
    onProgress,
  } = options;
  checkRoom(model, contextLengths, positions);
  const sequence = model.openSequence();
  const rows: ShapeCheckRow[] = [];
  try {
    const text = variedTokens(model, Math.max(...contextLengths) + positions);
    for (const contextLength of contextLengths) {
      await sequence.truncate(0);
      await evaluateInCalls(model, sequence, text.slice(0, contextLength), largestCall, false);
      const compared = text.slice(contextLength, contextLength + positions);
      const single = await evaluateInCalls(model, sequence, compared, 1, true);
      for (const callSize of callSizes) {
        await sequence.truncate(contextLength);
        const found = await evaluateInCalls(model, sequence, compared, callSize, true);
        rows.push({ contextLength, callSize, ...compare(single, found) });
        onProgress?.(rows.length, contextLengths.length * callSizes.length);
      }
    }
  } finally {
    await sequence.release();
  }
  const total = (key: 'comparisons' | 'mismatches' | 'changedChoices'): number =>
    rows.reduce((sum, row) => sum + row[key], 0);
  return {
    comparisons: total('comparisons'),
    shapeMismatches: total('mismatches'),
    changedChoices: total('changedChoices'),
    rows,
  };
}

function checkRoom(model: LanguageModel, contextLengths: readonly number[], positions: number): void {
  const needed = Math.max(...contextLengths) + positions;
  if (needed <= model.limits.contextLength) return;
  throw new OutriderError(
    'bad-argument',
    `comparing call shapes needs ${needed} tokens and the model holds ${model.limits.contextLength}`,
    'Open the model with a longer context, or compare at shorter ones.',
  );
}

/** Plain sentences with enough variety that no position is like another. */
export function variedTokens(model: LanguageModel, count: number): number[] {
  const ids: number[] = [];
  for (let line = 1; ids.length < count; line++) {
    const year = 1800 + ((line * 37) % 220);
    ids.push(
      ...model.tokenizer.encode(`In ${year}, bridge number ${line} had ${line * 3 + 4} arches over the water. `),
    );
    if (line % 3 === 0) ids.push(...model.tokenizer.encode(`Why? Because f(${line}) = ${line * line};\n`));
  }
  return ids.slice(0, count);
}

async function evaluateInCalls(
  model: LanguageModel,
  sequence: ModelSequence,
  tokens: readonly number[],
  callSize: number,
  wantsRows: boolean,
): Promise<Candidates[]> {
  const found: Candidates[] = [];
  for (let at = 0; at < tokens.length; at += callSize) {
    const part = tokens.slice(at, at + callSize);
    const [rows] = await model.evaluate([{ sequence, tokens: part, rows: wantsRows ? part.length : 0 }]);
    found.push(...(rows ?? []));
  }
  return found;
}

function compare(
  expected: readonly Candidates[],
  found: readonly Candidates[],
): Omit<ShapeCheckRow, 'contextLength' | 'callSize'> {
  let mismatches = 0;
  let changedChoices = 0;
  let largestDifference = 0;
  for (const [index, one] of expected.entries()) {
    const other = found[index] as Candidates;
    if (one.ids[0] !== other.ids[0]) changedChoices++;
    const logits = new Map(other.ids.map((id, at) => [id, other.logits[at]]));
    const differences = one.ids.map((id, at) => Math.abs((logits.get(id) ?? Number.NaN) - (one.logits[at] as number)));
    const same = one.ids.every((id, at) => id === other.ids[at]) && differences.every((difference) => difference === 0);
    if (!same || one.ids.length !== other.ids.length) mismatches++;
    largestDifference = Math.max(largestDifference, ...differences.filter((difference) => difference >= 0));
  }
  return { comparisons: expected.length, mismatches, changedChoices, largestDifference };
}
