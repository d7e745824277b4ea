// `outrider bench engine`: what the model costs on this machine, unpaced. Step time against rows, prefill, a draft's token,
// and what reading a position costs. Medians, with the spread beside them.

import { performance } from 'node:perf_hooks';
import { mean, median, quantile } from '../basics/statistics.ts';
import type { EvaluateItem, LanguageModel, ModelSequence } from '../models/model.ts';
import { openModel } from '../models/open-model.ts';
import { sampleTokens } from '../models/sample-text.ts';
import type { Result } from './document.ts';

export interface BenchEngineOptions {
  /** Manifest name, path or toy of the target. */
  readonly model: string;
  /** The same of the draft; none if absent. */
  readonly draft?: string | undefined;
  /** Measured steps per case, after two that are not. Default 15. */
  readonly repeats?: number | undefined;
  readonly exact?: boolean | undefined;
  readonly threads?: number | undefined;
  /** Tokens before the measured ones. Default 256. */
  readonly contextLength?: number | undefined;
  /** Called after each measured step. */
  readonly onProgress?: ((doneSteps: number, totalSteps: number) => void) | undefined;
}

/** One measured case. Times in ms per step. */
export interface BenchEngineRow {
  readonly case: string;
  /** Tokens in the batch. */
  readonly tokens: number;
  readonly sequences: number;
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
  readonly meanMs: number;
}

export interface BenchEngineResult extends Result {
  readonly rows: readonly BenchEngineRow[];
  readonly params: object;
}

const rowCounts = [1, 2, 4, 8, 16];
const prefillTokens = 63;
const sequenceCount = 4;
const warmUpSteps = 2;

interface Case {
  readonly name: string;
  readonly sequences: number;
  /** Tokens per sequence. */
  readonly tokens: number;
  readonly rows: number;
}

/** @throws OutriderError as openModel */
export async function benchEngine(options: BenchEngineOptions): Promise<BenchEngineResult> {
  const { model: spec, draft, repeats = 15, exact = true, threads, contextLength = 256, onProgress } = options;
  const steps = { repeats, contextLength };
  const shape = { sequences: sequenceCount, contextLength: contextLength + 128, exact, threads };
  const draftCases = draft === undefined ? [] : [{ name: 'draft', sequences: 1, tokens: 1, rows: 1 }];
  const totalSteps = (targetCases().length + draftCases.length) * (repeats + warmUpSteps);
  let doneSteps = 0;
  const rows: BenchEngineRow[] = [];
  const descriptions: string[] = [];
  const measure = async (name: string, role: 'target' | 'draft', cases: readonly Case[]): Promise<void> => {
    await using model = await openModel(name, { role, ...shape });
    descriptions.push(model.identity.description);
    const tick = (): void => onProgress?.(++doneSteps, totalSteps);
    rows.push(...(await measureCases(model, cases, steps, tick)));
  };
  await measure(spec, 'target', targetCases());
  if (draft !== undefined) await measure(draft, 'draft', draftCases);
  const params = { model: spec, draft: draft ?? null, repeats, exact, contextTokens: contextLength };
  const [engine = '', draftEngine = 'none'] = descriptions;
  return { rows, summary: summarise(rows), params: { ...params, engine, draftEngine } };
}

function targetCases(): Case[] {
  return [
    ...rowCounts.map((count) => ({ name: `step${count}`, sequences: 1, tokens: count, rows: count })),
    { name: 'step1Unread', sequences: 1, tokens: 1, rows: 0 },
    { name: 'step16Unread', sequences: 1, tokens: 16, rows: 0 },
    { name: 'prefill', sequences: 1, tokens: prefillTokens, rows: 0 },
    { name: 'batch4x1', sequences: sequenceCount, tokens: 1, rows: 1 },
    { name: 'batch4x4', sequences: sequenceCount, tokens: 4, rows: 4 },
  ];
}

/** Cases take turns, so that a disturbance of the machine falls on all of them alike. */
async function measureCases(
  model: LanguageModel,
  cases: readonly Case[],
  steps: { readonly repeats: number; readonly contextLength: number },
  tick: () => void,
): Promise<BenchEngineRow[]> {
  const { repeats, contextLength } = steps;
  const text = sampleTokens(model.tokenizer, contextLength + prefillTokens);
  const sequences = Array.from({ length: Math.max(...cases.map((one) => one.sequences)) }, () => model.openSequence());
  await Promise.all(sequences.map((sequence) => fill(model, sequence, text.slice(0, contextLength))));
  const samples = cases.map((): number[] => []);
  for (let round = 0; round < warmUpSteps + repeats; round++) {
    for (const [index, one] of cases.entries()) {
      const tokens = text.slice(contextLength, contextLength + one.tokens);
      const used = sequences.slice(0, one.sequences);
      const stepMs = await timeStep(
        model,
        used.map((sequence) => ({ sequence, tokens, rows: one.rows })),
      );
      if (round >= warmUpSteps) samples[index]?.push(stepMs);
      await Promise.all(used.map((sequence) => sequence.truncate(contextLength)));
      tick();
    }
  }
  return cases.map((one, index) => rowOf(one, samples[index] as number[]));
}

async function fill(model: LanguageModel, sequence: ModelSequence, tokens: readonly number[]): Promise<void> {
  for (let at = 0; at < tokens.length; at += prefillTokens) {
    await model.evaluate([{ sequence, tokens: tokens.slice(at, at + prefillTokens), rows: 0 }]);
  }
}

async function timeStep(model: LanguageModel, items: readonly EvaluateItem[]): Promise<number> {
  const startMs = performance.now();
  await model.evaluate(items);
  return performance.now() - startMs;
}

function rowOf({ name, sequences, tokens }: Case, samples: readonly number[]): BenchEngineRow {
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

function summarise(rows: readonly BenchEngineRow[]): Record<string, number> {
  const medians = new Map(rows.map((row) => [row.case, row.medianMs]));
  const ms = (name: string): number => medians.get(name) ?? Number.NaN;
  const rounded = (value: number): number => Math.round(value * 1000) / 1000;
  const summary: Record<string, number> = {};
  for (const count of rowCounts) summary[`stepMs${count}`] = ms(`step${count}`);
  summary['prefillTokensPerSecond'] = rounded((prefillTokens / ms('prefill')) * 1000);
  // The output matrix for the row included: without rows the engine leaves it out.
  summary['readingMsPerPosition'] = rounded((ms('step16') - ms('step16Unread')) / 16);
  summary['batch4x1Ms'] = ms('batch4x1');
  summary['batch4x4Ms'] = ms('batch4x4');
  if (medians.has('draft')) {
    summary['draftMs'] = ms('draft');
    summary['speedRatio'] = rounded(ms('step1') / ms('draft'));
  }
  return summary;
}
