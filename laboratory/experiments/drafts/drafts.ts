// `outrider bench drafts`: compares drafts for one target. Acceptance from recorded traces, cost on this machine, ms per token of
// each mode in virtual time; then, for the pair's own draft, the gain of prompt lookup on each kind of task.

import { existsSync, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readPromptFiles } from '../../../simulator/files/prompt-files.ts';
import { findTraceFile, shippedTraceFilesOf } from '../../../simulator/files/shipped-traces.ts';
import { hashTrace } from '../../../simulator/files/trace-files.ts';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { modelProgress } from '../../../simulator/runner/model-progress.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { traceStatistics } from '../../../simulator/traces/trace-statistics.ts';
import { gpuOption } from '../../../src/cli/options/gpu-option.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { GpuChoice } from '../../../src/core/basics/gpu-choice.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { defaultCacheDirectory } from '../../../src/models/files/cache.ts';
import { canBeHad } from '../../../src/models/files/cache-inventory.ts';
import { readGguf } from '../../../src/models/gguf/gguf-file.ts';
import type { LanguageModel, ModelIdentity } from '../../../src/models/port/model.ts';
import { type DraftCost, measureCosts } from './cost.ts';
import { draftsFigure, draftsPage } from './page.ts';
import { type Draft, type DraftRow, frontRows, type LatencyRow, summariseDrafts, taskRows } from './rows.ts';
import { type DraftTraces, demandModels, readTraces, recordTraces } from './traces.ts';

const contextLength = 4096;
const shape = { sequences: 2, contextLength, threads: 1 } as const;
/** Sizes with which devices open models. */
const draftShape = { role: 'draft', ...shape, exact: false } as const;

const options = {
  pair: pairOption as typeof pairOption,
  target: { flag: '--target <name|path>', help: "what they draft for, if not the pair's target" },
  drafts: {
    flag: '--drafts <directory>',
    help: "with --prompts: every .gguf file in it, beside the pair's draft; with --traces: where their drafts are",
  },
  gpu: gpuOption as typeof gpuOption,
  prompts: {
    flag: '--prompts <file...>',
    help: 'prompts to record: JSON lines, see docs/research/traces.md',
    texts: true,
  },
  traces: {
    flag: '--traces <name|file...>',
    help: 'of each draft one at temperature 0, and for acceptance one above, all over the same prompts (default: the shipped ones)',
    texts: true,
  },
  limit: {
    flag: '--limit <count>',
    help: 'prompts of the first file, in turn from its tasks',
    whole: [1, 100_000],
    default: 80,
  },
  otherLimit: { flag: '--other-limit <count>', help: 'prompts of each other file', whole: [1, 100_000], default: 20 },
  tokens: { flag: '--tokens <count>', help: 'tokens of an answer at most', whole: [8, 4096], default: 128 },
  roundTripsMs: { flag: '--rtt <ms,...>', help: 'round-trip times', numbers: [0, 10_000], default: [0, 10, 30, 60] },
  deviceStepMs: {
    flag: '--device-step <ms>',
    help: 'a step of the target on the device; a draft takes its cost ratio of it',
    number: [0.001, 10_000],
    default: 13.9,
  },
  repeats: { flag: '--repeats <count>', help: 'steps of each model that are timed', whole: [3, 10_000], default: 60 },
  /** Null: the cache directory. */
  traceDirectory: { default: null as string | null },
} as const;

type Options = OptionsOf<typeof options>;

interface DraftsFound {
  readonly rows: readonly DraftRow[];
  readonly drafts: readonly Draft[];
  readonly target: string;
  /** Null: the traces were given. */
  readonly promptCount: number | null;
  /** The draft of the summary. */
  readonly own: Draft;
}

