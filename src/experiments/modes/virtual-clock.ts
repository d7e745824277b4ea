// `outrider bench modes --clock virtual`: the protocol machines of every mode in virtual time, over acceptance and round trip. Nothing
// here depends on how quick or busy the machine is.

import type { Result } from '../../files/document.ts';
import type { ModeName } from '../../protocol/mode.ts';
import { type ModeRow, summariseModes, withoutGaps, worstOver } from './metrics.ts';
import { draftMs, edgeDraftMs, longestWindow, type VirtualCell, type VirtualSettings } from './virtual-cell.ts';
import { measureCells } from './worker-pool.ts';

export interface VirtualBenchOptions extends VirtualSettings {
  readonly modes: readonly ModeName[];
  readonly acceptances: readonly number[];
  readonly roundTripsMs: readonly number[];
  readonly workerCount: number;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

export interface ModesResult extends Result {
  readonly rows: readonly ModeRow[];
}

/** A GPU's rows are nearly free; a CPU's cost about as much as a step. */
const freeRows = { fixedMs: 40, perRowMs: 0.4 };
const expensiveRows = { fixedMs: 4, perRowMs: 36 };
const dearModes: ReadonlySet<ModeName> = new Set(['ar', 'stream']);

export async function benchModesVirtual(options: VirtualBenchOptions): Promise<ModesResult> {
  const { modes, acceptances, roundTripsMs, workerCount, onProgress, ...settings } = options;
  const cellsOf = (step: VirtualCell['step'], chosen: readonly ModeName[]): VirtualCell[] =>
    chosen.flatMap((mode) =>
      acceptances.flatMap((givenAcceptance) =>
        roundTripsMs.map((roundTripMs) => ({ mode, givenAcceptance, roundTripMs, step })),
      ),
    );
  const expensive = cellsOf(
    expensiveRows,
    modes.filter((mode) => dearModes.has(mode)),
  );
  const cells = [...cellsOf(freeRows, modes), ...expensive];
  onProgress?.('cells', 0, cells.length);
  const rows = await measureCells(cells, settings, workerCount, (done) => onProgress?.('cells', done, cells.length));
  const freeCount = cells.length - expensive.length;
  const summary = {
    ...summariseModes(rows.slice(0, freeCount)),
    ...withoutGaps({ streamOverArWorstExpensiveRows: worstOver(rows.slice(freeCount), 'stream', 'ar') }),
  };
  const law = { draftMs, edgeDraftMs, timeJitter: 0.2, freeRows, expensiveRows, longestWindow };
  const params = { clock: 'virtual', modes, acceptances, roundTripsMs, ...settings, ...law };
  return { rows, summary, params, seed: settings.firstSeed };
}
