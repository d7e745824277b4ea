// Which window a mode gets in a wall bench: what the predictor of token times takes for best, and its two neighbours, are tried in a pilot, and the
// quickest is taken.

import { predictTokenTimes } from '../../scheduling/predict-latency.ts';
import { quickest } from '../best-window.ts';
import { type BenchMode, edgeWindowedModes, windowedModes } from './metrics.ts';
import { keyOfCell, type PilotFigures, type WallBench, type WallCell, warmUpTokens } from './wall-bench.ts';
import { isVoid } from './wall-plan.ts';
import { tpotOf } from './wall-rows.ts';

/** The predictor knows one psd. */
const predictedAs: Partial<Record<BenchMode, 'sd' | 'psd' | 'edge-sd'>> = {
  sd: 'sd',
  psd: 'psd',
  'psd-lockstep': 'psd',
  'edge-sd': 'edge-sd',
};

/** Windows worth trying, ascending. Steps hold no more rows than the edge allows, so larger windows gain nothing. */
export function windowsToTry(
  mode: BenchMode,
  roundTripMs: number,
  { draftMs, acceptance, stepMs }: Omit<PilotFigures, 'nativeMs'>,
): number[] {
  const most = Math.max(1, stepMs.length - 1);
  const predictions = predictTokenTimes({
    stepMs: (rows) => stepMs[rows - 1] ?? stepMs.at(-1) ?? 0,
    draftMs,
    edgeDraftMs: draftMs,
    roundTripMs,
    acceptance,
    maxDrafts: most,
  });
  const best = predictions.find((one) => one.mode === predictedAs[mode])?.drafts ?? 1;
  // At an end the second neighbour lies on the other side.
  const middle = Math.min(Math.max(best, 2), Math.max(2, most - 1));
  return [middle - 1, middle, middle + 1].filter((gamma) => gamma <= most);
}

/** The edge's own window is a setting of its process, and the round trip does not matter to it: an edge is started for each. */
export async function chooseEdgeWindow(bench: WallBench): Promise<number> {
  const cell = { mode: 'edge-sd', roundTripMs: 0 } as const;
  if (!bench.settings.modes.includes('edge-sd')) return 1;
  if (!(bench.knowsFigures || bench.run.has(unitOf(cell)))) await bench.startEdges(1);
  return await chooseWindow(bench, cell, async (gamma, index, count) => {
    bench.run.onProgress('windows of edge-sd', index, count);
    await bench.startEdges(gamma);
    // All prompts are read before the first pilot.
    await bench.writePilot(cell, gamma, warmUpTokens);
  });
}

/** A few short texts for each window of each other mode at each round trip. @returns whether all are chosen; one more at least */
export async function chooseWindows(bench: WallBench, isLate: () => boolean): Promise<boolean> {
  const { settings, run } = bench;
  const windowed = settings.modes.filter((mode) => windowedModes.has(mode) && !edgeWindowedModes.has(mode));
  const cells = settings.roundTripsMs.flatMap((roundTripMs) => windowed.map((mode) => ({ mode, roundTripMs })));
  let hasChosen = false;
  for (const [index, cell] of cells.entries()) {
    const isKnown = run.has(unitOf(cell));
    if (!isKnown && hasChosen && isLate()) return false;
    if (!isKnown) run.onProgress('windows of the other modes', index, cells.length);
    await chooseWindow(bench, cell);
    hasChosen ||= !isKnown;
  }
  return true;
}

async function chooseWindow(
  bench: WallBench,
  cell: WallCell,
  prepare?: (gamma: number, index: number, count: number) => Promise<void>,
): Promise<number> {
  const measure = async (): Promise<number> => {
    const figures = await bench.measureFigures();
    const windows =
      figures === null ? (bench.settings.gammas ?? []) : windowsToTry(cell.mode, cell.roundTripMs, figures);
    if (windows.length === 1) return windows[0] as number;
    const tpotsMs = new Map<number, number>();
    for (const [index, gamma] of windows.entries()) {
      await prepare?.(gamma, index, windows.length);
      tpotsMs.set(gamma, await pilotTpot(bench, cell, gamma));
    }
    return quickest(windows, (gamma) => tpotsMs.get(gamma) as number);
  };
  const gamma = await bench.run.one({ key: unitOf(cell), measure });
  bench.setWindow(cell, gamma);
  return gamma;
}

/** A second try where the first could not be held to the profile. */
async function pilotTpot(bench: WallBench, cell: WallCell, gamma: number): Promise<number> {
  const first = await bench.writePilot(cell, gamma);
  if (!isVoid(first)) return tpotOf(first);
  return Math.min(tpotOf(first), tpotOf(await bench.writePilot(cell, gamma)));
}

function unitOf(cell: WallCell): string {
  return `window of ${keyOfCell(cell)}`;
}
