// Counts of a decoding session, and the metrics of every bench: time per output token (TPOT), acceptance, drafts, rows, bytes. The benches,
// replayed and live, use these definitions (docs/research/benchmarks.md). The simulator has its own `msPerToken`: simulator/simulation/token-tally.ts.

import { mean } from '../../src/core/basics/statistics.ts';
import type { SessionResult } from '../virtual-time/run-session.ts';

/** Counts of one text, or their sums over several texts. */
export interface SessionCounts {
  /** From the first commit to the last, ms, and the tokens after the first commit. */
  readonly decodeMs: number;
  readonly decodedTokens: number;
  readonly tokens: number;
  /** Drafts made by the device, and by the edge itself, looked up or by a model. */
  readonly drafted: number;
  readonly edgeDrafted: number;
  readonly accepted: number;
  readonly steps: number;
  /** Evaluated by the edge after the prompt. */
  readonly rows: number;
  /** Application bytes both ways after the greeting, without the opening; the opening; and the first with the headers of all layers. */
  readonly payloadBytes: number;
  readonly openingBytes: number;
  readonly wireBytes: number;
}

export interface Comparisons {
  readonly matched: number;
  /** First mismatches: what follows one is not compared. */
  readonly mismatched: number;
}

export type ReplayedCounts = SessionCounts & Comparisons;

export const noCounts: ReplayedCounts = {
  decodeMs: 0,
  decodedTokens: 0,
  tokens: 0,
  drafted: 0,
  edgeDrafted: 0,
  accepted: 0,
  steps: 0,
  rows: 0,
  payloadBytes: 0,
  openingBytes: 0,
  wireBytes: 0,
  matched: 0,
  mismatched: 0,
};

export function countSession(session: SessionResult): ReplayedCounts {
  const { emissions, answerTokens: tokens, drafts, account, rows, up, down, opening, greeting } = session;
  const [first, last] = [emissions[0], emissions.at(-1)];
  if (first === undefined || last === undefined) return noCounts;
  const bytes = (key: 'payloadBytes' | 'wireBytes'): number => up[key] + down[key] - opening[key] - greeting[key];
  // Where both sides draft, the acceptance is that of the device's drafts.
  const compared = drafts.drafted === 0 ? session.edgeDrafts : drafts;
  return {
    decodeMs: last.atMs - first.atMs,
    decodedTokens: tokens - first.tokenCount,
    tokens,
    drafted: drafts.drafted,
    edgeDrafted: account.edgeDraftRows,
    accepted: account.acceptedRows + account.acceptedEdgeDraftRows,
    steps: account.steps,
    rows,
    payloadBytes: bytes('payloadBytes'),
    openingBytes: opening.payloadBytes,
    wireBytes: bytes('wireBytes'),
    matched: compared.matched,
    mismatched: compared.mismatched,
  };
}

/**
 * An edge that drafts alone reports how many of its drafts were accepted, not how many were compared: a step that committed no more than
 * gamma tokens met a mismatch. One with more drafts than gamma, some made while the step before ran, may hide one: the acceptance is then
 * taken a little too high. The last step is left out, because the text ended there.
 */
export function edgeComparisons(
  commitTokenCounts: readonly number[],
  acceptedCount: number,
  gamma: number,
): Comparisons {
  return {
    matched: acceptedCount,
    mismatched: commitTokenCounts.slice(0, -1).filter((count) => count <= gamma).length,
  };
}

export function addCounts<Counts extends SessionCounts>(all: readonly Counts[]): Counts {
  const keys = (Object.keys(noCounts) as (keyof Counts)[]).filter((key) => all.every((one) => key in one));
  const sum = (key: keyof Counts): number => all.reduce((total, one) => total + (one[key] as number), 0);
  return Object.fromEntries(keys.map((key) => [key, sum(key)])) as never as Counts;
}

/** Time per output token, ms. */
export function tpotMs({ decodeMs, decodedTokens }: Pick<SessionCounts, 'decodeMs' | 'decodedTokens'>): number {
  return decodeMs / decodedTokens;
}

/** matches / (matches + first mismatches); null: nothing was compared. */
export function acceptanceOf({ matched, mismatched }: Comparisons): number | null {
  return per(matched, matched + mismatched);
}

/** Null: there is no text. */
export interface Ratios {
  /** Drafts made, by the device and, in edge-sd and mix, by the edge, per committed token. */
  readonly draftsPerToken: number | null;
  readonly acceptedPerStep: number | null;
  /** Rows that the edge evaluates per committed token: what a mode costs the edge. */
  readonly rowsPerToken: number | null;
  /** Application bytes both ways after the greeting, the opening with the prompt left out. */
  readonly payloadBytesPerToken: number | null;
  readonly payloadBytesPerTokenWithOpening: number | null;
  /** As payloadBytesPerToken, with WebSocket, TCP and IPv4 headers; acknowledgements of TCP left out. */
  readonly wireBytesPerToken: number | null;
}

export function ratiosOf(counts: SessionCounts): Ratios {
  const { tokens, drafted, edgeDrafted, accepted, steps, rows, payloadBytes, openingBytes, wireBytes } = counts;
  return {
    draftsPerToken: per(drafted + edgeDrafted, tokens),
    acceptedPerStep: per(accepted, steps),
    rowsPerToken: per(rows, tokens),
    payloadBytesPerToken: per(payloadBytes, tokens),
    payloadBytesPerTokenWithOpening: per(payloadBytes + openingBytes, tokens),
    wireBytesPerToken: per(wireBytes, tokens),
  };
}

function per(value: number, count: number): number | null {
  return count === 0 ? null : value / count;
}

/** Standard error of the mean; null for fewer than two values. */
export function standardError(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
