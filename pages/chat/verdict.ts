// The verdict on two runs of one question: which one was quicker, or that the times do not decide it. Pure.

import type { Comparison } from './message.ts';

/** What has come by a time. */
export interface Arrival {
  /** Length of the answer so far. */
  readonly tokens: number;
  /** ms on a monotonic clock. */
  readonly atMs: number;
}

export interface Verdict {
  /** `short`: the answer has too few tokens; `close`: the difference may come from how the time per token varies. Of the run with drafts. */
  readonly kind: 'short' | 'close' | 'quicker' | 'slower';
  /** Time with drafts over the time without. */
  readonly times: number;
  /** Tokens of the shorter run. */
  readonly tokens: number;
  /** About 95 % of repeated runs would have `times` within so much of this one. */
  readonly spread: number;
}

/** With fewer tokens the first ones decide, and a single pause of the machine. */
export const leastTokens = 64;
const parts = 8;
/** Standard errors that two runs must be apart. */
const errors = 2;

export function verdictOf({ plain, drafts }: Pick<Comparison, 'plain' | 'drafts'>): Verdict {
  const times = drafts.ms / plain.ms;
  const tokens = Math.min(plain.tokens, drafts.tokens);
  const spread = (errors * Math.hypot(drafts.spreadMs ?? 0, times * (plain.spreadMs ?? 0))) / plain.ms;
  const clear = Math.abs(times - 1) <= spread ? 'close' : times < 1 ? 'quicker' : 'slower';
  return { kind: tokens < leastTokens ? 'short' : clear, times, tokens, spread };
}

/** Null: no time lies between them, or no token. */
export function msPerTokenOf(first: Arrival | undefined, last: Arrival | undefined): number | null {
  if (first === undefined || last === undefined || last.tokens <= first.tokens) return null;
  return (last.atMs - first.atMs) / (last.tokens - first.tokens);
}

/**
 * Standard error of the time of an answer after its first text, ms, from the times per token of eight parts of it with about as many tokens
 * each. Null: there are fewer parts than two.
 */
export function spreadMsOf(arrivals: readonly Arrival[]): number | null {
  const [first, last] = [arrivals[0], arrivals.at(-1)];
  if (first === undefined || last === undefined) return null;
  const partTokens = (last.tokens - first.tokens) / parts;
  const ends = arrivals.filter(({ tokens }, index) => {
    const before = arrivals[index - 1]?.tokens ?? first.tokens;
    const partOf = (count: number): number => Math.floor((count - first.tokens) / partTokens);
    return index === 0 || partOf(tokens) > partOf(before);
  });
  const paces = ends.slice(1).flatMap((end, index) => msPerTokenOf(ends[index], end) ?? []);
  if (paces.length < 2) return null;
  const mean = paces.reduce((sum, pace) => sum + pace, 0) / paces.length;
  const squares = paces.reduce((sum, pace) => sum + (pace - mean) ** 2, 0);
  return (last.tokens - first.tokens) * Math.sqrt(squares / (paces.length - 1) / paces.length);
}
