// `outrider bench allocation`: how long a decision takes, how far from the optimum it is at most, and what it takes off the latency of
// the paper's baselines in preset `munich`. Slots are the first ones of the presets' worlds, one for each seed, the same for every policy.

import { setImmediate } from 'node:timers/promises';
import { createPolicy } from '../../allocation/policies.ts';
import type { Interval } from '../../basics/bootstrap.ts';
import { mean, quantile } from '../../basics/statistics.ts';
import { slotsOf } from '../first-slots.ts';
import { gapsOfHuge, hugeSlot, timeDecisions } from './decision-time.ts';
import { measureGaps } from './gaps.ts';
import { baselines, bothShares, type FiguresByPolicy, measureSlots, type Saving, savingOf } from './latency.ts';
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
const latencyWorld = 'munich';
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

/** Preset `munich` against the baselines, and what any policy could reach in preset `paper`; `reproduce fig5` has the rest. */
async function measureAllLatencies(
  options: BenchAllocationOptions,
  seeds: readonly number[],
): Promise<BenchAllocationResult> {
  const found: FiguresByPolicy[] = [];
  const limits: LatencyLimitRow[] = [];
  const policies = ['best', ...bothShares.flatMap((shares) => baselines.map((baseline) => `${baseline}+${shares}`))];
  for (const [index, [deviceCount, serverCount]] of cells.entries()) {
    options.onProgress?.('latency', index, cells.length);
    const states = await slotsOf({ scenario: latencyWorld, deviceCount, serverCount }, seeds);
    found.push(Object.fromEntries(policies.map((name) => [name, measureSlots(states, createPolicy(name))])));
    limits.push(measureLatencyLimit('paper', await slotsOf({ scenario: 'paper', deviceCount, serverCount }, seeds)));
    await setImmediate();
  }
  const savings = bothShares.map((shares) => ({
    shares,
    latency: savingOf(found, 'best', shares, 'latencyMs', seeds.length),
    cost: savingOf(found, 'best', shares, 'costMs', seeds.length),
  }));
  const [equal, optimal] = savings.map(({ latency }) => latency) as [Saving, Saving];
  const rows = savings.flatMap(({ shares, latency, cost }) =>
    baselines.map((baseline, index) => {
      const [reductionLow, reductionHigh] = latency.againstIntervals[index] as Interval;
      const reduction = latency.against[index] as number;
      const intervals = { reduction, reductionLow, reductionHigh, costReduction: cost.against[index] as number };
      return { what: 'latency', world: latencyWorld, shares, baseline, slots: seeds.length, ...intervals };
    }),
  );
  return {
    rows: [...rows, ...limits],
    summary: {
      munichReductionMean: equal.mean,
      munichReductionMeanLow: equal.meanInterval[0],
      munichReductionMeanHigh: equal.meanInterval[1],
      munichReductionMeanOptimalShares: optimal.mean,
      latencyBestVsMaxSinr: mean(limits.map(({ reductionBest }) => reductionBest)),
      latencySearchVsMaxSinr: mean(limits.map(({ reductionSearched }) => reductionSearched)),
      latencyBoundVsMaxSinr: mean(limits.map(({ reductionBound }) => reductionBound)),
    },
  };
}
