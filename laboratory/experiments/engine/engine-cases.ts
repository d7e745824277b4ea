// The measured steps of `bench engine`: each case in turns on each engine, so that a disturbance of the machine falls on all of them alike.

import { performance } from 'node:perf_hooks';
import { mean, median, quantile } from '../../../src/core/basics/statistics.ts';
import { sampleTokens } from '../../../src/models/exactness/sample-text.ts';
import { appendTokens } from '../../../src/models/port/append-tokens.ts';
import type { LanguageModel, ModelSequence } from '../../../src/models/port/model.ts';

export interface EngineCase {
  readonly name: string;
  readonly sequences: number;
  /** Tokens per sequence. */
  readonly tokens: number;
  readonly rows: number;
  /** Whether the second sequence is first made a copy of the first one, where the engine can copy. */
  readonly copies?: true;
}

/** One measured case. Times in ms per step. */
export interface EngineRow {
  readonly case: string;
  readonly tokens: number;
  readonly sequences: number;
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
  readonly meanMs: number;
}

/** An engine, with the suffix of its case names. */
export interface Subject {
  readonly model: LanguageModel;
  readonly suffix: string;
}

export interface Repeats {
  readonly repeats: number;
  /** Tokens before the measured ones. */
  readonly contextLength: number;
  readonly onStep: () => void;
}

export const rowCounts: readonly number[] = [1, 2, 4, 8, 16];
export const prefillTokens = 63;
export const sequenceCount = 4;
export const warmUpSteps = 2;

export const targetCases: readonly EngineCase[] = [
  ...rowCounts.map((count) => ({ name: `step${count}`, sequences: 1, tokens: count, rows: count })),
  { name: 'step1Unread', sequences: 1, tokens: 1, rows: 0 },
  { name: 'step16Unread', sequences: 1, tokens: 16, rows: 0 },
  { name: 'prefill', sequences: 1, tokens: prefillTokens, rows: 0 },
  { name: 'batch4x1', sequences: sequenceCount, tokens: 1, rows: 1 },
  { name: 'batch4x4', sequences: sequenceCount, tokens: 4, rows: 4 },
];
/** A draft alone, and with alternatives in the same pass. */
export const draftCases: readonly EngineCase[] = [
  { name: 'draft', sequences: 1, tokens: 1, rows: 1 },
  { name: 'draftBeside1', sequences: 2, tokens: 1, rows: 1 },
  { name: 'draftBeside3', sequences: 4, tokens: 1, rows: 1 },
  { name: 'draftBesideCopy', sequences: 2, tokens: 1, rows: 1, copies: true },
];

export async function measureCases(
  subjects: readonly Subject[],
  cases: readonly EngineCase[],
  { repeats, contextLength, onStep }: Repeats,
): Promise<EngineRow[]> {
  const most = Math.max(...cases.map(({ sequences }) => sequences));
  const benches: { suffix: string; time: (one: EngineCase) => Promise<number> }[] = [];
  for (const { model, suffix } of subjects) benches.push({ suffix, time: await timerOf(model, most, contextLength) });
  const runs = cases.flatMap((one) =>
    benches.map(({ suffix, time }) => ({ one, suffix, time, samples: [] as number[] })),
  );
  for (let round = 0; round < warmUpSteps + repeats; round += 1) {
    for (const { one, time, samples } of runs) {
      const stepMs = await time(one);
      if (round >= warmUpSteps) samples.push(stepMs);
      onStep();
    }
  }
  return runs.map(({ one, suffix, samples }) => rowOf({ ...one, name: `${one.name}${suffix}` }, samples));
}

/** @returns the time of a case after a context, which it leaves unchanged */
async function timerOf(model: LanguageModel, mostSequences: number, contextLength: number) {
  const text = sampleTokens(model.tokenizer, contextLength + prefillTokens);
  const sequences = Array.from({ length: mostSequences }, () => model.openSequence());
  for (const sequence of sequences) await appendTokens(model, sequence, text.slice(0, contextLength));
  return async ({ sequences: count, tokens: length, rows, copies }: EngineCase): Promise<number> => {
    const used = sequences.slice(0, count);
    const tokens = text.slice(contextLength, contextLength + length);
    const startMs = performance.now();
    if (copies === true) await used[1]?.copyFrom?.(used[0] as ModelSequence, contextLength);
    // A prompt may be longer than one call of the engine; then it is the only item.
    if (used.length === 1) await appendTokens(model, used[0] as ModelSequence, tokens, { rows });
    else await model.evaluate(used.map((sequence) => ({ sequence, tokens, rows })));
    const stepMs = performance.now() - startMs;
    await Promise.all(used.map((sequence) => sequence.truncate(contextLength)));
    return stepMs;
  };
}

function rowOf({ name, sequences, tokens }: EngineCase, samples: readonly number[]): EngineRow {
  const rounded = (value: number): number => Math.round(value * 100) / 100;
  return {
    case: name,
    tokens: tokens * sequences,
    sequences,
    medianMs: rounded(median(samples)),
    p10Ms: rounded(quantile(samples, 0.1)),
    p90Ms: rounded(quantile(samples, 0.9)),
    meanMs: rounded(mean(samples)),
  };
}
