// The shape law of an engine: which call shapes give the same bits for the same tokens, and how to lay out an item in such calls.
// exactness/shape-law-search.ts finds the law when a model is opened; this file applies it. Pure.

import { invariant } from '../basics/invariant.ts';

/**
 * A call of the engine holds, of each sequence, at least `least` and at most `most` rows, and a multiple of `multiple`. Missing
 * rows are padding, which is erased again.
 */
export interface ShapeLaw {
  readonly multiple: number;
  readonly least: number;
  readonly most: number;
  /** Whether several sequences may share a call. */
  readonly merges: boolean;
}

/** No padding, no separation, no limit: the law of an engine without rounding differences. */
export const freeLaw: ShapeLaw = { multiple: 1, least: 1, most: Number.MAX_SAFE_INTEGER, merges: true };

/** Calls of so many rows hold the drafts of a session; a law that allows fewer cuts its steps. */
export const leastWholeCall = 16;

/** The part of a call that belongs to one item. */
export interface CallPart {
  readonly item: number;
  /** First of the item's tokens. */
  readonly from: number;
  readonly count: number;
  /** Rows that are added and erased again. */
  readonly padding: number;
}

/** Rows that the engine computes for an item of this many tokens, padding included. */
export function engineRows(law: ShapeLaw, tokenCount: number): number {
  const full = Math.floor(tokenCount / law.most);
  const rest = tokenCount - full * law.most;
  return full * law.most + (rest === 0 ? 0 : paddedRows(law, rest));
}

/** Most rows that are added to a call, beyond the end of its text. */
export function mostPadding({ multiple, least }: ShapeLaw): number {
  return Math.max(multiple, least) - 1;
}

/** Whether a step may have any shape, and costs the sum of its rows. A law that cuts long prompts only is free as well. */
export function isFree({ multiple, least, most, merges }: ShapeLaw): boolean {
  return multiple === 1 && least === 1 && most >= leastWholeCall && merges;
}

/** Allowed sizes equal their own padded size. */
export function isAllowedCall(law: ShapeLaw, rows: number): boolean {
  return rows <= law.most && paddedRows(law, rows) === rows;
}

/** The calls for items of these many tokens: a list of calls, each a list of parts, in order. */
export function layOutCalls(law: ShapeLaw, tokenCounts: readonly number[]): CallPart[][] {
  const calls: CallPart[][] = [];
  for (const [item, tokenCount] of tokenCounts.entries()) {
    invariant(tokenCount >= 1, 'an item without tokens');
    for (let from = 0, round = 0; from < tokenCount; from += law.most, round += 1) {
      const count = Math.min(law.most, tokenCount - from);
      const part = { item, from, count, padding: paddedRows(law, count) - count };
      const shared = law.merges ? calls[round] : undefined;
      if (shared === undefined) calls.push([part]);
      else shared.push(part);
    }
  }
  return calls;
}

/** The law in words, as short as possible, for descriptions and tables. */
export function describeLaw({ multiple, least, most, merges }: ShapeLaw): string {
  return `${describeSizes(multiple, least, most)}${merges ? '' : ', sequences apart'}`;
}

function describeSizes(multiple: number, least: number, most: number): string {
  if (least === most) return most === 1 ? 'one row a call' : `calls of ${most} rows`;
  const limit = most < leastWholeCall ? `at most ${most} rows a call` : '';
  if (multiple > 1) return limit === '' ? `multiples of ${multiple} rows` : `multiples of ${multiple}, ${limit}`;
  if (least > 1) return limit === '' ? 'never one row alone' : `never one row alone, ${limit}`;
  return limit === '' ? 'any shape' : limit;
}

function paddedRows({ multiple, least }: ShapeLaw, rows: number): number {
  return Math.max(least, Math.ceil(rows / multiple) * multiple);
}
