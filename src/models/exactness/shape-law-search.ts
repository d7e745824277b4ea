// Finds the cheapest shape law of an opened engine: laws are tried in the order of their cost on this machine, each by writing one
// text in every way that sessions do; the first law without a different bit is taken. It is not specific to an engine.

import { describeLaw, engineRows, freeLaw, leastWholeCall, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import { windowTokens } from '../../core/scheduling/predict-latency.ts';
import { appendTokens } from '../port/append-tokens.ts';
import type { Exactness, LanguageModel } from '../port/model.ts';
import { sampleTokens } from './sample-text.ts';
import { checkShapes, leastPositions, type ShapeCheckOptions, type ShapeCheckRow, sizesUpTo } from './shape-check.ts';
import {
  besideOthers,
  besideOthersAtLength,
  contextHistories,
  inLargestCalls,
  sessionHistories,
} from './shape-histories.ts';

/** An engine with a law that can be changed during the search. */
export interface LawBench extends LanguageModel {
  /** Rows of one sequence that the engine takes in one call. */
  readonly largestCall: number;
  adopt(law: ShapeLaw): void;
}

export interface LawSearchOptions {
  readonly nowMs: () => number;
  /** Laws with at least this cost ({@link lawCost}) are not tried; default: all are. */
  readonly costToBeat?: number;
  /** Tried before the others, whatever it costs, if it is one of them. */
  readonly expected?: ShapeLaw | undefined;
  /** Tokens of context up to which calls are compared, as far as the model holds them; default {@link usualContext}. */
  readonly comparedContext?: number | undefined;
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

/** Several threads split the work differently from 512 tokens of context on. */
const usualContext = 600;
const timedRows = [1, 2, 3, 4, 6, 8, 12, 16];
const timedRepeats = 5;
const timedContext = 32;
/** Acceptance rate in the cost of a law: the rate of good pairs. */
const usualAcceptance = 0.8;
const weighedRows = [1, 2, 3, 4, 5, 6, 7, 8];
/** Concurrent sessions in the cost of a law. */
const usualSessions = 4;
/** The least of the largest calls that are tried for laws that do not cut steps, rows: longer steps are cut then. */
export const smallestLimit = 8;

/**
 * Laws in the order in which they are tried at equal cost; those with one sequence a call come last. Engines cut a shared call at
 * its shortest sequence and compute the rest separately, so a least size without a common multiple can't hold in shared calls.
 * @param largestCall of the laws that do not cut steps: how many rows a call may have is found for each law
 */
export function candidateLaws(sequences: number, largestCall: number): ShapeLaw[] {
  const free = { ...freeLaw, most: largestCall };
  const multipleOf = (multiple: number): ShapeLaw => withMost({ ...freeLaw, multiple, least: multiple }, largestCall);
  const upTo = (most: number): ShapeLaw => ({ ...freeLaw, most });
  const only = (rows: number): ShapeLaw => ({ multiple: rows, least: rows, most: rows, merges: true });
  const merged = [
    free,
    { ...free, least: 2 },
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
  const { costToBeat = Number.POSITIVE_INFINITY, expected } = options;
  const failed: { law: string; history: string }[] = [];
  const byCost = candidateLaws(maxSequences, bench.largestCall).sort((one, other) => costOf(one) - costOf(other));
  const first = byCost.filter((law) => expected !== undefined && isLike(law, expected));
  for (const candidate of new Set([...first, ...byCost])) {
    if (costOf(candidate) >= costToBeat) break;
    bench.adopt(candidate);
    const { law, history, comparisons } = await tryLaw(bench, candidate, options);
    if (history === null) return { law, callTimes, comparisons, failed };
    failed.push({ law: describeLaw(candidate), history });
  }
  return { law: null, callTimes, comparisons: 0, failed };
}

/** Whether two laws differ at most in how large a large call may be. */
function isLike(one: ShapeLaw, other: ShapeLaw): boolean {
  const isSized = one.most === other.most || Math.min(one.most, other.most) > leastWholeCall;
  return isSized && one.multiple === other.multiple && one.least === other.least && one.merges === other.merges;
}

/** What a step of one sequence costs: under the law, and without one. */
export function stepCosts(law: ShapeLaw, callTimes: CallTimes, nativeTimes: CallTimes): Exactness['costs'] {
  return weighedRows.map((rows) => {
    return { rows, ms: lawMs(law, callTimes, rows), nativeMs: lawMs(freeLaw, nativeTimes, rows) };
  });
}

/** Whether the law holds, with few comparisons: for an engine of which nearly everything is known but bits at longer contexts. */
export async function confirmLaw(
  bench: LawBench,
  law: ShapeLaw,
  comparedContext: number = usualContext,
): Promise<boolean> {
  bench.adopt(law);
  const longer = comparedContext > usualContext ? [atLength(bench, comparedContext)] : [];
  for (const stage of [screening(bench), ...longer]) {
    const { shapeMismatches } = await checkShapes(bench, { ...stage, stopsAtMismatch: true });
    if (shapeMismatches > 0) return false;
  }
  return true;
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

/** A stage of comparisons, as {@link checkShapes} takes it. */
type Stage = Omit<ShapeCheckOptions, 'onProgress'>;

/** The history that showed other bits, and after how many tokens. */
type Failure = Pick<ShapeCheckRow, 'history' | 'contextLength'>;

/** Null: no bit differed. */
type CheckStage = (stage: Stage) => Promise<Failure | null>;

/**
 * First the histories by which most laws fail, then all at a short context, then those that can differ at a long one; all in calls of few
 * rows. Then the largest call with which those hold in which large calls occur.
 */
async function tryLaw(bench: LawBench, candidate: ShapeLaw, options: LawSearchOptions) {
  const { onProgress, comparedContext = usualContext } = options;
  const sizes = candidate.most > leastWholeCall ? largestSizes(bench.largestCall) : [candidate.most];
  const stageCount = 3 + sizes.length;
  let comparisons = 0;
  let started = 0;
  const check: CheckStage = async (stage) => {
    const before = started;
    started = Math.min(started + 1, stageCount - 1);
    const result = await checkShapes(bench, {
      ...stage,
      // How many rows a call may have is found last.
      contextCall: leastWholeCall,
      stopsAtMismatch: true,
      onProgress: (done, total) => onProgress?.(describeLaw(candidate), before + done / total, stageCount),
    });
    comparisons += result.comparisons;
    return result.shapeMismatches > 0 ? (result.rows.at(-1) ?? null) : null;
  };
  const tried = (law: ShapeLaw, failure: Failure | null) => {
    return { law, history: failure && `${failure.history} at ${failure.contextLength}`, comparisons };
  };
  let law = candidate;
  let failure = (await check(screening(bench))) ?? (await check(thorough(bench)));
  failure ??= await check(longContext(bench, usualContext));
  if (failure !== null) return tried(law, failure);
  let isOfSteps = false;
  for (const size of sizes) {
    if (isOfSteps && size > smallestLimit) continue;
    law = withMost(candidate, size);
    bench.adopt(law);
    failure = await checkLargest(bench, comparedContext, check);
    if (failure === null) break;
    const { history, contextLength } = failure;
    // Large calls are not why the law fails at a long context.
    isOfSteps = contextLength === longLength(bench, comparedContext) && history !== inLargestCalls.name;
  }
  return tried(law, failure);
}

/** Checks the largest calls of the adopted law, which holds in smaller ones. */
async function checkLargest(bench: LawBench, comparedContext: number, check: CheckStage): Promise<Failure | null> {
  const { law, contextLength } = bench.limits;
  const isLarge = law.most > leastWholeCall;
  if (isLarge && contextLength < shortContext + law.most) return { history: 'no room for such calls', contextLength };
  const stages = [
    ...(isLarge ? [inCallsOf(law.most)] : []),
    largeCalls(bench),
    ...(isLarge ? [inLargestAt(bench, usualContext)] : []),
    ...(comparedContext > usualContext ? [atLength(bench, comparedContext)] : []),
  ];
  for (const stage of stages) {
    const failure = await check(stage);
    if (failure !== null) return failure;
  }
  return null;
}

/** All that the engine takes, then less than half of it, and so on: kernels change at powers of two. */
function largestSizes(largestCall: number): number[] {
  const sizes = [largestCall];
  for (let power = 2 ** Math.floor(Math.log2(largestCall)); power > leastWholeCall; power /= 2) {
    if (power - 1 < largestCall) sizes.push(power - 1);
  }
  return [...sizes, leastWholeCall, smallestLimit];
}

function withMost(law: ShapeLaw, most: number): ShapeLaw {
  return { ...law, most: most - (most % law.multiple) };
}

const shortContext = 20;

/** A prompt in calls of this size, every row compared with calls that are known to hold. */
function inCallsOf(size: number): Stage {
  const callSizes = [size];
  return { contextLengths: [shortContext], callSizes, positions: size, histories: [], referenceCall: leastWholeCall };
}

function screening(model: LanguageModel): Stage {
  return {
    contextLengths: [shortContext],
    callSizes: fitting(model, [2, 3, 4, 5, 8]),
    positions: 10,
    histories: [besideOthers],
  };
}

function thorough(model: LanguageModel): Stage {
  const callSizes = fitting(model, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16]);
  return { contextLengths: [48], callSizes, positions: 16, histories: sessionHistories };
}

/** As prompts arrive, alone and beside other sequences. */
function largeCalls(model: LanguageModel): Stage {
  const { maxItemTokens, law, contextLength } = model.limits;
  const room = contextLength - shortContext;
  const larger = sizesUpTo(Math.min(maxItemTokens, room)).filter((size) => size > leastPositions);
  const callSizes = fitting(model, [24, 33, Math.min(leastPositions, maxItemTokens), ...larger]);
  const histories = law.merges && callSizes.length > 0 ? [besideOthersAtLength] : [];
  const positions = Math.min(room, Math.max(leastPositions, ...larger));
  return { contextLengths: [shortContext], callSizes, positions, histories };
}

const longPositions = 16;

/** Tokens before those that are compared at so long a context. */
function longLength(model: LanguageModel, context: number): number {
  return Math.min(context, model.limits.contextLength - longPositions - 12);
}

function longContext(model: LanguageModel, context: number): Stage {
  return {
    contextLengths: [longLength(model, context)],
    callSizes: fitting(model, [2, 3, 4, 8, 16]),
    positions: longPositions,
    histories: contextHistories,
  };
}

/** The largest calls at the end of a context that is read in calls that are known to hold. */
function inLargestAt(model: LanguageModel, context: number): Stage {
  return { ...longContext(model, context), callSizes: [], histories: [inLargestCalls], contextCall: leastWholeCall };
}

/** Both in one reading of the text. */
function atLength(model: LanguageModel, context: number): Stage {
  const stage = longContext(model, context);
  if (model.limits.law.most <= leastWholeCall) return stage;
  return { ...stage, histories: [inLargestCalls, ...contextHistories], contextCall: leastWholeCall };
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
    // Other work on the machine only adds to a time.
    return timedRows.map((rows, index) => ({ rows, ms: Math.min(...(times[index] ?? [])) }));
  } finally {
    await sequence.release();
  }
}