export const draftsExperiment: Experiment<typeof options, DraftsFound, Conclusion<DraftRow>> = {
  name: 'bench drafts',
  lasts: '1 minute',
  description: 'what drafts are worth: acceptance, cost, and ms per token of each mode from traces',
  notes: `Acceptance and ms per token come from acceptance traces: the shipped ones of drafts that can be had here, or those that --traces names. With --prompts they are recorded
first, once for each draft, and kept in the cache; an interrupted recording is continued. ms per token is virtual time; only the cost ratio is
measured here. The summary is of one draft, which its "shipped" names: the pair's, or the first where that one is not among them.

Examples:
  outrider bench drafts
  outrider bench drafts --drafts drafts/out --prompts spec-bench.jsonl humaneval.jsonl gsm8k.jsonl --figure front.svg`,
  options,
  isResumable: true,
  isTimed: () => true,
  async measure(asked, run) {
    const work = await prepare(asked, run);
    const { tokens, roundTripsMs, deviceStepMs, repeats } = asked;
    await run.begin({ target: work.target, tokens, roundTripsMs, deviceStepMs, repeats });
    const costs = await costsOf(work, asked, run);
    const drafts: Draft[] = [];
    const rows: DraftRow[] = [];
    for (const [index, [name, traces]] of [...work.traces].entries()) {
      run.onProgress('drafts in virtual time', index, work.traces.size);
      const draft = await examine(name, traces, costs.get(name) as DraftCost);
      drafts.push(draft);
      const { greedy, ...known } = draft;
      const measure = (): LatencyRow[] => [...frontRows(draft, asked), ...taskRows(draft, asked)];
      const own = await run.one({ key: rowsKey(greedy, draft.costRatio), measure });
      rows.push(...own.map((row) => ({ ...known, ...row })));
    }
    const own = (drafts.find(({ draft }) => draft === work.draft) ?? drafts[0]) as Draft;
    return { rows, drafts, target: work.target, promptCount: work.promptCount, own };
  },
  conclude({ rows, drafts, target, promptCount, own }, { tokens, roundTripsMs, deviceStepMs, repeats }) {
    const asked = { target, drafts: drafts.map(({ draft }) => draft), tokens, roundTripsMs, deviceStepMs, repeats };
    const params = { ...asked, prompts: promptCount };
    return { rows, summary: summariseDrafts(own, rows), forPeople: rows.map(briefly), params };
  },
  figure: draftsFigure,
  page: draftsPage,
  goals: () => ({ acceptanceGreedy: { atLeast: 0.7 }, costRatio: 0.55, streamOverArRtt10: 0.68 }),
};

/** A terminal has no room for all keys. */
function briefly(row: DraftRow): object {
  const { draft, layers, task, profile, roundTripMs, mode, window, lookUp, msPerToken, overAr, acceptance } = row;
  return { draft, layers, task, profile, rttMs: roundTripMs, mode, window, lookUp, msPerToken, overAr, acceptance };
}

/** The inputs of a unit of rows besides the settings. */
export function rowsKey(trace: Trace, costRatio: number): string {
  return `rows ${hashTrace(trace)} ${costRatio}`;
}

export function costKey(target: ModelIdentity, draft: ModelIdentity): string {
  return `cost ${target.fingerprint} ${draft.fingerprint}`;
}

type Work = Awaited<ReturnType<typeof prepare>>;

/**
 * With prompts: the traces of the pair's draft and of all others; missing ones are recorded. Otherwise: the given traces.
 * @returns names of target and draft of the pair, the number of prompts, and the traces by name or path of the draft
 */
