// Which window a mode gets in a wall bench: what the pace predictor takes for best, and its two neighbours, are tried in a pilot, and the
// quickest is taken.

import { predictTokenTimes } from '../../scheduling/predict-latency.ts';
import type { BenchMode } from './metrics.ts';
import type { PilotFigures } from './wall-record.ts';

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
