// What "bench modes" reports, whichever clock it runs on: one row for each mode in each cell, and the ratios that the project's goals
// are stated in. Definitions: docs/benchmarks.md.

import { mean } from '../../basics/statistics.ts';
import type { ModeName } from '../../protocol/mode.ts';

/**
 * What a row is of: a mode; `auto`, which chooses among them by what earlier texts measured; or `ar-native`, the edge alone without a
 * shape law, each row by itself, whose texts are a family of their own.
 */
export type BenchMode = ModeName | 'auto' | 'ar-native';

export interface ModeRow {
  readonly mode: BenchMode;
  /** How often a draft was made to be right; null: a real draft model, as it is. */
  readonly givenAcceptance: number | null;
  readonly roundTripMs: number;
  /** A step of n rows costs stepFixedMs + n * stepPerRowMs; null: as the engine takes it here. */
  readonly stepFixedMs: number | null;
  readonly stepPerRowMs: number | null;
  /** Runs that the row is made of: seeds, or wall-clock runs that count. */
  readonly runs: number;
  /** Drafts of a window, the quickest for this cell; null: the mode has no window. */
  readonly bestGamma: number | null;
  /** (time of the last commit - of the first) / (tokens - tokens of the first commit), on the device. Null: no run counts. */
  readonly msPerToken: number | null;
  readonly msPerTokenStandardError: number | null;
  readonly timeToFirstTokenMs: number | null;
  /** matches / (matches + first mismatches); null: nothing was compared. */
  readonly acceptance: number | null;
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

/** Modes that draft in windows of gamma tokens. */
export const windowedModes: ReadonlySet<BenchMode> = new Set(['sd', 'psd', 'psd-lockstep', 'edge-sd']);

/** The acceptance that most goals are stated at, and the round trips that they are averaged over. */
const goalAcceptance = 0.8;
const goalRoundTripsMs = [0, 10, 30, 60];

/** The goals' ratios, of means; one that lacks a cell is left out. */
export function summariseModes(rows: readonly ModeRow[]): Record<string, number> {
  const atGoal = rows.filter(({ givenAcceptance }) => givenAcceptance === null || givenAcceptance === goalAcceptance);
  const over = (rival: Pace, roundTripsMs: readonly number[], mode: BenchMode = 'stream'): number =>
    mean(roundTripsMs.map((roundTripMs) => paceOf(atGoal, mode, roundTripMs) / rival(roundTripMs)));
  const of = (mode: BenchMode) => (roundTripMs: number) => paceOf(atGoal, mode, roundTripMs);
  const bestPsd = (roundTripMs: number): number => Math.min(of('psd')(roundTripMs), of('psd-lockstep')(roundTripMs));
  const streams = atGoal.filter(({ mode }) => mode === 'stream');
  const payload = (key: 'payloadBytesPerToken' | 'payloadBytesPerTokenWithOpening'): number =>
    mean(goalRoundTripsMs.map((ms) => streams.find((row) => row.roundTripMs === ms)?.[key] ?? Number.NaN));
  return withoutGaps({
    streamOverArWorst: worstOver(rows, 'stream', 'ar'),
    streamOverArRtt10: over(of('ar'), [10]),
    streamOverArNativeRtt10: over(of('ar-native'), [10]),
    mixOverArNativeRtt10: over(of('ar-native'), [10], 'mix'),
    arOverArNativeRtt10: over(of('ar-native'), [10], 'ar'),
    autoOverArNativeWorst: worstOver(rows, 'auto', 'ar-native'),
    streamOverPsdMean: over(bestPsd, goalRoundTripsMs),
    streamOverPsdOverlappedMean: over(of('psd'), goalRoundTripsMs),
    streamOverEdgeSdRtt10: over(of('edge-sd'), [10]),
    mixOverArRtt10: over(of('ar'), [10], 'mix'),
    mixOverPsdMean: over(bestPsd, goalRoundTripsMs, 'mix'),
    mixOverEdgeSdMean: over(of('edge-sd'), goalRoundTripsMs, 'mix'),
    mixOverEdgeSdWorst: worstOver(rows, 'mix', 'edge-sd'),
    payloadBytesPerToken: payload('payloadBytesPerToken'),
    payloadBytesPerTokenWithOpening: payload('payloadBytesPerTokenWithOpening'),
  });
}

/** The largest ratio of one mode to another over all cells that have both. NaN: there is none. */
export function worstOver(rows: readonly ModeRow[], mode: BenchMode, rival: BenchMode): number {
  const ratios = rows
    .filter((row) => row.mode === mode)
    .map((row) => {
      const alike = rows.filter(({ givenAcceptance }) => givenAcceptance === row.givenAcceptance);
      return (row.msPerToken ?? Number.NaN) / paceOf(alike, rival, row.roundTripMs);
    });
  return ratios.length === 0 ? Number.NaN : Math.max(...ratios);
}

/** ms per token at a round trip. */
type Pace = (roundTripMs: number) => number;

function paceOf(rows: readonly ModeRow[], mode: BenchMode, roundTripMs: number): number {
  return rows.find((row) => row.mode === mode && row.roundTripMs === roundTripMs)?.msPerToken ?? Number.NaN;
}

export function withoutGaps(summary: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(summary).filter(([, value]) => !Number.isNaN(value)));
}

/** Of the mean, from the spread of the values; null where one value tells nothing of it. */
export function standardError(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/** matches / (matches + first mismatches). */
export function acceptanceOf({ matched, mismatched }: Comparisons): number | null {
  return matched + mismatched === 0 ? null : matched / (matched + mismatched);
}

export interface Comparisons {
  readonly matched: number;
  readonly mismatched: number;
}

/**
 * An edge that drafts itself tells how many of its drafts held, not how many were compared: a step that committed no more than
 * gamma tokens met a mismatch. The last step says nothing, the text ended there.
 */
export function ownComparisons(
  commitTokenCounts: readonly number[],
  acceptedCount: number,
  gamma: number,
): Comparisons {
  return {
    matched: acceptedCount,
    mismatched: commitTokenCounts.slice(0, -1).filter((count) => count <= gamma).length,
  };
}