async function prepare(asked: Options, run: Run) {
  const { prompts: promptFiles = [], traces: traceFiles = [], limit, otherLimit } = asked;
  if (promptFiles.length > 0 && traceFiles.length > 0)
    throw badArgument('the bench reads prompts or traces', 'give --prompts or --traces');
  const { target, draft } = namesOf({ pair: asked.pair, target: asked.target });
  const drafts = draftsIn(asked.drafts);
  if (promptFiles.length === 0) {
    const named = traceFiles.length > 0 ? traceFiles : shippedTraceFilesOf(target);
    const found = [...readTraces(named.map(findTraceFile))];
    const given = traceFiles.length > 0 ? found : found.filter(([name]) => canBeHad(name));
    const nameOf = (name: string): string => drafts.find((path) => basename(path) === name) ?? name;
    return { target, draft, promptCount: null, traces: new Map(given.map(([name, found]) => [nameOf(name), found])) };
  }
  const prompts = readPromptFiles(promptFiles, { first: limit, others: otherLimit });
  const { onProgress } = run;
  const { gpu } = asked;
  const directory = asked.traceDirectory ?? join(defaultCacheDirectory(), 'traces');
  const traces = new Map<string, DraftTraces>();
  for (const name of new Set([draft, ...drafts])) {
    await using openedTarget = await openTarget(target, gpu, run);
    await using openedDraft = await openModel(name, { ...draftShape, gpu });
    // Answers are the target's own: the other drafts take those of the first draft's traces.
    const known = [...traces.values()][0];
    const settings = { directory, tokens: asked.tokens, modelLicence: 'see the models', known, onProgress };
    traces.set(name, await recordTraces(openedTarget, openedDraft, prompts, settings));
  }
  return { target, draft, promptCount: prompts.prompts.length, traces };
}

/** @throws OutriderError `bad-argument` */
function draftsIn(directory: string | undefined): string[] {
  if (directory === undefined) return [];
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.gguf')) : [];
  if (names.length > 0) return names.toSorted().map((name) => join(directory, name));
  throw badArgument(`${directory} holds no .gguf file`, 'give the --out of "outrider draft fit"');
}

function openTarget(target: string, gpu: GpuChoice, run: Run): Promise<LanguageModel> {
  return openModel(target, { role: 'target', ...shape, gpu, exact: true, ...modelProgress(run, target) });
}

/** Costs by the name of each draft. Costs that the record lacks are measured together, in turn. Refuses traces of other models. */
async function costsOf(
  { target: spec, traces }: Work,
  { repeats, gpu }: Pick<Options, 'repeats' | 'gpu'>,
  run: Run,
): Promise<Map<string, DraftCost>> {
  await using stack = new CloseStack();
  const target = stack.use(await openTarget(spec, gpu, run));
  const drafts: { readonly name: string; readonly model: LanguageModel; readonly key: string }[] = [];
  for (const [name, { greedy, sampled }] of traces) {
    const model = stack.use(await openModel(name, { ...draftShape, gpu }));
    const given = sampled === undefined ? [greedy] : [greedy, sampled];
    await demandModels({ spec, identity: target.identity }, { spec: name, identity: model.identity }, given);
    drafts.push({ name, model, key: costKey(target.identity, model.identity) });
  }
  const missing = drafts.filter(({ key }) => !run.has(key)).map(({ model }) => model);
  const onSteps = (done: number, total: number): void => run.onProgress('cost: steps of each model', done, total);
  const found = missing.length === 0 ? [] : await measureCosts(target, missing, repeats, onSteps);
  const costs = new Map<string, DraftCost>();
  for (const { name, model, key } of drafts) {
    const measure = (): DraftCost => found[missing.indexOf(model)] as DraftCost;
    costs.set(name, await run.one({ key, measure }));
  }
  return costs;
}

async function examine(name: string, { greedy, sampled }: DraftTraces, { costRatio }: DraftCost): Promise<Draft> {
  const { path } = await acquireModel(name);
  const { metadata } = await readGguf(path);
  const layers = Number(metadata.get(`${String(metadata.get('general.architecture')?.value)}.block_count`)?.value ?? 0);
  return {
    draft: basename(name),
    layers,
    fileMB: (await stat(path)).size / 1e6,
    acceptanceGreedy: traceStatistics(greedy.sessions).acceptance,
    acceptanceSampled: sampled === undefined ? null : traceStatistics(sampled.sessions).acceptance,
    costRatio,
    greedy,
  };
}
