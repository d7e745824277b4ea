// Tries to break the central promise on real models: every text that device and edge write together is, id for id, what the target
// writes alone. The reference knows nothing of sessions, edges or schedulers: one row at a time, then a choice.

import { encodeTrialPrompts, type TrialPrompt } from '../../../simulator/files/sample-prompts.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import type { GpuChoice } from '../../../src/core/basics/gpu-choice.ts';
import { invariant } from '../../../src/core/basics/invariant.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { describeLaw, freeLaw } from '../../../src/core/decoding/shape-law.ts';
import { penaltiesActive, RunningCounts } from '../../../src/core/decoding/token-counts.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import { type ModeName, modeOf } from '../../../src/core/protocol/wire/mode.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { modelLabel, type Result } from '../../../src/files/document.ts';
import { generateGreedily } from '../../../src/models/engines/llama-greedy.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import { checkShapes, type ShapeCheckOptions } from '../../../src/models/exactness/shape-check.ts';
import { acquireModel } from '../../../src/models/files/acquire.ts';
import { AdaptiveDrafter } from '../../../src/models/port/adaptive-drafter.ts';
import { alterModel } from '../../../src/models/port/altered.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { createNgramModel } from '../../../src/models/port/ngram.ts';
import { paceModel } from '../../../src/models/port/paced.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { createEmulatedLink } from '../../../src/network/transport/emulated-link.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';
import { type Edge, listenEdge, startEdge } from '../../../src/processes/edge/edge.ts';

export interface ExactnessOptions extends Pick<ShapeCheckOptions, 'callSizes' | 'contextLengths' | 'positions'> {
  /** Names or paths. A model without a draft is its own. */
  readonly target: string;
  readonly draft?: string;
  /** Of the target; default 1. */
  readonly threads?: number;
  /** Of target and drafts; default `off`. */
  readonly gpu?: GpuChoice;
  readonly tokens: number;
  readonly roundTripsMs: readonly number[];
  readonly temperatures: readonly number[];
  readonly modes: readonly ModeName[];
  /** Only so many prompts, the first or the shortest of all. */
  readonly promptCount?: number;
  readonly whichPrompts?: 'first' | 'shortest';
  readonly onProgress?: (label: string, done: number, total: number) => void;
  /** Checked between two texts. */
  readonly signal?: AbortSignal;
}

interface Cell {
  readonly prompt: TrialPrompt;
  readonly promptIndex: number;
  readonly mode: ModeName;
  readonly temperature: number;
  readonly roundTripMs: number;
  readonly draft: string;
}

interface Models extends AsyncDisposable {
  readonly target: LanguageModel;
  readonly drafts: ReadonlyMap<string, LanguageModel>;
  readonly edgeDraft: LanguageModel;
  readonly targetPath: string;
}

/** Texts that are written at the same time, so that steps hold several sessions. */
const concurrentTurns = 4;
/** KV sequences of one drafter, on a device or the edge: one for its text, one for the alternative of a hedge. */
const sequencesOfDrafter = 2;
const drafterSequences = sequencesOfDrafter * concurrentTurns;
const edgeDraftSequences = sequencesOfDrafter * (concurrentTurns + 1);
const thoroughModes: ReadonlySet<ModeName> = new Set(['ar', 'stream']);
const contextLength = 2048;
const seed = 20_261_124n;

