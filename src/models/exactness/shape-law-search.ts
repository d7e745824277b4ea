// Finds the cheapest shape law of an opened engine: laws are tried in the order of their cost on this machine, each by writing one
// text in every way that sessions do; the first law without a different bit is taken. It is not specific to an engine.

import { median } from '../../core/basics/statistics.ts';
import { describeLaw, engineRows, freeLaw, largestExactCall, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import { windowTokens } from '../../core/scheduling/predict-latency.ts';
import { appendTokens } from '../port/append-tokens.ts';
import type { LanguageModel } from '../port/model.ts';
import { sampleTokens } from './sample-text.ts';
import { checkShapes } from './shape-check.ts';
import { besideOthers, besideOthersAtLength, contextHistories, sessionHistories } from './shape-histories.ts';

/** An engine with a law that can be changed during the search. */
export interface LawBench extends LanguageModel {
  adopt(law: ShapeLaw): void;
}

export interface LawSearchOptions {
  readonly nowMs: () => number;
  /** Laws with at least this cost ({@link lawCost}) are not tried; default: all are. */
  readonly costToBeat?: number;
  readonly onProgress?: ((text: string, done: number, total: number) => void) | undefined;
}

/** Measured times of calls of one sequence, in ms, without padding. */
export type CallTimes = readonly { readonly rows: number; readonly ms: number }[];

export interface LawSearch {
  /** Null: none of the tried laws holds. */
  readonly law: ShapeLaw | null;
  readonly callTimes: CallTimes;
  /** Number of positions that were compared under the law. */
  readonly comparisons: number;
  /** Laws that failed before, each with the history that showed different bits. */
  readonly failed: readonly { readonly law: string; readonly history: string }[];
}

const timedRows = [1, 2, 3, 4, 6, 8, 12, 16];
const timedRepeats = 3;
const timedContext = 32;
/** Acceptance rate in the cost of a law: the rate of good pairs. */
const usualAcceptance = 0.8;
const weighedRows = [1, 2, 3, 4, 5, 6, 7, 8];
/** Concurrent sessions in the cost of a law. */
const usualSessions = 4;

/**
 * Laws in the order in which they are tried at equal cost; those with one sequence a call come last. Engines cut a shared call at
 * its shortest sequence and compute the rest separately, so a least size without a common multiple can't hold in shared calls.
 */
export function candidateLaws(sequences: number): ShapeLaw[] {
  const multipleOf = (multiple: number): ShapeLaw => {
    return { multiple, least: multiple, most: largestExactCall - (largestExactCall % multiple), merges: true };
  };
  const upTo = (most: number): ShapeLaw => ({ ...freeLaw, most });
  const only = (rows: number): ShapeLaw => ({ multiple: rows, least: rows, most: rows, merges: true });
  const merged = [
    freeLaw,
    { ...freeLaw, least: 2 },
    ...[2, 4, 8].map(multipleOf),
    ...[3, 2, 1].map(upTo),
    ...[4, 8, 16].map(only),
  ];
  const apart = merged.map((law) => ({ ...law, merges: false }));
  const isCutSafe = ({ least, multiple, most }: ShapeLaw): boolean => least === 1 || multiple > 1 || least === most;
  return sequences === 1 ? merged : [...merged.filter(isCutSafe), ...apart];
}

/** The time of an item of this many rows under the law, ms. */
export function lawMs(law: ShapeLaw, callTimes: CallTimes, rows: number): number {
  const whole = Math.floor(rows / law.most);
  const rest = engineRows(law, rows) - whole * law.most;
  return whole * callMs(callTimes, law.most) + (rest === 0 ? 0 : callMs(callTimes, rest));
}

/**
 * The cost of a token under the law, ms: the geometric mean over a session without drafts, a session with drafts (counted twice:
 * the purpose of an edge), several concurrent sessions, and a prompt. Lower is better.
 */
export function lawCost(law: ShapeLaw, callTimes: CallTimes, sequences: number): number {
  const aloneMs = lawMs(law, callTimes, 1);
  const draftedMs = weighedRows.map((rows) => lawMs(law, callTimes, rows) / windowTokens(usualAcceptance, rows - 1));
  const sessions = Math.min(usualSessions, sequences);
  const sharedRows = sessions * engineRows(law, 1);
  const fits = law.merges && sharedRows <= law.most;
  // Sequences that may share calls need not.
  const crowdedMs = fits ? Math.min(aloneMs, callMs(callTimes, sharedRows) / sessions) : aloneMs;
  const promptMs = Math.min(...timedRows.map((rows) => lawMs(law, callTimes, rows) / rows));
  return (aloneMs * Math.min(...draftedMs) ** 2 * crowdedMs * promptMs) ** (1 / 5);
}

/** Linear between measured sizes; beyond the largest in proportion. */
function callMs(callTimes: CallTimes, rows: number): number {
  const above = callTimes.findIndex((time) => time.rows >= rows);
  const upper = callTimes[above];
  const lower = callTimes[above - 1];
  if (upper === undefined) {
    const last = callTimes.at(-1);
    return last === undefined ? 0 : (last.ms * rows) / last.rows;
  }
  if (lower === undefined || upper.rows === rows) return upper.ms;
  return lower.ms + ((upper.ms - lower.ms) * (rows - lower.rows)) / (upper.rows - lower.rows);
}

export async function findLaw(bench: LawBench, options: LawSearchOptions): Promise<LawSearch> {
  bench.adopt(freeLaw);
  const callTimes = await timeCalls(bench, options.nowMs);
  const { maxSequences } = bench.limits;
  // At equal cost a law with shared calls comes first.
  const costOf = (law: ShapeLaw): number => lawCost(law, callTimes, maxSequences) * (law.merges ? 1 : 1.001);
  const { costToBeat = Number.POSITIVE_INFINITY } = options;
  const failed: { law: string; history: string }[] = [];
  for (const law of candidateLaws(maxSequences).toSorted((one, other) => costOf(one) - costOf(other))) {
    if (costOf(law) >= costToBeat) break;
    bench.adopt(law);
    const { history, comparisons } = await tryLaw(bench, law, options);
    if (history === null) return { law, callTimes, comparisons, failed };
    failed.push({ law: describeLaw(law), history });
  }
  return { law: null, callTimes, comparisons: 0, failed };
}

/** Whether the law holds, with few comparisons: for an engine of which nearly everything is known. */
export async function confirmLaw(bench: LawBench, law: ShapeLaw): Promise<boolean> {
  bench.adopt(law);
  const { shapeMismatches } = await checkShapes(bench, screening(bench));
  return shapeMismatches === 0;
}

/** Whether calls of one row and of several agree: this confirms the layout of the weights. */
export async function confirmLayout(bench: LawBench, law: ShapeLaw): Promise<boolean> {
  bench.adopt(law);
  const { shapeMismatches } = await checkShapes(bench, {
    contextLengths: [12],
    callSizes: fitting(bench, [4, 8]),
    positions: 8,
    histories: [],
  });
  return shapeMismatches === 0;
}

/**
 * First the histories by which most laws fail, then all at a short context, then those that can differ in large calls and at a long
 * context.
 */
async function tryLaw(model: LanguageModel, law: ShapeLaw, { onProgress }: LawSearchOptions) {
  let comparisons = 0;
  const stages = [screening(model), thorough(model), largeCalls(model), longContext(model)].filter(
    ({ callSizes, histories }) => callSizes.length + histories.length > 0,
  );
  for (const [index, stage] of stages.entries()) {
    const result = await checkShapes(model, {
      ...stage,
      stopsAtMismatch: true,
      onProgress: (done, total) => onProgress?.(describeLaw(law), index + done / total, stages.length),
    });
    comparisons += result.comparisons;
    const last = result.rows.at(-1);
    if (result.shapeMismatches > 0) return { history: `${last?.history} at ${last?.contextLength}`, comparisons };
  }
  return { history: null, comparisons };
}

function screening(model: LanguageModel) {
  return { contextLengths: [20], callSizes: fitting(model, [2, 3, 4, 5, 8]), positions: 10, histories: [besideOthers] };
}

function thorough(model: LanguageModel) {
  const callSizes = fitting(model, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16]);
  return { contextLengths: [48], callSizes, positions: 16, histories: sessionHistories };
}

