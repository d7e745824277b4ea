// What a replayed session counts for in a bench: its decoding time and what it took, to be added up over sessions.

import type { SessionResult } from '../virtual-time/run-session.ts';

export interface PaceSums {
  /** From the first commit to the last, ms. */
  readonly ms: number;
  /** Tokens after the first commit. */
  readonly decoded: number;
  readonly tokens: number;
  readonly matched: number;
  /** matched, and first mismatches */
  readonly compared: number;
  /** By the device. */
  readonly drafted: number;
  /** By the edge itself, looked up or by a model. */
  readonly guessed: number;
  readonly rows: number;
  /** Both ways, without greeting and opening. */
  readonly payloadBytes: number;
}

export const noTiming: PaceSums = {
  ms: 0,
  decoded: 0,
  tokens: 0,
  matched: 0,
  compared: 0,
  drafted: 0,
  guessed: 0,
  rows: 0,
  payloadBytes: 0,
};

export function paceSums(session: SessionResult): PaceSums {
  const { emissions, answerTokens: tokens, drafts, account, rows, up, down, opening, greeting } = session;
  const [first, last] = [emissions[0], emissions.at(-1)];
  if (first === undefined || last === undefined) return noTiming;
  return {
    ms: last.atMs - first.atMs,
    decoded: tokens - first.tokenCount,
    tokens,
    matched: drafts.matched,
    compared: drafts.matched + drafts.mismatched,
    drafted: drafts.drafted,
    guessed: account.edgeDraftRows,
    rows,
    payloadBytes: up.payloadBytes + down.payloadBytes - opening.payloadBytes - greeting.payloadBytes,
  };
}

export function addPaces(all: readonly PaceSums[]): PaceSums {
  const keys = Object.keys(noTiming) as (keyof PaceSums)[];
  return Object.fromEntries(keys.map((key) => [key, all.reduce((sum, one) => sum + one[key], 0)])) as never as PaceSums;
}

export function msPerToken({ ms, decoded }: PaceSums): number {
  return ms / decoded;
}

/** matches / (matches + first mismatches); null: nothing was compared. */
export function acceptanceOfPace({ matched, compared }: PaceSums): number | null {
  return compared === 0 ? null : matched / compared;
}