export async function trialExactness(options: ExactnessOptions): Promise<Result> {
  await using models = await openModels(options);
  const shapes = await checkShapes(models.target, {
    ...options,
    onProgress: (done, total) => options.onProgress?.('shapes of calls', done, total),
  });
  const prompts = encodeTrialPrompts(models.target.tokenizer, options.promptCount, options.whichPrompts);
  const references = await writeReferences(models, prompts, options);
  const engineTexts = await compareWithEngine(models, prompts, references, options);
  const rows = await writeAll(models, cellsOf(prompts, [...models.drafts.keys()], options), references, options);
  const wrong = rows.filter((row) => !row.identical).length;
  const sum = (pick: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((total, row) => total + pick(row), 0);
  const summary = {
    texts: rows.length,
    identical: rows.length - wrong,
    wrong: wrong + engineTexts.differing,
    acceptedDrafts: sum(({ acceptedRows }) => acceptedRows),
    rejectedDrafts: sum(({ draftRows, acceptedRows }) => draftRows - acceptedRows),
    longestAccepted: Math.max(0, ...rows.map(({ longestAccepted }) => longestAccepted)),
    shapeMismatches: shapes.shapeMismatches,
    shapeComparisons: shapes.comparisons,
    engineGreedyTexts: engineTexts.compared,
    engineGreedyWrong: engineTexts.differing,
    reconnects: sum(({ reconnects }) => reconnects),
  };
  const { fingerprint, description } = models.target.identity;
  return { rows, summary, params: { ...paramsOf(options), fingerprint, description }, seed: Number(seed) };
}

/** What a document says of the options. */
export function paramsOf({ onProgress: _progress, signal: _signal, ...options }: ExactnessOptions): object {
  const { target, draft } = options;
  return { ...options, target: modelLabel(target), ...(draft === undefined ? {} : { draft: modelLabel(draft) }) };
}

/**
 * The target is loaded once, with sequences for the edge, for the references and for the drafts that it makes itself: each of them is
 * evaluated beside the others' cells.
 */
async function openModels(options: ExactnessOptions): Promise<Models> {
  await using opened = new CloseStack();
  const { path: targetPath } = await acquireModel(options.target);
  const { path: draftPath } = await acquireModel(options.draft ?? options.target);
  const onLawProgress = (text: string, done: number, total: number): void =>
    options.onProgress?.(`shape law: ${text}`, Math.round((100 * done) / total), 100);
  const { threads, gpu } = options;
  const size = {
    sequences: concurrentTurns + 1 + 2 * drafterSequences,
    contextLength,
    gpu,
    ...(threads === undefined ? {} : { threads }),
  };
  const target = opened.use(await openModel(targetPath, { role: 'target', exact: true, ...size, onLawProgress }));
  // Drafts need not be exact. The edge keeps conversations in all sequences of its own draft, so devices can't share them.
  const openDraft = async (sequences: number): Promise<LanguageModel> =>
    opened.use(
      await openModel(draftPath, {
        ...{ role: 'draft', exact: false, gpu, threads: 1 },
        ...{ sequences, contextLength },
        tokenizer: target.tokenizer,
      }),
    );
  const hasDraft = options.draft !== undefined;
  const itself = shareModel(target, drafterSequences);
  const drafts = new Map<string, LanguageModel>([
    ['n-gram', createNgramModel({ tokenizer: target.tokenizer, sequences: drafterSequences })],
    ...(hasDraft ? [['draft', await openDraft(drafterSequences)] as const] : []),
    ['target itself', itself],
    ['target, 30 % altered', alterModel(shareModel(target, drafterSequences), { seed: 7, share: 0.3 })],
  ]);
  const edgeDraft = hasDraft
    ? await openDraft(edgeDraftSequences)
    : createNgramModel({ tokenizer: target.tokenizer, sequences: edgeDraftSequences });
  const kept = opened.move();
  return {
    target: shareModel(target, concurrentTurns + 1),
    drafts,
    edgeDraft,
    targetPath,
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** So many of the model's sequences; closing it closes nothing. */
function shareModel(model: LanguageModel, sequences: number): LanguageModel {
  return {
    identity: model.identity,
    tokenizer: model.tokenizer,
    limits: { ...model.limits, maxSequences: sequences },
    ...(model.exactness === undefined ? {} : { exactness: model.exactness }),
    openSequence: () => model.openSequence(),
    evaluate: (items) => model.evaluate(items),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Sampled texts differ in their parameters, so that truncation and penalties are tried as well. */
function samplingFor(temperature: number, promptIndex: number): Sampling {
  if (temperature === 0) return neutralSampling;
  const shaped = [{}, { topP: 0.95 }, { topK: 20, frequencyPenalty: 0.3 }, { minP: 0.05, repetitionPenalty: 1.1 }];
  return { ...neutralSampling, ...shaped[promptIndex % shaped.length], temperature, seed: seed + BigInt(promptIndex) };
}

function keyOf(promptIndex: number, temperature: number): string {
  return `${promptIndex} at ${temperature}`;
}

async function writeReferences(
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

/**
 * At temperature 0 the engine's own loop must agree with the reference, where the law leaves calls as they are: else the engine's text
 * is another family (docs/engines.md), and nothing is compared.
 */
async function compareWithEngine(
  models: Models,
  prompts: readonly TrialPrompt[],
  references: ReadonlyMap<string, number[]>,
  { tokens, temperatures, gpu, onProgress }: ExactnessOptions,
): Promise<{ readonly compared: number; readonly differing: number }> {
  const { limits, tokenizer, exactness } = models.target;
  const isFree = describeLaw({ ...limits.law, merges: true }) === describeLaw(freeLaw);
  if (!temperatures.includes(0) || !isFree) return { compared: 0, differing: 0 };
  onProgress?.("the engine's own texts", 0, prompts.length);
  const requests = prompts.map(({ ids }) => ({ prompt: ids, maxTokens: tokens, endIds: tokenizer.endIds }));
  const texts = await generateGreedily(models.targetPath, requests, { weights: exactness?.weights, gpu });
  const differing = texts.filter((text, index) => firstDifference(text, references.get(keyOf(index, 0)) ?? []) !== -1);
  return { compared: texts.length, differing: differing.length };
}

/**
 * Modes ar and stream: every temperature and round trip for every prompt; the drafts take turns so that each meets every round trip. The other
 * modes: every temperature for every prompt, the round trips take turns.
 */
function cellsOf(prompts: readonly TrialPrompt[], drafts: readonly string[], options: ExactnessOptions): Cell[] {
  const cells: Cell[] = [];
  for (const [roundTripIndex, roundTripMs] of options.roundTripsMs.entries()) {
    for (const [temperatureIndex, temperature] of options.temperatures.entries()) {
      for (const [promptIndex, prompt] of prompts.entries()) {
        const draft = drafts[(promptIndex + roundTripIndex + 2 * temperatureIndex) % drafts.length] ?? 'none';
        for (const [modeIndex, mode] of options.modes.entries()) {
          const isTheirTurn = (promptIndex + modeIndex) % options.roundTripsMs.length === roundTripIndex;
          if (!thoroughModes.has(mode) && !isTheirTurn) continue;
          const drafted = modeOf(mode).deviceDrafts ? draft : 'none';
          cells.push({ prompt, promptIndex, mode, temperature, roundTripMs, draft: drafted });
        }
      }
    }
  }
  // Neighbours share a prompt, so that a drafter often holds it already.
  return cells.toSorted((one, other) => one.promptIndex - other.promptIndex);
}

async function writeAll(
  models: Models,
  cells: readonly Cell[],
  references: ReadonlyMap<string, number[]>,
  options: ExactnessOptions,
): Promise<ReturnType<typeof judge>[]> {
  // The target is paced, because here it is no slower than the drafts, which would never get ahead. Every draft that arrives is admitted.
  const paced = paceModel(models.target, findProfile('reference'), {
    clock: machineClock,
    sleepUntil: preciseSleep(machineClock),
  });
  await using edge: Edge = await startEdge({
    ...{ model: paced, stepTime: linearStepTime(1000, 0), learnsStepTime: false },
    draft: { model: models.edgeDraft, draftLength: 4, hedges: 1 },
  });
  await using opened = new CloseStack();
  const listener = await listenEdge(edge, { host: '127.0.0.1', port: 0 });
  opened.defer(() => listener.close());
  const [rows, left]: [ReturnType<typeof judge>[], Cell[]] = [[], [...cells]];
  const drafters = new DrafterPool(models.drafts);
  const work = async (): Promise<void> => {
    for (let cell = left.shift(); cell !== undefined && options.signal?.aborted !== true; cell = left.shift()) {
      const report = await writeTogether(models, drafters, cell, listener.port, options.tokens);
      rows.push(judge(cell, report, references.get(keyOf(cell.promptIndex, cell.temperature)) ?? []));
      options.onProgress?.('texts together', rows.length, cells.length);
    }
  };
  opened.defer(() => drafters.close());
  await Promise.all(Array.from({ length: concurrentTurns }, work));
  options.signal?.throwIfAborted();
  return rows;
}

/** Drafters as devices have them: each keeps the tokens that it has evaluated from one text to the next. */
class DrafterPool {
  readonly #models: ReadonlyMap<string, LanguageModel>;
  readonly #free = new Map<string, AdaptiveDrafter[]>();

  constructor(models: ReadonlyMap<string, LanguageModel>) {
    this.#models = models;
  }

  take(draft: string): AdaptiveDrafter | null {
    const model = this.#models.get(draft);
    if (model === undefined) return null;
    return this.#free.get(draft)?.pop() ?? new AdaptiveDrafter(new ModelDrafter(model, sequencesOfDrafter));
  }

  giveBack(draft: string, drafter: AdaptiveDrafter | null): void {
    if (drafter !== null) this.#free.set(draft, [...(this.#free.get(draft) ?? []), drafter]);
  }

  async close(): Promise<void> {
    for (const drafter of [...this.#free.values()].flat()) await drafter[Symbol.asyncDispose]();
  }
}

async function writeTogether(
  models: Models,
  drafters: DrafterPool,
  cell: Cell,
  port: number,
  tokens: number,
): Promise<TurnReport> {
  const drafter = drafters.take(cell.draft);
  const link = createEmulatedLink(connectWebSocket(`ws://127.0.0.1:${port}`), {
    ...idealLink,
    roundTripMs: cell.roundTripMs,
  });
  const turn = startTurn({
    connect: link.connect,
    tokenizer: models.target.tokenizer,
    drafter,
    prompt: cell.prompt.ids,
    mode: cell.mode,
    draftLength: 1 + (cell.promptIndex % 12),
    sampling: samplingFor(cell.temperature, cell.promptIndex),
    maxAnswerTokens: tokens,
    // Cells with a network reuse the edge's KV cache of the same prompt; cells without a network evaluate the prompt again.
    ...(cell.roundTripMs === 0 ? {} : { conversation: cell.promptIndex.toString(16).padStart(32, '0') }),
  });
  const report = await turn.report;
  drafters.giveBack(cell.draft, drafter);
  return report;
}

function judge(cell: Cell, report: TurnReport, reference: readonly number[]) {
  const differsAt = firstDifference(report.tokens, reference);
  const account = report.outcome.kind === 'ended' ? report.outcome.account : undefined;
  return {
    prompt: cell.prompt.name,
    promptTokens: cell.prompt.ids.length,
    mode: cell.mode,
    temperature: cell.temperature,
    roundTripMs: cell.roundTripMs,
    draft: cell.draft,
    tokens: report.tokens.length,
    identical: differsAt === -1 && report.outcome.kind === 'ended',
    differsAt,
    end: report.outcome.kind === 'ended' ? report.outcome.reason : report.outcome.kind,
    steps: account?.steps ?? 0,
    draftRows: (account?.draftRows ?? 0) + (account?.edgeDraftRows ?? 0),
    acceptedRows: (account?.acceptedRows ?? 0) + (account?.acceptedEdgeDraftRows ?? 0),
    longestAccepted: report.longestAccepted,
    reconnects: report.connections - 1,
  };
}

/** @returns -1 if both are the same */
function firstDifference(left: readonly number[], right: readonly number[]): number {
  const until = Math.max(left.length, right.length);
  for (let index = 0; index < until; index += 1) if (left[index] !== right[index]) return index;
  return -1;
}
