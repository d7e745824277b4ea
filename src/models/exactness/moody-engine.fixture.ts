// The toy language behind an engine whose last bits depend on its calls, in one of the ways of real engines. It takes time by its
// own clock.

import type { Candidates } from '../../core/decoding/candidates.ts';
import { freeLaw, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import type { EvaluateItem } from '../port/model.ts';
import { createToyModel } from '../port/toy.ts';
import { type CallEngine, evaluateByLaw, longestItem } from './evaluate-by-law.ts';
import { comparedSequences } from './shape-histories.ts';
import type { LawBench } from './shape-law-search.ts';

/** One row of a call, with everything on which rounding may depend. */
export interface CallRow {
  /** Rows of the call, of all sequences, as the engine cuts it. */
  readonly callRows: number;
  /** Index of this row among them. */
  readonly index: number;
  readonly sequencesInCall: number;
  /** Rows of the call with requested candidates. */
  readonly askedRows: number;
  /** Length of the sequence before the row. */
  readonly contextLength: number;
}

export interface MoodyEngine {
  readonly bench: LawBench;
  readonly nowMs: () => number;
  /** Rows of each call so far. */
  readonly calls: readonly number[];
}

/**
 * @param kernelOf the kernel that rounds a row: rows of other kernels differ
 * @param callMs time of a call of this many rows
 * @param largestCall rows of one sequence that a call takes
 */
export function createMoodyEngine(
  kernelOf: (row: CallRow) => number,
  callMs: (rows: number) => number = (rows) => 10 + rows,
  sequences = 4,
  largestCall = 63,
): MoodyEngine {
  const toy = createToyModel({ seed: 3, role: 'target', sequences, contextLength: 1000 });
  const calls: number[] = [];
  let nowMs = 0;
  const engine: CallEngine = {
    async call(items) {
      const callRows = items.reduce((sum, { tokens }) => sum + tokens.length, 0);
      nowMs += callMs(callRows);
      calls.push(callRows);
      const bumps = bumpsOf(items, kernelOf);
      const results = await toy.evaluate(items);
      return results.map((rows, item) => rows.map((row, at) => bumped(row, bumps[item]?.at(at - rows.length) ?? 0)));
    },
    erase: (sequence, length) => sequence.truncate(length),
  };
  let law: ShapeLaw = freeLaw;
  const bench: LawBench = {
    ...toy,
    largestCall,
    get limits() {
      return { ...toy.limits, law, maxItemTokens: longestItem(law, largestCall) };
    },
    adopt(adopted) {
      law = adopted;
    },
    evaluate: (items) => evaluateByLaw(engine, law, items, comparedSequences),
  };
  return { bench, nowMs: () => nowMs, calls };
}

/**
 * The kernel of each row of each item. A shared call is cut as in llama.cpp: at the shortest sequence, and the rest is a call of its own.
 */
function bumpsOf(items: readonly EvaluateItem[], kernelOf: (row: CallRow) => number): number[][] {
  const bumps = items.map((): number[] => []);
  for (let done = 0; ; ) {
    const left = items.filter(({ tokens }) => tokens.length > done);
    if (left.length === 0) return bumps;
    const until = Math.min(...left.map(({ tokens }) => tokens.length));
    const callRows = left.length * (until - done);
    const isAsked = ({ tokens, rows }: EvaluateItem, at: number): boolean => at >= tokens.length - rows;
    const places = left.flatMap((item) => Array.from({ length: until - done }, (_, at) => ({ item, at: done + at })));
    const askedRows = places.filter(({ item, at }) => isAsked(item, at)).length;
    for (const [index, { item, at }] of places.entries()) {
      const row = {
        callRows,
        index,
        askedRows,
        sequencesInCall: left.length,
        contextLength: item.sequence.length + at,
      };
      bumps[items.indexOf(item)]?.push(kernelOf(row));
    }
    done = until;
  }
}

function bumped({ ids, logits }: Candidates, kernel: number): Candidates {
  return { ids, logits: logits.map((logit) => logit + kernel * 2 ** -12) };
}

/** Repacked K-quants: one kernel for whole groups of four rows, another for the rest. */
export function inGroupsOfFour({ index, callRows }: CallRow): number {
  return index < callRows - (callRows % 4) ? 1 : 0;
}
