// The families of decoding that "bench modes" compares, the best of each family in a cell, and the ratios of the best of ours to the best rival on
// the edge. Definitions: docs/research/benchmarks.md.

import { mean } from '../../../src/core/basics/statistics.ts';
import { goalAcceptance, goalRoundTripsMs, type ModeRow, type RowMode } from './metrics.ts';

/**
 * The members of each family. A draft head stands apart: it is trained for its target, and what drafts with another model or outside the edge
 * can't match its cost on an idle edge. `edge-sd` is a mode of ours, which `auto` may choose, and a rival as well.
 */
export const families = {
  'edge alone': ['ar', 'ar-native', 'ar-llama', 'ar-native-cores', 'ar-llama-cores'],
  'device in turns': ['sd', 'device-ssd', 'device-tree', 'device-tree-proactive'],
  'parallel (PSD)': ['psd', 'psd-lockstep', 'psd-windows', 'pipesd'],
  'edge drafting': ['edge-sd', 'edge-psd', 'edge-ssd', 'edge-tree'],
  'emulated head': ['edge-head'],
  ours: ['stream', 'stream-hedged', 'mix', 'mix-hedged', 'auto'],
} as const;
export type FamilyName = keyof typeof families;

/** What `auto` may choose, and hedges, which a turn or an edge chooses; `edge-ssd` is also `edge-sd` with hedges. */
const ours: readonly RowMode[] = [...families.ours, 'edge-sd', 'edge-ssd'];
/** Rivals on the edge that draft with the same draft model in another way than a mode of ours. */
const edgeRivals: readonly RowMode[] = families['edge drafting'].filter((mode) => mode !== 'edge-sd');

/** The quickest row of some modes; undefined: none of them has a time. @param rows of one cell */
export function quickestOf(rows: readonly ModeRow[], modes: readonly RowMode[]): ModeRow | undefined {
  const timed = rows.filter(({ mode, msPerToken }) => modes.includes(mode) && msPerToken !== null);
  return timed.toSorted((one, other) => (one.msPerToken as number) - (other.msPerToken as number))[0];
}

/** One row for each family and round trip: that of its quickest mode. @param rows of one acceptance and step law */
export function bestOfFamilies(rows: readonly ModeRow[]): readonly { family: FamilyName; row: ModeRow }[] {
  const cells = [...Map.groupBy(rows, ({ roundTripMs }) => roundTripMs).values()];
  return (Object.keys(families) as FamilyName[]).flatMap((family) =>
    cells.flatMap((cell) => {
      const row = quickestOf(cell, families[family]);
      return row === undefined ? [] : [{ family, row }];
    }),
  );
}

/**
 * Time per token of the best of ours over that of the best rival on an idle edge: means of the ratios at 0, 10, 30 and 60 ms and acceptance 0.8.
 * The last key compares `stream` with the best that drafts on the device in turns. NaN where a cell lacks one of the rivals or all of ours.
 */
export function idleEdgeRatios(
  rows: readonly ModeRow[],
): Record<'bestOverEdgeRivalIdle' | 'bestOverEmulatedHeadIdle' | 'streamOverInTurnsMean', number> {
  const atGoal = rows.filter(
    ({ givenAcceptance, sessions }) => givenAcceptance === goalAcceptance && sessions === undefined,
  );
  const cells = goalRoundTripsMs.map((roundTripMs) => atGoal.filter((row) => row.roundTripMs === roundTripMs));
  return {
    bestOverEdgeRivalIdle: meanRatio(cells, ours, edgeRivals),
    bestOverEmulatedHeadIdle: meanRatio(cells, ours, families['emulated head']),
    streamOverInTurnsMean: meanRatio(cells, ['stream'], families['device in turns']),
  };
}

/** Mean over cells of the quickest of our modes over the quickest rival. NaN: a cell lacks one of the rivals or all of ours, or there is no cell. */
export function meanRatio(
  cells: readonly (readonly ModeRow[])[],
  own: readonly RowMode[],
  rivals: readonly RowMode[],
): number {
  const timeOf = (cell: readonly ModeRow[], modes: readonly RowMode[]): number =>
    quickestOf(cell, modes)?.msPerToken ?? Number.NaN;
  return mean(
    cells.map((cell) => {
      const hasAll = rivals.every((rival) => quickestOf(cell, [rival]) !== undefined);
      return hasAll ? timeOf(cell, own) / timeOf(cell, rivals) : Number.NaN;
    }),
  );
}
