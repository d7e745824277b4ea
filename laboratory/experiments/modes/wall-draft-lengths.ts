// The draft length of a mode in a wall bench: a pilot tries the best one by the predictor of token times and its two neighbours, and the
// quickest is taken.

import { predictTokenTimes } from '../../../src/core/scheduling/predict-latency.ts';
import { quickest } from '../best-draft-length.ts';
import { type BenchMode, edgeWindowedModes, windowedModes } from './metrics.ts';
import { plainWindow, runsBesideTarget, type Window, waysToRun } from './rivals.ts';
import { keyOfCell, type PilotFigures, type WallBench, type WallCell, warmUpTokens } from './wall-bench.ts';
import { isVoid } from './wall-plan.ts';
import { tpotOf } from './wall-rows.ts';

/** The predictor has one model for all kinds of psd. */
const predictedAs: Partial<Record<BenchMode, 'sd' | 'psd' | 'edge-sd'>> = {
  'psd-windows': 'psd',
  'edge-psd': 'psd',
  sd: 'sd',
  psd: 'psd',
  'psd-lockstep': 'psd',
  'edge-sd': 'edge-sd',
};

/** Draft lengths for the pilot, ascending. Steps hold no more rows than the edge allows, so larger ones gain nothing. */
export function draftLengthsToTry(
  mode: BenchMode,
  roundTripMs: number,
  { draftMs, acceptance, stepMs }: Omit<PilotFigures, 'nativeMs'>,
): number[] {
  const most = Math.max(1, stepMs.length - 1);
  const predictions = predictTokenTimes({
    stepMs: (rows) => stepMs[rows - 1] ?? stepMs.at(-1) ?? 0,
    draftMs,
    edgeDraftMs: draftMs,
    roundTripMs: runsBesideTarget(mode) ? 0 : roundTripMs,
    acceptance,
    maxDrafts: most,
  });
  const best = predictions.find((one) => one.mode === predictedAs[mode])?.drafts ?? 1;
  // At an end both neighbours lie on the same side.
  const middle = Math.min(Math.max(best, 2), Math.max(2, most - 1));
  return [middle - 1, middle, middle + 1].filter((gamma) => gamma <= most);
}

/** The edge's own draft length is a setting of its process and independent of the round trip: an edge is started for each. */
export async function chooseEdgeDraftLength(bench: WallBench): Promise<number> {
  const cell = { mode: 'edge-sd', roundTripMs: 0 } as const;
  if (!bench.settings.modes.includes('edge-sd')) return 1;
  if (!(bench.knowsFigures || bench.run.has(unitOf(cell)))) await bench.startEdges(1);
  const { gamma: chosen } = await chooseWindow(bench, cell, async (gamma, index, count) => {
    bench.run.onProgress('draft lengths of edge-sd', index, count);
    await bench.startEdges(gamma);
    // All prompts are read before the first pilot.
    await bench.writePilot(cell, plainWindow('edge-sd', gamma), warmUpTokens);
  });
  return chosen;
}

/** A few short texts for each draft length of the other modes at each round trip. @returns whether all are chosen; chooses at least one */
export async function chooseDraftLengths(bench: WallBench, isLate: () => boolean): Promise<boolean> {
  const { settings, run } = bench;
  const windowed = settings.modes.filter((mode) => windowedModes.has(mode) && !edgeWindowedModes.has(mode));
  const cells = settings.roundTripsMs.flatMap((roundTripMs) => windowed.map((mode) => ({ mode, roundTripMs })));
  let hasChosen = false;
  for (const [index, cell] of cells.entries()) {
    const isKnown = run.has(unitOf(cell));
    if (!isKnown && hasChosen && isLate()) return false;
    if (!isKnown) run.onProgress('draft lengths of the other modes', index, cells.length);
    await chooseWindow(bench, cell);
    hasChosen ||= !isKnown;
  }
  return true;
}

async function chooseWindow(
  bench: WallBench,
  cell: WallCell,
  prepare?: (gamma: number, index: number, count: number) => Promise<void>,
): Promise<Window> {
  const measure = async (): Promise<Window> => {
    const figures = await bench.measureFigures();
    const lengths =
      figures === null ? (bench.settings.gammas ?? []) : draftLengthsToTry(cell.mode, cell.roundTripMs, figures);
    const windows = lengths.flatMap((gamma) => waysToRun(cell.mode).map((way): Window => ({ ...way, gamma })));
    if (windows.length === 1) return windows[0] as Window;
    const tpotsMs = new Map<Window, number>();
    for (const [index, window] of windows.entries()) {
      await prepare?.(window.gamma, index, windows.length);
      tpotsMs.set(window, await pilotTpot(bench, cell, window));
    }
    return quickest(windows, (window) => tpotsMs.get(window) as number);
  };
  const window = await bench.run.one({ key: unitOf(cell), measure });
  bench.setWindow(cell, window);
  return window;
}

/** Makes a second try where the first one missed the profile. */
async function pilotTpot(bench: WallBench, cell: WallCell, window: Window): Promise<number> {
  const first = await bench.writePilot(cell, window);
  if (!isVoid(first)) return tpotOf(first);
  return Math.min(tpotOf(first), tpotOf(await bench.writePilot(cell, window)));
}

function unitOf(cell: WallCell): string {
  return `window of ${keyOfCell(cell)}`;
}
