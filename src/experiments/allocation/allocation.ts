// `outrider bench allocation`: how long a decision takes, how far from the optimum it is at most, and what it takes off the latency of
// the paper's baselines. Slots are the first ones of the presets' worlds, one for each seed, the same for every policy.

import { setImmediate } from 'node:timers/promises';
import { mean, quantile } from '../../basics/statistics.ts';
import { slotsOf } from '../first-slots.ts';
import { gapsOfHuge, hugeSlot, timeDecisions } from './decision-time.ts';
import { measureGaps } from './gaps.ts';
import { baselines, type LatencyCell, meanReduction, measureLatency, reductionInterval } from './latency.ts';
import { type LatencyLimitRow, measureLatencyLimit } from './latency-limit.ts';

export interface BenchAllocationOptions {
  /** Paired seeds of every cell. */
  readonly seeds: number;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

export interface BenchAllocationResult {
  readonly rows: object[];
  readonly summary: Readonly<Record<string, number>>;
}

const worlds = ['paper', 'munich'] as const;
/** The first one's reductions are the summary's. `ids` sends the drafted ids only, which makes bandwidth plentiful. */
const latencyWorlds = [
  { name: 'paper', scenario: 'paper' },
  { name: 'paper, ids', scenario: 'paper', payloadLaw: 'ids' },
  { name: 'munich', scenario: 'munich' },
] as const;
const sizes = [
  [30, 4],
  [90, 10],
  [180, 20],
] as const;
const energyWeights = [0, 20, 100];
/** The paper's Fig. 5: devices at ten servers, servers at 90 devices. */
const cells: readonly (readonly [number, number])[] = [
  ...[30, 60, 90, 120, 150, 180].map((devices) => [devices, 10] as const),
  ...[4, 8, 12, 16, 20].map((servers) => [90, servers] as const),
];
const speedSlots = 40;

export async function benchAllocation(options: BenchAllocationOptions): Promise<BenchAllocationResult> {
  const seeds = Array.from({ length: options.seeds }, (_, index) => index + 1);
  const speed = await measureSpeed(options);
  const gaps = await measureAllGaps(options, seeds);
  const latency = await measureAllLatencies(options, seeds);
  return {
    rows: [...speed.rows, ...gaps.rows, ...latency.rows],
    summary: { ...speed.summary, ...gaps.summary, ...latency.summary },
  };
}

async function measureSpeed({ onProgress }: BenchAllocationOptions): Promise<BenchAllocationResult> {
  const seeds = Array.from({ length: speedSlots }, (_, index) => index + 1);
  const rows = [];
  for (const [index, world] of worlds.entries()) {
    onProgress?.('speed', index, worlds.length + 1);
    rows.push(timeDecisions(world, await slotsOf({ scenario: world, deviceCount: 180, serverCount: 20 }, seeds)));
    await setImmediate();
  }
  onProgress?.('speed', worlds.length, worlds.length + 1);
  const state = hugeSlot(1);
  const huge = { ...timeDecisions('synthetic', [state]), ...gapsOfHuge(state) };
  return {
    rows: [...rows, huge],
    summary: {
      decisionMsP95: Math.max(...rows.map(({ decisionMsP95 }) => decisionMsP95)),
      decisionMsP95All: Math.max(...rows.map(({ decisionMsP95All }) => decisionMsP95All)),
      decisionCpuMsMean: Math.max(...rows.map(({ decisionCpuMsMean }) => decisionCpuMsMean)),
      decisionMs100k: huge.decisionMsMedian,
      decisionCpuMs100k: huge.decisionCpuMsMean,
      gap100k: huge.gap,
      variableGap100k: huge.variableGap,
    },
  };
}

async function measureAllGaps(
  options: BenchAllocationOptions,
  seeds: readonly number[],
): Promise<BenchAllocationResult> {
  const rows: object[] = [];
  const gaps: number[] = [];
  const variableGaps: number[] = [];
  const todo = worlds.flatMap((scenario) =>
    sizes.flatMap(([deviceCount, serverCount]) =>
      energyWeights.map((energyWeight) => ({ scenario, deviceCount, serverCount, energyWeight })),
    ),
  );
  for (const [index, settings] of todo.entries()) {
    options.onProgress?.('gaps', index, todo.length);
    const measured = measureGaps(settings.scenario, await slotsOf(settings, seeds));
    rows.push(measured.row);
    gaps.push(...measured.gaps);
    variableGaps.push(...measured.variableGaps);
    await setImmediate();
  }
  return {
    rows,
    summary: {
      gapMean: mean(gaps),
      gapP95: quantile(gaps, 0.95),
      variableGapMean: mean(variableGaps),
      variableGapP95: quantile(variableGaps, 0.95),
    },
  };
}

async function measureAllLatencies(
  options: BenchAllocationOptions,
  seeds: readonly number[],
): Promise<BenchAllocationResult> {
  const rows: object[] = [];
  const equal: LatencyCell[] = [];
  const optimal: LatencyCell[] = [];
  const limits: LatencyLimitRow[] = [];
  for (const [index, { name, ...world }] of latencyWorlds.entries()) {
    for (const [cell, [deviceCount, serverCount]] of cells.entries()) {
      options.onProgress?.('latency', index * cells.length + cell, latencyWorlds.length * cells.length);
      const states = await slotsOf({ ...world, deviceCount, serverCount }, seeds);
      const withEqual = measureLatency(name, states, 'equal');
      const withOptimal = measureLatency(name, states, 'optimal');
      rows.push(...withEqual.rows, ...withOptimal.rows);
      if (index === 0) {
        equal.push(withEqual);
        optimal.push(withOptimal);
        limits.push(measureLatencyLimit(name, states));
      }
      await setImmediate();
    }
  }
  const summary = {
    ...summariseLatency(equal, optimal, seeds.length),
    latencySearchVsMaxSinr: mean(limits.map(({ reductionSearched }) => reductionSearched)),
    latencyBoundVsMaxSinr: mean(limits.map(({ reductionBound }) => reductionBound)),
  };
  return { rows: [...rows, ...limits], summary };
}

function summariseLatency(
  equal: readonly LatencyCell[],
  optimal: readonly LatencyCell[],
  seedCount: number,
): Readonly<Record<string, number>> {
  const against = baselines.map((baseline) => meanReduction(equal, baseline));
  const [low, high] = reductionInterval(equal, seedCount);
  const [optimalLow, optimalHigh] = reductionInterval(optimal, seedCount);
  return {
    reductionVsRandom: against[0] as number,
    reductionVsMaxSinr: against[1] as number,
    reductionVsMaxCompute: against[2] as number,
    reductionMean: mean(against),
    reductionMeanLow: low,
    reductionMeanHigh: high,
    reductionMeanOptimalShares: mean(baselines.map((baseline) => meanReduction(optimal, baseline))),
    reductionMeanOptimalSharesLow: optimalLow,
    reductionMeanOptimalSharesHigh: optimalHigh,
  };
}
