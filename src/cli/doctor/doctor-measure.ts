// What doctor measures of open models: how long steps and drafts take, and how many drafts hold. Seconds of small models, a minute of
// large ones.

import { CloseStack } from '../../core/basics/close-stack.ts';
import { median } from '../../core/basics/statistics.ts';
import { sampleTokens } from '../../models/exactness/sample-text.ts';
import { appendTokens } from '../../models/port/append-tokens.ts';
import type { LanguageModel, ModelSequence } from '../../models/port/model.ts';

/** A step of the target over so many rows of one sequence; medians, ms. */
export interface StepTime {
  readonly rows: number;
  /** Under the law that the target keeps to. */
  readonly ms: number;
  /** By the same engine without a law, measured in turns with it; null: not measured. */
  readonly nativeMs: number | null;
}

export interface MeasuredDrafts {
  readonly draftMs: number;
  /** Share of the target's greedy tokens that the draft would have written. */
  readonly acceptance: number;
  readonly comparedTokens: number;
}

const stepRows = [1, 2, 3, 4, 5, 6, 7, 8];
const prompts = [
  'Why is the sky blue?',
  'Write a function that adds two numbers in Python.',
  'Name three animals that live in the sea, and say what they eat.',
];
const answerTokens = 40;
const contextTokens = 64;
const repeats = 7;
/** A clock may be too coarse for a toy. */
const leastMs = 0.01;

/** Steps of 1 to 8 rows, in order. @param native the target's engine without a law */
export async function measureSteps(target: LanguageModel, native: LanguageModel | null): Promise<readonly StepTime[]> {
  const [times, nativeTimes] = await timeSteps(native === null ? [target] : [target, native], stepRows);
  return stepRows.map((rows, at) => ({ rows, ms: times?.[at] ?? leastMs, nativeMs: nativeTimes?.[at] ?? null }));
}

export async function measureDrafts(target: LanguageModel, draft: LanguageModel): Promise<MeasuredDrafts> {
  const [drafted] = await timeSteps([draft], [1]);
  let matched = 0;
  let compared = 0;
  for (const prompt of prompts) {
    await using stack = new CloseStack();
    const text = target.tokenizer.encodeChat([{ role: 'user', content: prompt }]);
    const answer = await writeGreedily(target, openSequence(target, stack), text);
    const reading = openSequence(draft, stack);
    // What the draft would have written itself, given all that comes before.
    const [first] = await bestAfter(draft, reading, text, 1);
    const own = [first, ...(await bestAfter(draft, reading, answer, answer.length))];
    matched += answer.filter((id, at) => own[at] === id).length;
    compared += answer.length;
  }
  return {
    draftMs: drafted?.[0] ?? leastMs,
    acceptance: compared === 0 ? 0 : matched / compared,
    comparedTokens: compared,
  };
}

/** Opens a sequence that is released with the stack. */
function openSequence(model: LanguageModel, stack: CloseStack): ModelSequence {
  const sequence = model.openSequence();
  stack.defer(() => sequence.release());
  return sequence;
}

/**
 * Models and row counts take turns, so that a disturbance of the machine falls on all of them alike.
 * @returns the median of each row count for each model, ms
 */
async function timeSteps(models: readonly LanguageModel[], rowCounts: readonly number[]): Promise<number[][]> {
  await using stack = new CloseStack();
  const timers: ((rows: number) => Promise<number>)[] = [];
  for (const model of models) timers.push(await stepTimer(model, Math.max(...rowCounts), stack));
  const samples = models.map(() => rowCounts.map((): number[] => []));
  // The first round is not counted: caches are cold.
  for (let repeat = 0; repeat <= repeats; repeat += 1) {
    for (const [at, rows] of rowCounts.entries()) {
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
  const sequence = openSequence(model, stack);
  await appendTokens(model, sequence, text.slice(0, contextTokens));
  return async (rows: number): Promise<number> => {
    const startMs = performance.now();
    await appendTokens(model, sequence, text.slice(contextTokens, contextTokens + rows), { rows });
    const ms = performance.now() - startMs;
    await sequence.truncate(contextTokens);
    return ms;
  };
}

async function writeGreedily(model: LanguageModel, sequence: ModelSequence, prompt: readonly number[]) {
  const answer: number[] = [];
  let [id] = await bestAfter(model, sequence, prompt, 1);
  while (answer.length < answerTokens && id !== undefined && !model.tokenizer.endIds.has(id)) {
    answer.push(id);
    [id] = await bestAfter(model, sequence, [id], 1);
  }
  return answer;
}

/** The best candidate after each of the last `rows` tokens. */
async function bestAfter(model: LanguageModel, sequence: ModelSequence, tokens: readonly number[], rows: number) {
  const found = await appendTokens(model, sequence, tokens, { rows });
  return found.map(({ ids }) => ids[0]);
}
