// `outrider bench engine`: the cost of the models on this machine, unpaced: step time against rows, prefill, a draft's token, reading a
// position, and exact text, which is compared with the same engine without a shape law; several engines side by side. Medians with their
// spread.

import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { modelProgress } from '../../../simulator/runner/model-progress.ts';
import { engineLabel } from '../../../src/cli/options/engine-label.ts';
import { engineOptions } from '../../../src/cli/options/engine-options.ts';
import { gpuOption } from '../../../src/cli/options/gpu-option.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { modelLabel } from '../../../src/files/document.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { prepareModels } from '../../../src/models/engines/prepare-models.ts';
import {
  draftCases,
  type EngineRow,
  measureCases,
  prefillTokens,
  type Repeats,
  rowCounts,
  sequenceCount,
  targetCases,
  warmUpSteps,
} from './engine-cases.ts';
import { type EngineNames, enginesIn, memoryRemedy, openSubjects, type Subjects } from './engine-subjects.ts';
import { measureHostCost } from './host-cost.ts';
import { openWasmDrafts, wasmKernels } from './wasm-drafts.ts';

const options = {
  pair: pairOption as typeof pairOption,
  target: { flag: '--model <name|path>', help: "target instead of the pair's" },
  draft: { flag: '--draft <name|path>', help: "draft instead of the pair's; none: leave it out" },
  engine: {
    flag: '--engine <engines>',
    help: 'what runs the target, with commas between, as --engine of an edge; what is not installed is left out by name',
    parse: enginesIn as (text: string) => EngineNames,
    default: ['llama'] as EngineNames,
  },
  wasm: { flag: '--wasm', help: 'also the draft on the WASM kernels, as a page runs it' },
  tokenizer: engineOptions.tokenizer as typeof engineOptions.tokenizer,
  repeats: { flag: '--repeats <count>', help: 'measured steps per case', whole: [3, 1000], default: 9, full: 15 },
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
  /** Steps behind the protocol of engines in other processes; 0: none. */
  hostSteps: { default: 40 as number },
} as const;

type Options = OptionsOf<typeof options>;

interface EngineFound extends Pick<Subjects, 'engines' | 'leftOut'> {
  readonly rows: readonly EngineRow[];
  readonly draftEngine: string;
  /** Null: not measured. */
  readonly hostMsPerStep: number | null;
}

export const engineExperiment: Experiment<typeof options, EngineFound, Conclusion<EngineRow>> = {
  name: 'bench engine',
  lasts: '1 minute',
  fullLasts: '2',
  description:
    'what the models cost on this machine, unpaced: steps against rows, prefill, draft, reading a position, exactness; engines side by side',
  options,
  async measure(asked, run) {
    const { draft } = namesOf(asked);
    const hostMsPerStep = asked.hostSteps === 0 ? null : await measureHostCost(asked.hostSteps);
    const steps = createSteps(asked, run);
    const target = await measureTarget(asked, steps, run);
    const drafted = draft === 'none' ? { rows: [], engine: 'none' } : await measureDraft(draft, asked, steps, run);
    return { ...target, rows: [...target.rows, ...drafted.rows], draftEngine: drafted.engine, hostMsPerStep };
  },
  conclude({ rows, engines, leftOut, draftEngine, hostMsPerStep }, asked) {
    const { target: model, draft } = namesOf(asked);
    const named = { model: modelLabel(model), draft: draft === 'none' ? null : modelLabel(draft) };
    const params = { ...named, repeats: asked.repeats, exact: !asked.fast, contextTokens: asked.contextLength };
    const [first, ...others] = engines;
    const summary: Record<string, string | number | null> = {
      law: first.law,
      weights: first.weights,
      ...summarise(rows),
    };
    for (const { name, law } of others)
      Object.assign(summary, { [`${name}_law`]: law }, compare(rows, name, first.name));
    for (const { name, code } of leftOut) summary[`${name}_leftOut`] = code;
    const described = { engine: first.description, ...(others.length === 0 ? {} : { engines }) };
    return {
      rows,
      summary: { ...summary, hostMsPerStep },
      params: { ...params, engineNames: asked.engine.map(engineLabel), ...described, draftEngine },
    };
  },
  goals: () => ({ hostMsPerStep: 1.5 }),
};

interface Steps extends Repeats {
  /** More cases will be measured. */
  expect(cases: number): void;
}

function createSteps({ repeats, contextLength, draft }: Options, run: Run): Steps {
  const stepsOf = (cases: number): number => cases * (repeats + warmUpSteps);
  let total = draft === 'none' ? 0 : stepsOf(draftCases.length);
  let done = 0;
  return {
    repeats,
    contextLength,
    expect(cases) {
      total += stepsOf(cases);
    },
    onStep: () => run.onProgress('steps', ++done, total),
  };
}

