// Finds the cheapest shape law that holds on an opened engine: the laws are tried in the order of what they would cost here, each by
// writing one text in every way that sessions do, and the first is taken under which no bit differs. It knows no engine.

import { median } from '../basics/statistics.ts';
import { describeLaw, engineRows, freeLaw, largestExactCall, type ShapeLaw } from '../decoding/shape-law.ts';
import { appendTokens } from '../models/append-tokens.ts';
import type { LanguageModel } from '../models/model.ts';
import { windowTokens } from '../scheduling/predict-latency.ts';
import { sampleTokens } from './sample-text.ts';
import { checkShapes } from './shape-check.ts';
import { besideOthers, besideOthersAtLength, contextHistories } from './shape-histories.ts';

/** An engine whose law can be changed while it is tried. */
export interface LawBench extends LanguageModel {
  adopt(law: ShapeLaw): void;
}

export interface LawSearchOptions {
  readonly nowMs: () => number;
  /** Laws that would cost as much or more ({@link lawCost}) are not tried; default: all are. */
  readonly costToBeat?: number;
  readonly onProgress?: ((text: string, done: number, total: number) => void) | undefined;
}

/** What calls of so many rows of one sequence take, in ms, nothing padded. */
export type CallTimes = readonly { readonly rows: number; readonly ms: number }[];

export interface LawSearch {
  /** Null: none of the laws that were tried holds. */
  readonly law: ShapeLaw | null;
  readonly callTimes: CallTimes;
  /** Positions that were compared under the law that holds. */
  readonly comparisons: number;
  /** What was tried before, and the way that told the bits apart. */
  readonly failed: readonly { readonly law: string; readonly history: string }[];
}

const timedRows = [1, 2, 3, 4, 6, 8, 12, 16];
const timedRepeats = 3;
const timedContext = 32;
/** Share of drafts that hold, by which laws are weighed: what good pairs reach. */
const usualAcceptance = 0.8;
const weighedRows = [1, 2, 3, 4, 5, 6, 7, 8];
/** Sessions that read at the same time, by which laws are weighed. */
const usualSessions = 4;

/**
 * Laws as they are tried where they cost the same; those of one sequence a call come after the others. Engines cut a shared call at its
 * shortest sequence and compute what is left over apart, so a least size without a common multiple can't hold in shared calls.
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

/** What an item of so many rows takes under the law, ms. */
export function lawMs(law: ShapeLaw, callTimes: CallTimes, rows: number): number {
  const whole = Math.floor(rows / law.most);
  const rest = engineRows(law, rows) - whole * law.most;
  return whole * callMs(callTimes, law.most) + (rest === 0 ? 0 : callMs(callTimes, rest));
}

/**
 * What a token costs under the law, ms: the geometric mean over one who reads from the edge alone, one who drafts (counted twice: that is
 * what an edge is for), several who read at once, and a prompt. Lower is better.
 */
export function lawCost(law: ShapeLaw, callTimes: CallTimes, sequences: number): number {
  const aloneMs = lawMs(law, callTimes, 1);
  const draftedMs = weighedRows.map((rows) => lawMs(law, callTimes, rows) / windowTokens(usualAcceptance, rows - 1));
  const sessions = Math.min(usualSessions, sequences);
  const sharedRows = sessions * engineRows(law, 1);
  const fits = law.merges && sharedRows <= law.most;
  // Who may share calls need not.
  const crowdedMs = fits ? Math.min(aloneMs, callMs(callTimes, sharedRows) / sessions) : aloneMs;
  const promptMs = Math.min(...timedRows.map((rows) => lawMs(law, callTimes, rows) / rows));
  return (aloneMs * Math.min(...draftedMs) ** 2 * crowdedMs * promptMs) ** (1 / 5);
}

/** Between measured sizes by a straight line; beyond the largest in proportion. */
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
  // Of two laws that cost the same the one goes first that lets sessions share calls.
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

/** Whether the law holds where little is compared: for an engine of which nearly everything is known. */
export async function confirmLaw(bench: LawBench, law: ShapeLaw): Promise<boolean> {
  bench.adopt(law);
  const { shapeMismatches } = await checkShapes(bench, screening(bench));
  return shapeMismatches === 0;
}

/** Whether calls of one row and of several agree: that a layout of weights is what it is taken for. */
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

/** First what most laws fail by, then everything at a short context, then what can differ in large calls and at a long context. */
async function tryLaw(model: LanguageModel, law: ShapeLaw, { onProgress }: LawSearchOptions) {
  let comparisons = 0;
  const stages = [screening(model), thorough(model), largeCalls(model), longContext(model)].filter(isNotEmpty);
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
  return { contextLengths: [48], callSizes: fitting(model, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16]), positions: 16 };
}

/** As prompts come, alone and beside others. */
function largeCalls(model: LanguageModel) {
  const callSizes = fitting(model, [24, 33, model.limits.maxItemTokens]);
  const histories = model.limits.law.merges && callSizes.length > 0 ? [besideOthersAtLength] : [];
  return { contextLengths: [20], callSizes, positions: 63, histories };
}

function isNotEmpty({
  callSizes,
  histories,
}: {
  callSizes: readonly number[];
  histories?: readonly unknown[];
}): boolean {
  return callSizes.length > 0 || histories === undefined || histories.length > 0;
}

/** Several threads take other ways from 512 tokens of context on. */
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
