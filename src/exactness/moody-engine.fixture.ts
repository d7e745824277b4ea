// The toy language behind an engine whose last bits depend on its calls, as real engines' do, each in its own way. It takes time by its
// own clock.

import type { Candidates } from '../decoding/candidates.ts';
import { freeLaw, type ShapeLaw } from '../decoding/shape-law.ts';
import type { EvaluateItem } from '../models/model.ts';
import { createToyModel } from '../models/toy.ts';
import { type CallEngine, evaluateByLaw } from './evaluate-by-law.ts';
import { comparedSequences } from './shape-histories.ts';
import type { LawBench } from './shape-law-search.ts';

/** One row of a call, as far as rounding may depend on it. */
export interface CallRow {
  /** Rows of the call, of all sequences, as the engine cuts it. */
  readonly callRows: number;
  /** This row among them. */
  readonly index: number;
  readonly sequencesInCall: number;
  /** Rows of the call whose candidates are asked for. */
  readonly askedRows: number;
  /** Tokens that the sequence held before the row. */
  readonly contextLength: number;
}

export interface MoodyEngine {
  readonly bench: LawBench;
  readonly nowMs: () => number;
  /** Rows of each call so far. */
  readonly calls: readonly number[];
}

/** @param kernelOf which kernel rounds a row: rows of other kernels differ; @param callMs what a call of so many rows takes */
export function createMoodyEngine(
  kernelOf: (row: CallRow) => number,
  callMs: (rows: number) => number = (rows) => 10 + rows,
  sequences = 4,
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
    get limits() {
      return { ...toy.limits, law, maxItemTokens: 63 - (63 % law.multiple) };
    },
    adopt(adopted) {
      law = adopted;
    },
    evaluate: (items) => evaluateByLaw(engine, law, items, comparedSequences),
  };
  return { bench, nowMs: () => nowMs, calls };
}

/**
 * The kernel of each row of each item. A shared call is cut as llama.cpp does it: at the shortest sequence, and what is left over goes on
 * as a call of its own.
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

/** As repacked K-quants are evaluated: whole groups of four rows by one kernel, what is left over by another. */
export function inGroupsOfFour({ index, callRows }: CallRow): number {
  return index < callRows - (callRows % 4) ? 1 : 0;
}
