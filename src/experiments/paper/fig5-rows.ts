// The data of Fig. 5: a row for each size, interpretation and policy.

import { middleEstimate } from '../../basics/bootstrap.ts';
import { interquartileMean, mean } from '../../basics/statistics.ts';
import type { FiguresByPolicy, LatencyFigures } from '../allocation/latency.ts';
import type { Cell, MeasuredCell } from './fig5-reductions.ts';
import { type Interpretation, interpretationName, interpretations } from './interpretations.ts';

/** Interquartile means over seeds. */
const middles = ['latencyMiddleMs', 'latencyP95Ms', 'serialMs', 'costMs'] as const;
type Middles = Readonly<Record<(typeof middles)[number], number>>;

export interface Fig5Row extends Middles, Interpretation, Pick<Cell, 'against'> {
  readonly devices: number;
  readonly servers: number;
  readonly policy: string;
  readonly seeds: number;
  /** Interquartile mean over seeds, and its 95 %. */
  readonly latencyMs: number;
  readonly latencyLowMs: number;
  readonly latencyHighMs: number;
  /** Plain mean over seeds. */
  readonly latencyMeanMs: number;
  /** Interquartile mean of the seeds' own differences to `best`, and its 95 %. */
  readonly overBestMs: number;
  readonly overBestLowMs: number;
  readonly overBestHighMs: number;
}

export function fig5Rows(cells: readonly MeasuredCell[], seedCount: number): Fig5Row[] {
  return cells.flatMap((cell) =>
    interpretations.flatMap((interpretation) => {
      const figures = cell.found[interpretationName(interpretation)] as FiguresByPolicy;
      return Object.keys(figures).map((policy) => rowOf(cell, interpretation, policy, figures, seedCount));
    }),
  );
}

function rowOf(
  { against, deviceCount, serverCount }: Cell,
  interpretation: Interpretation,
  policy: string,
  figures: FiguresByPolicy,
  seedCount: number,
): Fig5Row {
  const own = figures[policy] as LatencyFigures;
  const best = figures['best'] as LatencyFigures;
  const over = own.latencyMs.map((ms, seed) => ms - (best.latencyMs[seed] as number));
  const [latency, overBest] = [middleEstimate(own.latencyMs), middleEstimate(over)];
  return {
    against,
    devices: deviceCount,
    servers: serverCount,
    ...interpretation,
    policy,
    seeds: seedCount,
    latencyMs: latency.value,
    latencyLowMs: latency.interval[0],
    latencyHighMs: latency.interval[1],
    latencyMeanMs: mean(own.latencyMs),
    ...(Object.fromEntries(middles.map((key) => [key, interquartileMean(own[key])])) as Middles),
    overBestMs: overBest.value,
    overBestLowMs: overBest.interval[0],
    overBestHighMs: overBest.interval[1],
  };
}
