// The shape law of an engine: which shapes of calls give the same bits for the same tokens, and how an item is laid out so that it
// keeps to them. An engine finds its law when a model is opened (models/shape-law-search.ts); this page only applies it. Pure.

import { invariant } from '../basics/invariant.ts';

/**
 * One call of the engine holds, of one sequence, at least `least` and at most `most` rows, and a multiple of `multiple`. Rows that
 * are missing are filled up with padding, which is erased again.
 */
export interface ShapeLaw {
  readonly multiple: number;
  readonly least: number;
  readonly most: number;
  /** Whether several sequences may share a call. */
  readonly merges: boolean;
}

/** From 64 rows on llama.cpp's flash attention works in tiles, with other rounding. */
export const largestExactCall = 63;

/** Nothing is padded, nothing kept apart; what an engine without rounding of its own has. */
export const freeLaw: ShapeLaw = { multiple: 1, least: 1, most: largestExactCall, merges: true };

/** A part of an item that is one sequence's share of a call. */
export interface CallPart {
  /** Index of the item. */
  readonly item: number;
  /** The item's tokens from here. */
  readonly from: number;
  readonly count: number;
  /** Rows that are added and erased again. */
  readonly padding: number;
}

/** Rows that the engine works on for an item of so many tokens, padding included. */
export function engineRows(law: ShapeLaw, tokenCount: number): number {
  const full = Math.floor(tokenCount / law.most);
  const rest = tokenCount - full * law.most;
  return full * law.most + (rest === 0 ? 0 : paddedRows(law, rest));
}

/** Sizes that calls under this law can have are their own padded size. */
export function isAllowedCall(law: ShapeLaw, rows: number): boolean {
  return rows <= law.most && paddedRows(law, rows) === rows;
}

/** The calls that evaluate items of these many tokens: a list of calls, each a list of parts, in order. */
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

/** In words, for descriptions and tables; as short as it can be said. */
export function describeLaw({ multiple, least, most, merges }: ShapeLaw): string {
  return `${describeSizes(multiple, least, most)}${merges ? '' : ', sequences apart'}`;
}

function describeSizes(multiple: number, least: number, most: number): string {
  if (least === most) return most === 1 ? 'one row a call' : `calls of ${most} rows`;
  if (multiple > 1) return `multiples of ${multiple} rows`;
  if (least > 1) return 'never one row alone';
  return most < largestExactCall ? `at most ${most} rows a call` : 'any shape';
}

function paddedRows({ multiple, least }: ShapeLaw, rows: number): number {
  return Math.max(least, Math.ceil(rows / multiple) * multiple);
}