async function measureTarget(asked: Options, steps: Steps, run: Run) {
  const { target: model } = namesOf(asked);
  await using opened = new CloseStack();
  const { subjects, ...found } = await openSubjects({ ...asked, model, size: sizeOf(steps) }, opened, run);
  steps.expect(targetCases.length * subjects.length);
  return { rows: await measureCases(subjects, targetCases, steps), ...found };
}

async function measureDraft(draft: string, { threads = 1, gpu, wasm }: Options, steps: Steps, run: Run) {
  const size = sizeOf(steps);
  await prepareModels([{ spec: draft, ...size }], memoryRemedy, modelProgress(run, draft));
  // A draft need not be exact, because the target decides.
  await using stack = new CloseStack();
  const model = stack.use(await openModel(draft, { role: 'draft', ...size, exact: false, threads, gpu }));
  const others = wasm ? await openWasmDrafts(draft, size, stack) : [];
  steps.expect(draftCases.length * others.length);
  const rows = await measureCases([{ model, suffix: '' }, ...others], draftCases, steps);
  return { rows, engine: model.identity.description };
}

function sizeOf({ contextLength }: Repeats) {
  return { sequences: sequenceCount, contextLength: contextLength + 128 };
}

type MsOf = (name: string) => number;

function msIn(rows: readonly EngineRow[]): MsOf {
  const medians = new Map(rows.map((row) => [row.case, row.medianMs]));
  return (name) => medians.get(name) ?? Number.NaN;
}

function summarise(rows: readonly EngineRow[]): Record<string, number> {
  const ms = msIn(rows);
  const has = (name: string): boolean => rows.some((row) => row.case === name);
  const summary: Record<string, number> = { ...stepsOf(ms) };
  // The row includes the output matrix: without rows the engine leaves it out.
  summary['readingMsPerPosition'] = rounded((ms('step16') - ms('step16Unread')) / 16);
  if (has('draft')) {
    summary['draftMs'] = ms('draft');
    summary['speedRatio'] = rounded(ms('step1') / ms('draft'));
    // What each alternative adds to a pass of the draft, as a share of a pass.
    summary['alternativeCost1'] = rounded(ms('draftBeside1') / ms('draft') - 1);
    summary['alternativeCost3'] = rounded((ms('draftBeside3') / ms('draft') - 1) / 3);
    summary['alternativeCopyCost'] = rounded((ms('draftBesideCopy') - ms('draftBeside1')) / ms('draft'));
  }
  for (const name of wasmKernels.filter((one) => has(`draft@${one}`))) {
    summary[`${name}_draftMs`] = ms(`draft@${name}`);
    summary[`${name}_over_llama`] = rounded(ms(`draft@${name}`) / ms('draft'));
  }
  return has('step1Native') ? { ...summary, ...summariseCost(ms) } : summary;
}

/** @param suffix of the cases of one engine */
function stepsOf(ms: MsOf, suffix = ''): Record<string, number> {
  const steps = rowCounts.map((count) => [`stepMs${count}`, ms(`step${count}${suffix}`)] as const);
  return {
    ...Object.fromEntries(steps),
    prefillTokensPerSecond: rounded((prefillTokens / ms(`prefill${suffix}`)) * 1000),
    batch4x1Ms: ms(`batch4x1${suffix}`),
    batch4x4Ms: ms(`batch4x4${suffix}`),
  };
}

/** A further engine: its steps, and their ratios to those of the first. */
function compare(rows: readonly EngineRow[], name: string, first: string): Record<string, number> {
  const ms = msIn(rows);
  const own = Object.entries(stepsOf(ms, `@${name}`)).map(([key, value]) => [`${name}_${key}`, value] as const);
  const ratios = rowCounts.map((count) => {
    return [`${name}_over_${first}_${count}`, rounded(ms(`step${count}@${name}`) / ms(`step${count}`))] as const;
  });
  return Object.fromEntries([...own, ...ratios]);
}

/** Ratio of each case under the law to the engine without a law. */
function summariseCost(ms: MsOf): Record<string, number> {
  const cost = (name: string): number => rounded(ms(name) / ms(`${name}Native`));
  const summary: Record<string, number> = {};
  for (const count of rowCounts) summary[`nativeStepMs${count}`] = ms(`step${count}Native`);
  for (const count of rowCounts) summary[`exactCost${count}`] = cost(`step${count}`);
  summary['exactCostPrefill'] = cost('prefill');
  summary['exactCostBatch4x1'] = cost('batch4x1');
  summary['exactCostBatch4x4'] = cost('batch4x4');
  return summary;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
