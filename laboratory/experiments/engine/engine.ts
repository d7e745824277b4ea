// `outrider bench engine`: the cost of the models on this machine, unpaced: step time against rows, prefill, a draft's token, reading a
// position, and exact text, which is compared with the same engine without a shape law. Medians with their spread.

import { performance } from 'node:perf_hooks';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { modelProgress } from '../../../simulator/runner/model-progress.ts';
import { gpuOption } from '../../../src/cli/options/gpu-option.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { mean, median, quantile } from '../../../src/core/basics/statistics.ts';
import { describeLaw } from '../../../src/core/decoding/shape-law.ts';
import { modelLabel } from '../../../src/files/document.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { prepareModels } from '../../../src/models/engines/prepare-models.ts';
import { sampleTokens } from '../../../src/models/exactness/sample-text.ts';
import type { PlannedOpening } from '../../../src/models/files/memory-check.ts';
import { appendTokens } from '../../../src/models/port/append-tokens.ts';
import type { LanguageModel, ModelSequence } from '../../../src/models/port/model.ts';

const options = {
  pair: pairOption as typeof pairOption,
  target: { flag: '--model <name|path>', help: "target instead of the pair's" },
  draft: { flag: '--draft <name|path>', help: "draft instead of the pair's; none: leave it out" },
  repeats: { flag: '--repeats <count>', help: 'measured steps per case', whole: [3, 1000], default: 15 },
  gpu: gpuOption as typeof gpuOption,
  fast: {
    flag: '--fast',
    help: 'all cores but one, no shape law; says how often choices differ, and leaves out what exactness costs',
  },
  threads: {
    flag: '--threads <count>',
    help: 'threads of the engine (default: 1; with --fast all cores but one)',
    whole: [1, 1024],
  },
  /** Tokens before the measured ones. */
  contextLength: { default: 256 as number },
} as const;

type Options = OptionsOf<typeof options>;

interface EngineFound {
  readonly rows: readonly EngineRow[];
  readonly law: string | null;
  readonly weights: string | null;
  readonly engine: string;
  readonly draftEngine: string;
}

/** Suffix of the case names of the engine without a law. */
const nativeSuffix = 'Native';
const memoryRemedy =
  'close other programs, name a smaller --pair (outrider models list), or leave the comparison out with --fast';

type Size = Omit<PlannedOpening, 'spec'>;

export const engineExperiment: Experiment<typeof options, EngineFound, Conclusion<EngineRow>> = {
  name: 'bench engine',
  lasts: '1 minute',
  description:
    'what the models cost on this machine, unpaced: steps against rows, prefill, draft, reading a position, exactness',
  options,
  async measure(asked, run) {
    const { repeats, contextLength, fast } = asked;
    const { draft } = namesOf(asked);
    const caseCount = targetCases.length * (fast ? 1 : 2) + (draft === 'none' ? 0 : draftCases.length);
    let doneSteps = 0;
    const onStep = (): void => run.onProgress('steps', ++doneSteps, caseCount * (repeats + warmUpSteps));
    const steps = { repeats, contextLength, onStep };
    const target = await measureTarget(asked, steps, run);
    const drafted = draft === 'none' ? { rows: [], engine: 'none' } : await measureDraft(draft, asked, steps, run);
    return { ...target, rows: [...target.rows, ...drafted.rows], draftEngine: drafted.engine };
  },
  conclude({ rows, law, weights, engine, draftEngine }, asked) {
    const { target: model, draft } = namesOf(asked);
    const named = { model: modelLabel(model), draft: draft === 'none' ? null : modelLabel(draft) };
    const params = { ...named, repeats: asked.repeats, exact: !asked.fast, contextTokens: asked.contextLength };
    return { rows, summary: { law, weights, ...summarise(rows) }, params: { ...params, engine, draftEngine } };
  },
};

async function measureTarget(asked: Options, steps: Repeats, run: Run) {
  const { target: model } = namesOf(asked);
  const size = sizeOf(steps);
  const openings = (asked.fast ? [model] : [model, model]).map((spec) => ({ spec, ...size }));
  await prepareModels(openings, memoryRemedy, modelProgress(run, model));
  await using opened = new CloseStack();
  const subjects = await openSubjects(asked, size, opened, run);
  const { identity, limits, exactness } = subjects[0].model;
  return {
    rows: await measureCases(subjects, targetCases, steps),
    engine: identity.description,
    law: asked.fast ? null : describeLaw(limits.law),
    weights: exactness?.weights ?? null,
  };
}

