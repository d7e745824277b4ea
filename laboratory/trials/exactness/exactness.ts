// Tries to break the central promise on real models: every text that device and edge write together is, id for id, what the target
// writes alone. The reference uses no sessions, edges or schedulers: one row at a time, then a choice.

import { encodeTrialPrompts, type TrialPrompt } from '../../../simulator/files/sample-prompts.ts';
import { engineLabel } from '../../../src/cli/options/engine-label.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { defined } from '../../../src/core/basics/defined.ts';
import { badArgument, isOutriderError } from '../../../src/core/basics/errors.ts';
import { idealLink } from '../../../src/core/protocol/wire/link-model-settings.ts';
import type { TurnAccount } from '../../../src/core/protocol/wire/messages.ts';
import { type ModeName, modeOf } from '../../../src/core/protocol/wire/mode.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { modelLabel, type Result } from '../../../src/files/document.ts';
import { preciseSleep } from '../../../src/models/engines/precise-sleep.ts';
import {
  checkShapes,
  leastPositions,
  type ShapeCheckRow,
  sizesUpTo,
} from '../../../src/models/exactness/shape-check.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { paceModel } from '../../../src/models/port/paced.ts';
import { findProfile } from '../../../src/models/port/profiles.ts';
import { createEmulatedLink } from '../../../src/network/transport/emulated-link.ts';
import { machineClock } from '../../../src/network/transport/machine-clock.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import type { TurnReport } from '../../../src/processes/device/turn-report.ts';
import { type Edge, listenEdge, startEdge } from '../../../src/processes/edge/edge.ts';
import { compareWithEngine, firstDifference, keyOf, samplingFor, seed, writeReferences } from './references.ts';
import { concurrentTurns, DrafterPool, type ExactnessOptions, type Models, openModels } from './trial-models.ts';

export interface Cell {
  readonly prompt: TrialPrompt;
  readonly promptIndex: number;
  readonly mode: ModeName;
  readonly temperature: number;
  readonly roundTripMs: number;
  readonly draft: string;
}

const mostNamed = 8;
const thoroughModes: ReadonlySet<ModeName> = new Set(['ar', 'stream']);

