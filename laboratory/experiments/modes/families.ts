// The families of decoding that "bench modes" compares, and the best of each family in a cell. Definitions: docs/research/benchmarks.md.

import type { ModeRow, RowMode } from './metrics.ts';

/** The members of each family. `edge-sd` is a mode of ours, which `auto` may choose, and a rival as well. */
export const families = {
  'edge alone': ['ar', 'ar-native', 'ar-llama', 'ar-native-cores', 'ar-llama-cores'],
  'device in turns': ['sd', 'device-ssd'],
  'parallel (PSD)': ['psd', 'psd-lockstep', 'psd-windows', 'pipesd'],
  'edge drafting': ['edge-sd', 'edge-psd', 'edge-ssd'],
  ours: ['stream', 'stream-hedged', 'mix', 'mix-hedged', 'auto'],
} as const;
export type FamilyName = keyof typeof families;

/** The quickest row of some modes; undefined: none of them has a time. @param rows of one cell */
function quickestOf(rows: readonly ModeRow[], modes: readonly RowMode[]): ModeRow | undefined {
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
