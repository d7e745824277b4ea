// What exact text costs on this machine: the target's shape law, a short check that no bit differs under it, and the times of its steps
// beside those of the same engine without a law.

import { CloseStack } from '../../core/basics/close-stack.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import { median } from '../../core/basics/statistics.ts';
import { describeLaw, freeLaw } from '../../core/decoding/shape-law.ts';
import { sampleTokens } from '../../models/exactness/sample-text.ts';
import { checkShapes } from '../../models/exactness/shape-check.ts';
import { appendTokens } from '../../models/port/append-tokens.ts';
import type { LanguageModel } from '../../models/port/model.ts';

/** A step of the target over so many rows of one sequence; medians, ms. */
export interface StepTime {
  readonly rows: number;
  /** Under the law that the target keeps to. */
  readonly ms: number;
  /** By the same engine without a law, measured in turns with it; null: not measured. */
  readonly nativeMs: number | null;
}

/** A step under the law and without it, ms. */
export interface ExactCost extends StepTime {
  readonly nativeMs: number;
  /** `ms` over `nativeMs`. */
  readonly ratio: number;
}

/** Row counts of the steps whose cost is shown. */
export const comparedRows: readonly number[] = [1, 2, 4, 8];

/** Enough to meet every kernel that sessions meet, and few enough for a large model. */
const shortCheck = { contextLengths: [32], positions: 12 };
const shortCallSizes = [2, 3, 4, 5, 8, 12];

const stepRows = [1, 2, 3, 4, 5, 6, 7, 8];
const contextTokens = 64;
const repeats = 7;
/** A clock may be too coarse for a toy. */
const leastMs = 0.01;

const layouts = { repacked: 'weights repacked for this processor; ', plain: 'weights not repacked; ' } as const;

export function describeExactness({ limits, exactness }: LanguageModel): string {
  const law = describeLaw(limits.law);
  if (exactness === undefined) return `${law}; this engine has no rounding of its own`;
  const { weights } = exactness;
  const found = `when it was found, ${exactness.comparisons} positions were compared, no bit differed`;
  return `${law}; ${weights === undefined ? '' : layouts[weights]}${found}`;
}

/** Whether the law asks nothing of the engine, so that there is nothing to compare. */
export function isNative({ limits, exactness }: LanguageModel): boolean {
  const asksNothing = describeLaw(limits.law) === describeLaw(freeLaw);
  return exactness === undefined || (asksNothing && exactness.weights !== 'plain');
}

/** Where the native engine was not measured, the ratio is that which was measured when the law was found. */
export function exactCosts({ exactness }: LanguageModel, steps: readonly StepTime[]): ExactCost[] {
  return steps.map(({ rows, ms, nativeMs: measuredMs }) => {
    const found = exactness?.costs.find((cost) => cost.rows === rows && cost.nativeMs > 0);
    const nativeMs = measuredMs ?? (found === undefined ? ms : ms / (found.ms / found.nativeMs));
    return { rows, ms, nativeMs, ratio: ms / nativeMs };
  });
}

export function describeCosts(costs: readonly ExactCost[], wasMeasured: boolean): string {
  const shown = costs.filter(({ rows }) => comparedRows.includes(rows));
  const list = (value: (cost: ExactCost) => number, digits: number): string =>
    shown.map((cost) => value(cost).toFixed(digits)).join(', ');
  const native = `steps of ${list(({ rows }) => rows, 0)} rows would take ${list(({ nativeMs }) => nativeMs, 1)} ms`;
  const doubt = wasMeasured ? '' : ' (by what was measured when the law was found)';
  return `without the law ${native}${doubt}; exact ones take ${list(({ ratio }) => ratio, 2)} times as long`;
}

/** The short check of the bits. @throws OutriderError `internal` where one differs */
export async function checkShapesHere(model: LanguageModel): Promise<string> {
  const callSizes = shortCallSizes.filter((size) => size <= model.limits.maxItemTokens);
  const { comparisons, shapeMismatches, changedChoices } = await checkShapes(model, { ...shortCheck, callSizes });
  if (shapeMismatches === 0) return `${comparisons} positions, the same bits whatever the calls were`;
  const cause = `${shapeMismatches} of ${comparisons} positions differ with the shape of the call, ${changedChoices} choices among them`;
  const remedy =
    'delete the folder "laws" in the cache, so that the law is searched again, and report it with the whole output';
  throw new OutriderError('internal', cause, remedy);
}

/** Steps of 1 to 8 rows, in order. @param native the target's engine without a law */
export async function measureSteps(target: LanguageModel, native: LanguageModel | null): Promise<readonly StepTime[]> {
  const [times, nativeTimes] = await timeSteps(native === null ? [target] : [target, native]);
  return stepRows.map((rows, at) => ({ rows, ms: times?.[at] ?? leastMs, nativeMs: nativeTimes?.[at] ?? null }));
}

/**
 * Models and row counts take turns, so that a disturbance of the machine falls on all of them alike.
 * @returns the median of each row count for each model, ms
 */
async function timeSteps(models: readonly LanguageModel[]): Promise<number[][]> {
  await using stack = new CloseStack();
  const timers: ((rows: number) => Promise<number>)[] = [];
  for (const model of models) timers.push(await stepTimer(model, Math.max(...stepRows), stack));
  const samples = models.map(() => stepRows.map((): number[] => []));
  // The first round is not counted: caches are cold.
  for (let repeat = 0; repeat <= repeats; repeat += 1) {
    for (const [at, rows] of stepRows.entries()) {
      for (const [index, time] of timers.entries()) {
        const ms = await time(rows);
        if (repeat > 0) samples[index]?.[at]?.push(ms);
      }
    }
  }
  return samples.map((ofModel) => ofModel.map((times) => Math.max(leastMs, median(times))));
}

/** @returns what one step of so many rows takes after a short context, which stays as it is */
async function stepTimer(model: LanguageModel, mostRows: number, stack: CloseStack) {
  const text = sampleTokens(model.tokenizer, contextTokens + mostRows);
  const sequence = model.openSequence();
  stack.defer(() => sequence.release());
  await appendTokens(model, sequence, text.slice(0, contextTokens));
  return async (rows: number): Promise<number> => {
    const startMs = performance.now();
    await appendTokens(model, sequence, text.slice(contextTokens, contextTokens + rows), { rows });
    const ms = performance.now() - startMs;
    await sequence.truncate(contextTokens);
    return ms;
  };
}