/** As prompts arrive, alone and beside other sequences. */
function largeCalls(model: LanguageModel) {
  const callSizes = fitting(model, [24, 33, model.limits.maxItemTokens]);
  const histories = model.limits.law.merges && callSizes.length > 0 ? [besideOthersAtLength] : [];
  return { contextLengths: [20], callSizes, positions: 63, histories };
}

/** Several threads split the work differently from 512 tokens of context on. */
function longContext(model: LanguageModel) {
  const positions = 16;
  const context = Math.min(600, model.limits.contextLength - positions - 12);
  return {
    contextLengths: [context],
    callSizes: fitting(model, [2, 3, 4, 8, 16]),
    positions,
    histories: contextHistories,
  };
}

function fitting(model: LanguageModel, sizes: readonly number[]): number[] {
  const { law, maxItemTokens } = model.limits;
  // Longer ones are cut into the same calls.
  return sizes.filter((size) => size <= Math.min(maxItemTokens, 2 * Math.max(2, law.most)));
}

async function timeCalls(model: LanguageModel, nowMs: () => number): Promise<CallTimes> {
  const sequence = model.openSequence();
  try {
    const text = sampleTokens(model.tokenizer, timedContext + Math.max(...timedRows));
    await appendTokens(model, sequence, text.slice(0, timedContext));
    const times = timedRows.map((): number[] => []);
    for (let repeat = 0; repeat < timedRepeats; repeat += 1) {
      for (const [index, rows] of timedRows.entries()) {
        const startMs = nowMs();
        await appendTokens(model, sequence, text.slice(timedContext, timedContext + rows), { rows });
        times[index]?.push(nowMs() - startMs);
        await sequence.truncate(timedContext);
      }
    }
    return timedRows.map((rows, index) => ({ rows, ms: median(times[index] ?? []) }));
  } finally {
    await sequence.release();
  }
}
