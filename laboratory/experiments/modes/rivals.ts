// The rows of "bench modes" that are not one mode of the protocol: parallel speculative decoding with several windows in flight, and the
// same beside the target. Both run the modes' own machines, in the way that is quickest for their cell.

import { limits } from '../../../src/core/protocol/wire/limits.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import type { BenchMode, EdgeHedgedMode, RowMode } from './metrics.ts';

/** One way to run a row. */
export interface WayToRun {
  readonly machine: ModeName;
  /** Windows that may wait for their verdicts, in mode `psd`. */
  readonly windowsInFlight: number;
  /** Hedges beside a draft of the device, and of the edge; default: none. */
  readonly hedges?: number;
  readonly edgeHedges?: number;
}

const hedgeCounts = [1, 3];
const alone: readonly WayToRun[] = [{ machine: 'ar', windowsInFlight: 1 }];
const severalWindows: readonly WayToRun[] = [2, 4, 8].map((windowsInFlight) => ({ machine: 'psd', windowsInFlight }));

/** The rows that are no mode of the protocol. `auto` and `ar-native` run as `ar` until a turn says otherwise. */
const ownWays: Readonly<Record<Exclude<BenchMode | EdgeHedgedMode, ModeName>, readonly WayToRun[]>> = {
  auto: alone,
  'ar-native': alone,
  'psd-windows': severalWindows,
  'edge-psd': [
    { machine: 'psd', windowsInFlight: 1 },
    { machine: 'psd-lockstep', windowsInFlight: 1 },
    ...severalWindows,
  ],
  // The first one is that of real models, where each hedge needs a sequence of the draft.
  'stream-hedged': hedgeCounts.map((hedges) => ({ machine: 'stream', windowsInFlight: 1, hedges })),
  'edge-sd-hedged': hedgeCounts.map((edgeHedges) => ({ machine: 'edge-sd', windowsInFlight: 1, edgeHedges })),
  'mix-hedged': hedgeCounts.map((edgeHedges) => ({ machine: 'mix', windowsInFlight: 1, edgeHedges })),
};

/** The ways among which a row takes the quickest. */
export function waysToRun(mode: BenchMode | EdgeHedgedMode): readonly WayToRun[] {
  return mode in ownWays ? ownWays[mode as keyof typeof ownWays] : [{ machine: mode as ModeName, windowsInFlight: 1 }];
}

/** Draft and target run beside each other on the edge, with no network between them; only committed text crosses the network. */
export function runsBesideTarget(mode: RowMode): boolean {
  return mode === 'edge-psd';
}

/** A way to run, and its draft length; 0: the mode has no window. */
export interface Window extends WayToRun {
  readonly gamma: number;
}

/** For modes without windows, and for texts that do not count. */
export function plainWindow(mode: BenchMode, gamma = 0): Window {
  return { ...(waysToRun(mode)[0] as WayToRun), gamma };
}

/**
 * The limit of drafts beyond the text, so that only the mode's own limit applies. While all windows in flight wait for their verdicts,
 * another one may be drafted; `psd-lockstep` has two in flight.
 */
export function roomFor({ windowsInFlight, gamma }: Window, maxAhead: number): number {
  return Math.min(limits.maxAhead, Math.max(maxAhead, (windowsInFlight + 3) * gamma));
}

/** For rows whose traffic is not measured. */
export const noBytes = {
  payloadBytesPerToken: null,
  payloadBytesPerTokenWithOpening: null,
  wireBytesPerToken: null,
} as const;

/** Drafts between two programs of one machine are no traffic, and the frames between them are not those of the reader's link. */
export function unmeasuredBytes(mode: RowMode): object {
  return runsBesideTarget(mode) ? noBytes : {};
}
