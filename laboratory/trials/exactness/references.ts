// The texts that the target writes alone, and those of the engine's own loop beside them.

import { generateGreedily } from '../../../simulator/files/llama-greedy.ts';
import type { TrialPrompt } from '../../../simulator/files/sample-prompts.ts';
import { invariant } from '../../../src/core/basics/invariant.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { describeLaw, freeLaw, type ShapeLaw } from '../../../src/core/decoding/shape-law.ts';
import { penaltiesActive, RunningCounts } from '../../../src/core/decoding/token-counts.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import type { ExactnessOptions, Models } from './trial-models.ts';

export const seed = 20_261_124n;

/** Sampled texts differ in their parameters, so that truncation and penalties are tried as well. */
export function samplingFor(temperature: number, promptIndex: number): Sampling {
  if (temperature === 0) return neutralSampling;
  const shaped = [{}, { topP: 0.95 }, { topK: 20, frequencyPenalty: 0.3 }, { minP: 0.05, repetitionPenalty: 1.1 }];
  return { ...neutralSampling, ...shaped[promptIndex % shaped.length], temperature, seed: seed + BigInt(promptIndex) };
}

export function keyOf(promptIndex: number, temperature: number): string {
  return `${promptIndex} at ${temperature}`;
}

export async function writeReferences(
  models: Models,
  prompts: readonly TrialPrompt[],
  options: ExactnessOptions,
): Promise<Map<string, number[]>> {
  const references = new Map<string, number[]>();
  for (const [index, prompt] of prompts.entries()) {
    options.onProgress?.('reference texts', index, prompts.length);
    options.signal?.throwIfAborted();
    const samplings = options.temperatures.map((temperature) => samplingFor(temperature, index));
    const answers = await writeAlone(models.target, prompt.ids, samplings, options.tokens);
    for (const [at, temperature] of options.temperatures.entries()) {
      references.set(keyOf(index, temperature), answers[at] ?? []);
    }
  }
  return references;
}

/** The reference: every token of the prompt and of each answer is a call of its own. */
export async function writeAlone(
  model: LanguageModel,
  prompt: readonly number[],
  samplings: readonly Sampling[],
  tokenCount: number,
): Promise<number[][]> {
  const sequence = model.openSequence();
  const evaluate = async (id: number): Promise<Candidates> => {
    const [rows] = await model.evaluate([{ sequence, tokens: [id], rows: 1 }]);
    const row = rows?.[0];
    invariant(row !== undefined, 'the engine gave no row');
    return row;
  };
  let afterPrompt: Candidates = { ids: [], logits: [] };
  for (const id of prompt) afterPrompt = await evaluate(id);
  const answers: number[][] = [];
  for (const sampling of samplings) {
    await sequence.truncate(prompt.length);
    const counts = new RunningCounts();
    const answer: number[] = [];
    for (let row = afterPrompt; ; row = await evaluate(answer.at(-1) ?? 0)) {
      const position = prompt.length + answer.length;
      const id = chooseToken(row, sampling, penaltiesActive(sampling) ? counts : undefined, position);
      answer.push(id);
      counts.push(id);
      if (answer.length === tokenCount || model.tokenizer.endIds.has(id)) break;
    }
    answers.push(answer);
  }
  await sequence.truncate(0);
  await sequence.release();
  return answers;
}

export interface EngineTexts {
  readonly compared: number;
  readonly differing: number;
  /** Those that differ although they may not. */
  readonly wrong: number;
}

/** The engine's own loop at temperature 0, without our code in between. */
export async function compareWithEngine(
  models: Models,
  prompts: readonly TrialPrompt[],
  references: ReadonlyMap<string, number[]>,
  { tokens, temperatures, engine, gpu, onProgress }: ExactnessOptions,
): Promise<EngineTexts> {
  const { limits, tokenizer, exactness } = models.target;
  // An engine in another process has no loop that could be asked.
  if (!temperatures.includes(0) || engine !== undefined) return { compared: 0, differing: 0, wrong: 0 };
  onProgress?.("the engine's own texts", 0, prompts.length);
  const requests = prompts.map(({ ids }) => ({ prompt: ids, maxTokens: tokens, endIds: tokenizer.endIds }));
  const texts = await generateGreedily(models.targetPath, requests, { weights: exactness?.weights, gpu });
  return judgeEngineTexts(texts, references, limits.law);
}

/**
 * The engine's texts must be the references, where the law leaves calls as they are. Under any other law the target's text is another
 * rounding of the engine's (docs/internals/engines.md): how many differ is counted, and none is wrong.
 */
export function judgeEngineTexts(
  texts: readonly (readonly number[])[],
  references: ReadonlyMap<string, number[]>,
  law: ShapeLaw,
): EngineTexts {
  const isFree = describeLaw({ ...law, merges: true }) === describeLaw(freeLaw);
  const differs = (text: readonly number[], index: number): boolean =>
    firstDifference(text, references.get(keyOf(index, 0)) ?? []) !== -1;
  const differing = texts.filter(differs).length;
  return { compared: texts.length, differing, wrong: isFree ? differing : 0 };
}

/** @returns -1 if both are the same */
export function firstDifference(left: readonly number[], right: readonly number[]): number {
  const until = Math.max(left.length, right.length);
  for (let index = 0; index < until; index += 1) if (left[index] !== right[index]) return index;
  return -1;
}
