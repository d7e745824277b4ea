// The pace of free-running speculation in an edge's steps: how many tokens and how many draft rows a session has in a step, on
// average. Where all steps take the same time, both depend on the time of a draft and of a round trip in units of it, on the acceptance
// rate, and on the limit of drafts in a step. predict-stream.ts gives them at the nodes of a grid; between nodes they are interpolated,
// since a controller asks tens of thousands of times in a slot.

import { streamCycles } from './predict-stream.ts';

/** Means of one session over the steps of its edge. */
export interface StepPace {
  /** Tokens that a step commits, at least 1. */
  tokens: number;
  /** Draft rows in a step. */
  drafts: number;
}

/** See {@link streamPace}. */
export interface StreamPace {
  /**
   * @param draft time of a draft, in steps
   * @param roundTrip in steps
   * @param cap limit of drafts in a step, may be a fraction
   * @param out gets the result
   */
  read(draft: number, roundTrip: number, cap: number, out: StepPace): void;
}

/** Nodes of the grid; values outside are those of its edge. */
const draftNodes = Float64Array.from({ length: 19 }, (_, index) => 0.03125 * 2 ** (index / 2));
const tripNodes = Float64Array.of(0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8);
const capNodes = Float64Array.of(0, 1, 2, 3, 5, 8, 24);

const tables = new Map<string, StreamPace>();

/**
 * The table of an acceptance rate. It is made once, and a node is predicted when it is first read.
 * @param acceptance counts in hundredths @param maxAhead limit of tokens by which a device is ahead of the committed text
 */
export function streamPace(acceptance: number, maxAhead: number): StreamPace {
  const rate = Math.round(100 * acceptance) / 100;
  const key = `${rate}/${maxAhead}`;
  let table = tables.get(key);
  if (table === undefined) {
    table = createTable(rate, maxAhead);
    tables.set(key, table);
  }
  return table;
}

/**
 * The limit of drafts that a busy edge admits to a step: those that raise its tokens per millisecond. With step time a + b rows and
 * many sessions a draft pays while its chance is at least b times the tokens per ms of the best step.
 * @param fixedShare a over the step's time
 */
export function worthwhileDrafts(acceptance: number, fixedShare: number): number {
  if (acceptance <= 0) return 0;
  if (acceptance >= 1) return Number.POSITIVE_INFINITY;
  // A session's tokens per row with k drafts: (1 - p^(k+1)) / ((1 - p)(k + 1)); a draft pays while p^k is above it, less the part of
  // the time that no row causes.
  const excess = (count: number): number => {
    const reached = acceptance ** count;
    const perRow = (1 - reached * acceptance) / ((1 - acceptance) * (1 + count));
    return reached - perRow * (1 - fixedShare);
  };
  return lastAbove(excess);
}

/** The same as {@link worthwhileDrafts}, which it asks again where the last question was another one. */
export function rememberWorthwhile(): typeof worthwhileDrafts {
  let last = { acceptance: Number.NaN, fixedShare: Number.NaN, drafts: 0 };
  return (acceptance, fixedShare) => {
    if (last.acceptance !== acceptance || last.fixedShare !== fixedShare)
      last = { acceptance, fixedShare, drafts: worthwhileDrafts(acceptance, fixedShare) };
    return last.drafts;
  };
}

/** Limits are multiples of the last of these, and at most the first. */
const mostLimit = 64;
const limitStep = mostLimit / 2 ** 30;
/** After so many false positions an interval is halved. */
const falsePositions = 16;

/**
 * The last multiple of `limitStep` at which a function that falls through 0 is above it, from 0 to `mostLimit`. From the first power of two
 * at which it is not, by the method of false position (Illinois): a third of the values that halving takes, and the same result.
 */
function lastAbove(excess: (count: number) => number): number {
  let low = 0;
  let above = excess(0);
  let high = 1;
  let below = excess(high);
  for (; below > 0; below = excess(high)) {
    if (high === mostLimit) return mostLimit;
    low = high;
    above = below;
    high *= 2;
  }
  if (high === mostLimit && below === 0) return mostLimit;
  let side = 0;
  for (let round = 0; high - low > limitStep; round += 1) {
    const guess = limitStep * Math.round((low + ((high - low) * above) / (above - below)) / limitStep);
    const inside = Math.min(high - limitStep, Math.max(low + limitStep, guess));
    const middle = round < falsePositions ? inside : limitStep * Math.floor((low + high) / (2 * limitStep));
    const now = excess(middle);
    if (now > 0) {
      if (side > 0) below /= 2;
      [low, above, side] = [middle, now, 1];
    } else {
      if (side < 0) above /= 2;
      [high, below, side] = [middle, now, -1];
    }
  }
  return low;
}

function createTable(acceptance: number, maxAhead: number): StreamPace {
  const trips = tripNodes.length;
  const caps = capNodes.length;
  const size = draftNodes.length * trips * caps;
  const tokens = new Float64Array(size).fill(-1);
  const drafts = new Float64Array(size);

  function node(draft: number, trip: number, cap: number): number {
    const index = (draft * trips + trip) * caps + cap;
    if ((tokens[index] as number) < 0) {
      const draftMs = draftNodes[draft] as number;
      const roundTripMs = tripNodes[trip] as number;
      // A step takes one unit of time.
      const figures = { stepMs: () => 1, draftMs, roundTripMs, acceptance, maxAhead };
      const cycles = streamCycles(figures, capNodes[cap] as number);
      tokens[index] = cycles.tokens / cycles.steps;
      drafts[index] = cycles.drafts / cycles.steps;
    }
    return index;
  }

  return {
    read(draft, roundTrip, cap, out) {
      const onDraft = placeOf(draftNodes, draft);
      const onTrip = placeOf(tripNodes, roundTrip);
      const onCap = placeOf(capNodes, cap);
      const [lowDraft, lowTrip, lowCap] = [Math.floor(onDraft), Math.floor(onTrip), Math.floor(onCap)];
      out.tokens = 0;
      out.drafts = 0;
      for (let corner = 0; corner < 8; corner += 1) {
        const byDraft = corner & 1;
        const byTrip = (corner >> 1) & 1;
        const byCap = corner >> 2;
        const weight = part(onDraft - lowDraft, byDraft) * part(onTrip - lowTrip, byTrip) * part(onCap - lowCap, byCap);
        if (weight === 0) continue;
        const at = node(lowDraft + byDraft, lowTrip + byTrip, lowCap + byCap);
        out.tokens += weight * (tokens[at] as number);
        out.drafts += weight * (drafts[at] as number);
      }
    },
  };
}

/** The place of a value among growing nodes, linear between them, cut at both ends. */
function placeOf(nodes: Float64Array, value: number): number {
  const last = nodes.length - 1;
  if (!(value > (nodes[0] as number))) return 0;
  if (value >= (nodes[last] as number)) return last;
  let index = 0;
  while (value >= (nodes[index + 1] as number)) index += 1;
  const below = nodes[index] as number;
  return index + (value - below) / ((nodes[index + 1] as number) - below);
}

function part(fraction: number, upper: number): number {
  return upper === 1 ? fraction : 1 - fraction;
}