export async function trialExactness(options: ExactnessOptions): Promise<Result> {
  await using models = await openModels(options);
  const { callSizes = sizesUpTo(models.target.limits.maxItemTokens), positions } = options;
  const shapes = await checkShapes(models.target, {
    callSizes,
    ...defined({ positions }),
    contextLengths: contextsWithin(models.target.limits.contextLength, { ...options, callSizes }),
    onProgress: (done, total) => options.onProgress?.('shapes of calls', done, total),
  });
  const { prompts, leftOut } = promptsWithin(models.target, options);
  const references = await writeReferences(models, prompts, options);
  const engineTexts = await compareWithEngine(models, prompts, references, options);
  const rows = await writeAll(models, cellsOf(prompts, [...models.drafts.keys()], options), references, options);
  const wrong = rows.filter((row) => !row.identical).length;
  const sum = (pick: (row: Row) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  const summary = {
    texts: rows.length,
    identical: rows.length - wrong,
    wrong: wrong + engineTexts.wrong,
    failed: rows.filter(({ code }) => code !== '').length,
    acceptedDrafts: sum(({ acceptedRows }) => acceptedRows),
    rejectedDrafts: sum(({ draftRows, acceptedRows }) => draftRows - acceptedRows),
    longestAccepted: Math.max(0, ...rows.map(({ longestAccepted }) => longestAccepted)),
    shapeMismatches: shapes.shapeMismatches,
    shapeComparisons: shapes.comparisons,
    shapesDiffering: differingOf(shapes.rows),
    engineGreedyTexts: engineTexts.compared,
    engineGreedyDiffering: engineTexts.differing,
    engineGreedyWrong: engineTexts.wrong,
    promptsLeftOut: leftOut,
    reconnects: sum(({ reconnects }) => reconnects),
  };
  const { fingerprint, description } = models.target.identity;
  return { rows, summary, params: { ...paramsOf(options), fingerprint, description }, seed: Number(seed) };
}

/** The first few of them, as "calls of 5 at 600"; null: there are none. */
function differingOf(rows: readonly ShapeCheckRow[]): string | null {
  const names = rows.filter(({ mismatches }) => mismatches > 0).map((row) => `${row.history} at ${row.contextLength}`);
  return names.length === 0 ? null : names.slice(0, mostNamed).join(', ');
}

/** The options as the result document lists them. */
export function paramsOf(given: ExactnessOptions): object {
  const { onProgress: _progress, signal: _signal, cacheDirectory: _cache, ...options } = given;
  const { target, draft, engine } = options;
  return {
    ...options,
    target: modelLabel(target),
    ...(draft === undefined ? {} : { draft: modelLabel(draft) }),
    ...(engine === undefined ? {} : { engine: engineLabel(engine) }),
  };
}

/** The contexts to compare at that fit; if none does, the longest that fits. */
function contextsWithin(most: number, options: ExactnessOptions): number[] {
  const { contextLengths = [64, 600, 1500], callSizes = [], positions } = options;
  const compared = positions ?? Math.max(leastPositions, ...callSizes);
  const fitting = contextLengths.filter((length) => length + compared <= most);
  return fitting.length > 0 ? fitting : [Math.max(1, most - compared)];
}

/** @throws OutriderError `bad-argument` where no prompt fits with its answer */
function promptsWithin(target: LanguageModel, { promptCount, whichPrompts, tokens }: ExactnessOptions) {
  const { contextLength } = target.limits;
  const all = encodeTrialPrompts(target.tokenizer, undefined, whichPrompts);
  const fitting = all.filter(({ ids }) => ids.length + tokens <= contextLength);
  const prompts = fitting.slice(0, promptCount);
  if (prompts.length > 0) return { prompts, leftOut: Math.min(promptCount ?? all.length, all.length) - prompts.length };
  throw badArgument(`no prompt fits with ${tokens} tokens into a context of ${contextLength}`, 'Give fewer --tokens.');
}

/**
 * Modes ar and stream: every temperature and round trip for every prompt; the drafts take turns so that each meets every round trip. The
 * other modes: every temperature for every prompt, the round trips take turns.
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

/** Writes every cell at an edge of its own. A turn that fails is a row as any other, and a wrong one. */
export async function writeAll(
  models: Pick<Models, 'target' | 'drafts' | 'edgeDraft'>,
  cells: readonly Cell[],
  references: ReadonlyMap<string, number[]>,
  options: Pick<ExactnessOptions, 'tokens' | 'onProgress' | 'signal'>,
): Promise<Row[]> {
  // The target is paced, because here it is no slower than the drafts, which would never get ahead. Every draft that arrives is admitted.
  const paced = paceModel(models.target, findProfile('reference'), {
    clock: machineClock,
    sleepUntil: preciseSleep(machineClock),
  });
  await using edge: Edge = await startEdge({
    model: paced,
    stepTime: linearStepTime(1000, 0),
    learnsStepTime: false,
    draft: { model: models.edgeDraft, draftLength: 4, hedges: 1 },
  });
  await using opened = new CloseStack();
  const listener = await listenEdge(edge, { host: '127.0.0.1', port: 0 });
  opened.defer(() => listener.close());
  const rows: Row[] = [];
  const left = [...cells];
  const drafters = new DrafterPool(models.drafts);
  const work = async (): Promise<void> => {
    for (let cell = left.shift(); cell !== undefined && options.signal?.aborted !== true; cell = left.shift()) {
      const written = await writeTogether(models, drafters, cell, listener.port, options.tokens).catch(failureOf);
      rows.push(judge(cell, written, references.get(keyOf(cell.promptIndex, cell.temperature)) ?? []));
      options.onProgress?.('texts together', rows.length, cells.length);
    }
  };
  opened.defer(() => drafters.close());
  await Promise.all(Array.from({ length: concurrentTurns }, work));
  options.signal?.throwIfAborted();
  return rows;
}

async function writeTogether(
  models: Pick<Models, 'target'>,
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
  // What a failed one holds is unknown.
  if (report.outcome.kind !== 'failed') drafters.giveBack(cell.draft, drafter);
  else await drafter?.[Symbol.asyncDispose]();
  return report;
}

/** Results of one text. */
export interface Row extends Omit<Cell, 'prompt' | 'promptIndex'> {
  readonly prompt: string;
  readonly promptTokens: number;
  readonly tokens: number;
  readonly identical: boolean;
  /** -1: nowhere. */
  readonly differsAt: number;
  readonly end: string;
  /** Why there is no whole text; empty if there is one. */
  readonly code: string;
  readonly cause: string;
  readonly steps: number;
  readonly draftRows: number;
  readonly acceptedRows: number;
  readonly longestAccepted: number;
  readonly reconnects: number;
}

/** What is judged of a turn. */
type Written = Pick<TurnReport, 'outcome' | 'tokens' | 'longestAccepted' | 'connections'>;

/** For a turn without a report. */
function failureOf(error: unknown): Written {
  const code = isOutriderError(error) ? error.code : 'internal';
  const cause = error instanceof Error ? error.message : String(error);
  return { outcome: { kind: 'failed', code, cause, remedy: '' }, tokens: [], longestAccepted: 0, connections: 1 };
}

function judge({ prompt, promptIndex: _, ...cell }: Cell, written: Written, reference: readonly number[]): Row {
  const { outcome, tokens, longestAccepted, connections } = written;
  const differsAt = firstDifference(tokens, reference);
  const { code, cause } = outcome.kind === 'failed' ? outcome : { code: '', cause: '' };
  const account: Partial<TurnAccount> = outcome.kind === 'ended' ? outcome.account : {};
  const { steps = 0, draftRows = 0, edgeDraftRows = 0, acceptedRows = 0, acceptedEdgeDraftRows = 0 } = account;
  return {
    prompt: prompt.name,
    promptTokens: prompt.ids.length,
    ...cell,
    tokens: tokens.length,
    identical: differsAt === -1 && outcome.kind === 'ended',
    differsAt,
    end: outcome.kind === 'ended' ? outcome.reason : outcome.kind,
    code,
    cause,
    steps,
    draftRows: draftRows + edgeDraftRows,
    acceptedRows: acceptedRows + acceptedEdgeDraftRows,
    longestAccepted,
    reconnects: connections - 1,
  };
}
