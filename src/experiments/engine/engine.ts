// `outrider bench engine`: what the model costs on this machine, unpaced. Step time against rows, prefill, a draft's token, what reading
// a position costs, and what exact text costs: beside the target under its law runs the same engine without one. Medians, with the
// spread beside them.

import { CloseStack } from '../../basics/close-stack.ts';
import { describeLaw } from '../../decoding/shape-law.ts';
import { openModel } from '../../engines/open-model.ts';
import { modelLabel, type Result } from '../../files/document.ts';
import type { PlannedOpening } from '../../model-files/memory-check.ts';
import {
  type BenchEngineRow,
  draftCases,
  measureCases,
  prefillTokens,
  type Repeats,
  rowCounts,
  type Subject,
  sequenceCount,
  targetCases,
  warmUpSteps,
} from './cases.ts';

export interface BenchEngineOptions {
  /** Manifest name, path or toy of the target. */
  readonly model: string;
  /** The same of the draft; none if absent. */
  readonly draft?: string | undefined;
  /** Measured steps per case, after two that are not. Default 15. */
  readonly repeats?: number | undefined;
  /** Whether the target keeps to a law, and is held against itself without one. Default true. */
  readonly exact?: boolean | undefined;
  readonly threads?: number | undefined;
  /** Tokens before the measured ones. Default 256. */
  readonly contextLength?: number | undefined;
  /** Called before models are opened together: gets their files, and refuses where they don't fit into memory. */
  readonly prepare?: (openings: readonly PlannedOpening[], remedy: string) => Promise<void>;
  /** Called after each measured step. */
  readonly onProgress?: ((doneSteps: number, totalSteps: number) => void) | undefined;
  /** Told while the shape law of the target is looked for. */
  readonly onLawProgress?: ((law: string, done: number, total: number) => void) | undefined;
}

export interface BenchEngineResult extends Result {
  readonly rows: readonly BenchEngineRow[];
  readonly params: object;
}

/** Ends the names of cases of the engine without a law. */
const nativeSuffix = 'Native';
const memoryRemedy =
  'close other programs, name a smaller --pair (outrider models list), or leave the comparison out with --fast';

type Size = Omit<PlannedOpening, 'spec'>;

/** @throws OutriderError `memory-full`, and what openModel throws */
export async function benchEngine(options: BenchEngineOptions): Promise<BenchEngineResult> {
  const { model, draft, repeats = 15, exact = true, contextLength = 256 } = options;
  const totalCases = targetCases.length * (exact ? 2 : 1) + (draft === undefined ? 0 : draftCases.length);
  let doneSteps = 0;
  const onStep = (): void => options.onProgress?.(++doneSteps, totalCases * (repeats + warmUpSteps));
  const steps = { repeats, contextLength, onStep };
  const target = await measureTarget(options, steps);
  const drafted = draft === undefined ? { rows: [], engine: 'none' } : await measureDraft(draft, options, steps);
  const rows = [...target.rows, ...drafted.rows];
  const named = { model: modelLabel(model), draft: draft === undefined ? null : modelLabel(draft) };
  const params = { ...named, repeats, exact, contextTokens: contextLength };
  return {
    rows,
    summary: { law: target.law, weights: target.weights, ...summarise(rows) },
    params: { ...params, engine: target.engine, draftEngine: drafted.engine },
  };
}

async function measureTarget(options: BenchEngineOptions, steps: Repeats) {
  const { model, exact = true } = options;
  const size = sizeOf(steps);
  await options.prepare?.(
    (exact ? [model, model] : [model]).map((spec) => ({ spec, ...size })),
    memoryRemedy,
  );
  await using opened = new CloseStack();
  const subjects = await openSubjects(options, size, opened);
  const { identity, limits, exactness } = subjects[0].model;
  return {
    rows: await measureCases(subjects, targetCases, steps),
    engine: identity.description,
    law: exact ? describeLaw(limits.law) : null,
    weights: exactness?.weights ?? null,
  };
}

async function measureDraft(draft: string, { threads = 1, prepare }: BenchEngineOptions, steps: Repeats) {
  const size = sizeOf(steps);
  await prepare?.([{ spec: draft, ...size }], memoryRemedy);
  // A draft need not be exact: the target's choice wins.
  await using model = await openModel(draft, { role: 'draft', ...size, exact: false, threads });
  const rows = await measureCases([{ model, suffix: '' }], draftCases, steps);
  return { rows, engine: model.identity.description };
}

function sizeOf({ contextLength }: Repeats): Size {
  return { sequences: sequenceCount, contextLength: contextLength + 128 };
}

/** The target, and where it is exact the same engine on as many threads without a law. */
async function openSubjects(
  { model, exact = true, threads, onLawProgress }: BenchEngineOptions,
  size: Size,
  stack: CloseStack,
): Promise<[Subject, ...Subject[]]> {
  const target = stack.use(await openModel(model, { role: 'target', ...size, exact, threads, onLawProgress }));
  if (!exact) return [{ model: target, suffix: '' }];
  // As a target it would first count the choices that change.
  const shape = { role: 'draft', ...size, exact: false, threads: threads ?? 1 } as const;
  const native = stack.use(await openModel(model, shape));
  return [
    { model: target, suffix: '' },
    { model: native, suffix: nativeSuffix },
  ];
}

function summarise(rows: readonly BenchEngineRow[]): Record<string, number> {
  const medians = new Map(rows.map((row) => [row.case, row.medianMs]));
  const ms = (name: string): number => medians.get(name) ?? Number.NaN;
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
  return medians.has(`step1${nativeSuffix}`) ? { ...summary, ...summariseCost(ms) } : summary;
}

/** What the law makes of each case, as a ratio to the engine without one. */
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