async function measureDraft(draft: string, { threads = 1, gpu }: Options, steps: Repeats, run: Run) {
  const size = sizeOf(steps);
  await prepareModels([{ spec: draft, ...size }], memoryRemedy, modelProgress(run, draft));
  // A draft need not be exact, because the target decides.
  await using model = await openModel(draft, { role: 'draft', ...size, exact: false, threads, gpu });
  const rows = await measureCases([{ model, suffix: '' }], draftCases, steps);
  return { rows, engine: model.identity.description };
}

function sizeOf({ contextLength }: Repeats): Size {
  return { sequences: sequenceCount, contextLength: contextLength + 128 };
}

/** The target, and where it is exact the same engine on as many threads without a law. */
async function openSubjects(asked: Options, size: Size, stack: CloseStack, run: Run): Promise<[Subject, ...Subject[]]> {
  const { fast, threads, gpu } = asked;
  const { target: model } = namesOf(asked);
  const shape = { ...size, exact: !fast, threads, gpu };
  const target = stack.use(await openModel(model, { role: 'target', ...shape, ...modelProgress(run, model) }));
  if (fast) return [{ model: target, suffix: '' }];
  // In role target it would first count changed choices.
  const nativeShape = { role: 'draft', ...size, exact: false, threads: threads ?? 1, gpu } as const;
  const native = stack.use(await openModel(model, nativeShape));
  return [
    { model: target, suffix: '' },
    { model: native, suffix: nativeSuffix },
  ];
}

function summarise(rows: readonly EngineRow[]): Record<string, number> {
  const medians = new Map(rows.map((row) => [row.case, row.medianMs]));
  const ms = (name: string): number => medians.get(name) ?? Number.NaN;
  const summary: Record<string, number> = {};
  for (const count of rowCounts) summary[`stepMs${count}`] = ms(`step${count}`);
  summary['prefillTokensPerSecond'] = rounded((prefillTokens / ms('prefill')) * 1000);
  // The row includes the output matrix: without rows the engine leaves it out.
  summary['readingMsPerPosition'] = rounded((ms('step16') - ms('step16Unread')) / 16);
  summary['batch4x1Ms'] = ms('batch4x1');
  summary['batch4x4Ms'] = ms('batch4x4');
  if (medians.has('draft')) {
    summary['draftMs'] = ms('draft');
    summary['speedRatio'] = rounded(ms('step1') / ms('draft'));
    // What each alternative adds to a pass of the draft, as a share of a pass.
    summary['alternativeCost1'] = rounded(ms('draftBeside1') / ms('draft') - 1);
    summary['alternativeCost3'] = rounded((ms('draftBeside3') / ms('draft') - 1) / 3);
    summary['alternativeCopyCost'] = rounded((ms('draftBesideCopy') - ms('draftBeside1')) / ms('draft'));
  }
  return medians.has(`step1${nativeSuffix}`) ? { ...summary, ...summariseCost(ms) } : summary;
}

/** Ratio of each case under the law to the engine without a law. */
function summariseCost(ms: (name: string) => number): Record<string, number> {
  const cost = (name: string): number => rounded(ms(name) / ms(`${name}${nativeSuffix}`));
  const summary: Record<string, number> = {};
  for (const count of rowCounts) summary[`nativeStepMs${count}`] = ms(`step${count}${nativeSuffix}`);
  for (const count of rowCounts) summary[`exactCost${count}`] = cost(`step${count}`);
  summary['exactCostPrefill'] = cost('prefill');
  summary['exactCostBatch4x1'] = cost('batch4x1');
  summary['exactCostBatch4x4'] = cost('batch4x4');
  return summary;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

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

const rowCounts: readonly number[] = [1, 2, 4, 8, 16];
const prefillTokens = 63;
const sequenceCount = 4;
const warmUpSteps = 2;

export const targetCases: readonly EngineCase[] = [
  ...rowCounts.map((count) => ({ name: `step${count}`, sequences: 1, tokens: count, rows: count })),
  { name: 'step1Unread', sequences: 1, tokens: 1, rows: 0 },
  { name: 'step16Unread', sequences: 1, tokens: 16, rows: 0 },
  { name: 'prefill', sequences: 1, tokens: prefillTokens, rows: 0 },
  { name: 'batch4x1', sequences: sequenceCount, tokens: 1, rows: 1 },
  { name: 'batch4x4', sequences: sequenceCount, tokens: 4, rows: 4 },
];
/** A draft alone, and with alternatives in the same pass. */
const draftCases: readonly EngineCase[] = [
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
