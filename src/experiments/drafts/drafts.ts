// `outrider bench drafts`: what drafts for one target are worth. Acceptance from recorded traces, cost on this machine, ms per token of
// each mode in virtual time; then, for the pair's own, what looking back brings on each kind of task.

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { CloseStack } from '../../basics/close-stack.ts';
import { openModel } from '../../engines/open-model.ts';
import { describeMachine, type Result } from '../../files/document.ts';
import type { PromptFile } from '../../files/prompt-files.ts';
import { readGguf } from '../../gguf/gguf.ts';
import { acquireModel } from '../../model-files/acquire.ts';
import type { LanguageModel } from '../../models/model.ts';
import { traceStatistics } from '../../traces/trace-statistics.ts';
import { demandModels } from './comparable.ts';
import { type DraftCost, measureCosts } from './cost.ts';
import { DraftsRecord } from './record.ts';
import {
  type Draft,
  type DraftRow,
  frontRows,
  type PaceRow,
  type RowsSettings,
  summariseDrafts,
  taskRows,
} from './rows.ts';
import { type DraftTraces, recordTraces } from './traces.ts';

export interface DraftsOptions extends RowsSettings {
  readonly target: string;
  /** That of the pair: recorded in any case, and what the summary is of. */
  readonly draft: string;
  /** Names and paths; the pair's draft need not be among them. */
  readonly drafts: readonly string[];
  /** What to record traces of; null: `traces` holds them. */
  readonly prompts: PromptFile | null;
  readonly traces: ReadonlyMap<string, DraftTraces>;
  readonly traceDirectory: string;
  readonly tokens: number;
  readonly repeats: number;
  /** A file to go on from and to keep what is found; null: none. */
  readonly resume: string | null;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

export interface DraftsResult extends Result {
  readonly rows: readonly DraftRow[];
}

const contextLength = 4096;
const shape = { sequences: 2, contextLength, threads: 1 } as const;
/** As devices open them. */
const draftShape = { role: 'draft', ...shape, exact: false } as const;

export async function benchDrafts(options: DraftsOptions): Promise<DraftsResult> {
  const {
    onProgress,
    prompts,
    traces: given,
    resume,
    traceDirectory: _directory,
    draft: pairDraft,
    ...settings
  } = options;
  const names = namesOf(options);
  const traces = new Map<string, DraftTraces>();
  for (const name of names)
    traces.set(name, given.get(basename(name)) ?? (await recordFor(name, options, [...traces.values()][0])));
  const asked = { ...settings, drafts: null, machine: describeMachine() };
  const record = await DraftsRecord.open(resume, asked);
  const costs = await costsOf(traces, record, options);
  const drafts: Draft[] = [];
  const rows: DraftRow[] = [];
  for (const [index, name] of names.entries()) {
    onProgress?.('drafts in virtual time', index, names.length);
    const draft = await examine(name, traces.get(name) as DraftTraces, costs.get(name) as DraftCost);
    drafts.push(draft);
    const { greedy: _greedy, ...known } = draft;
    rows.push(...(await pacesOf(draft, record, options)).map((row) => ({ ...known, ...row })));
  }
  const own = (drafts.find(({ draft }) => draft === pairDraft) ?? drafts[0]) as Draft;
  const params = { ...settings, drafts: drafts.map(({ draft }) => draft), prompts: prompts?.prompts.length ?? null };
  return { rows, summary: summariseDrafts(own, rows), params };
}

async function pacesOf(
  { greedy, costRatio }: Draft,
  record: DraftsRecord,
  options: DraftsOptions,
): Promise<readonly PaceRow[]> {
  const known = record.rows(greedy, costRatio);
  if (known !== undefined) return known;
  const rows = [...frontRows({ greedy, costRatio }, options), ...taskRows({ greedy, costRatio }, options)];
  await record.addRows(greedy, costRatio, rows);
  return rows;
}

/** With prompts the pair's draft and all others; with traces those that they are of. */
function namesOf({ draft, drafts, prompts, traces }: DraftsOptions): string[] {
  if (prompts !== null) return [...new Set([draft, ...drafts])];
  return [...traces.keys()].map((name) => drafts.find((path) => basename(path) === name) ?? name);
}

function openTarget({ target, onProgress }: DraftsOptions): Promise<LanguageModel> {
  const onLawProgress = (law: string, done: number, total: number): void =>
    onProgress?.(`shape law: ${law}`, Math.round((100 * done) / total), 100);
  return openModel(target, { role: 'target', ...shape, exact: true, onLawProgress });
}

async function recordFor(name: string, options: DraftsOptions, known?: DraftTraces): Promise<DraftTraces> {
  const { prompts, tokens, onProgress, traceDirectory: directory } = options;
  await using target = await openTarget(options);
  await using draft = await openModel(name, draftShape);
  const progress = onProgress === undefined ? {} : { onProgress };
  const settings = { directory, tokens, modelLicence: 'see the models', known, ...progress };
  return await recordTraces(target, draft, prompts as PromptFile, settings);
}

/** By the name of each draft; those that the record lacks are measured together, in turn. Refuses traces of other models. */
async function costsOf(traces: ReadonlyMap<string, DraftTraces>, record: DraftsRecord, options: DraftsOptions) {
  await using stack = new CloseStack();
  const target = stack.use(await openTarget(options));
  const drafts: { readonly name: string; readonly model: LanguageModel }[] = [];
  for (const [name, { greedy, sampled }] of traces) {
    const model = stack.use(await openModel(name, draftShape));
    const asked = { spec: options.target, identity: target.identity };
    const given = sampled === undefined ? [greedy] : [greedy, sampled];
    await demandModels(asked, { spec: name, identity: model.identity }, given);
    drafts.push({ name, model });
  }
  const costOf = ({ identity }: LanguageModel): DraftCost | undefined => record.cost(target.identity, identity);
  const missing = drafts.map(({ model }) => model).filter((model) => costOf(model) === undefined);
  if (missing.length > 0) {
    const found = await measureCosts(target, missing, options.repeats, (done, total) =>
      options.onProgress?.('cost: steps of each model', done, total),
    );
    for (const [index, { identity }] of missing.entries())
      await record.addCost(target.identity, identity, found[index] as DraftCost);
  }
  return new Map(drafts.map(({ name, model }) => [name, costOf(model) as DraftCost]));
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
