// `outrider bench allocation`: the time of a decision, its largest distance from the optimum, and the latency that it saves against the
// paper's baselines in preset `munich`. It uses the first slot of each seed's world, the same for every policy.

import { type Estimate, within } from '../../../simulator/charts/bootstrap.ts';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import type { Experiment, Goals, Unit } from '../../../simulator/runner/experiment.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import { type FoundPolicy, findPolicy } from '../../../src/files/policy-file.ts';
import { timed } from '../../measuring/cpu-time.ts';
import { baselines, bothShares, type FiguresByPolicy, measureSlots, savingOf } from '../allocation/latency.ts';
import { combinations } from '../combinations.ts';
import { type SlotsRow, seedsOf, slotsOf, slotsRow } from '../first-slots.ts';
import { gapFigures, gapOf, measureGaps, type SlotGap } from './gaps.ts';
import { type LatencyLimitRow, measureLatencyLimit } from './latency-limit.ts';
import { runningSlotsOf } from './running-slots.ts';

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

const options = {
  seeds: { flag: '--seeds <count>', help: 'paired seeds for each size', whole: [1, 1000], default: 10 },
  policies: {
    flag: '--policy <name|file>',
    help: 'one more policy, beside best; may be given several times',
    texts: true,
    default: [] as readonly string[],
  },
} as const;

interface AllocationFound {
  readonly speed: readonly SpeedRow[];
  readonly huge: SpeedRow & Pick<SlotGap, 'gap' | 'variableGap'>;
  readonly gaps: readonly ReturnType<typeof measureGaps>[];
  readonly latency: readonly LatencyFound[];
}

/** Latency in preset `munich` by policy, and the limit for any policy in preset `paper`, where `reproduce fig5` reports the policies. */
interface LatencyFound {
  readonly byPolicy: FiguresByPolicy;
  readonly limit: LatencyLimitRow;
}

const allocationGoals: Goals = {
  decisionMsP95: 5,
  decisionMs100k: 1000,
  decisionFeltOverBestSlot: 1.5,
  decisionFeltRunningOverBestSlot: 1.5,
  gapMean: 0.01,
  gapP95: 0.02,
  latencyBestVsMaxSinr: { atLeast: 0.25 },
};

export const allocationExperiment: Experiment<typeof options, AllocationFound> = {
  name: 'bench allocation',
  lasts: '2 minutes',
  description: 'how fast and how near the optimum decisions are, and what they save; presets paper and munich',
  options,
  isResumable: true,
  isTimed: () => true,
  async measure({ seeds: seedCount, policies: names }, run) {
    const seeds = seedsOf(seedCount);
    const policies = await Promise.all(withBest(names).map(findPolicy));
    const speed = await run.all('speed', [...speedUnits(policies), ...feltSpeedUnits()]);
    const huge = await run.one({ key: 'speed of a huge slot', measure: measureHuge });
    const gaps = await run.all('gaps', gapUnits(seeds, policies));
    const latency = await run.all('latency', latencyUnits(seeds, policies));
    return { speed, huge, gaps, latency };
  },
  conclude({ speed, huge, gaps, latency }, { seeds, policies: names }) {
    const policies = withBest(names);
    const sizes = latency.map(({ byPolicy }) => byPolicy);
    const savings = combinations({ policy: policies, shares: bothShares }).map((one) => ({
      ...one,
      latency: savingOf(sizes, one.policy, one.shares, 'latencyMs', seeds),
      cost: savingOf(sizes, one.policy, one.shares, 'costMs', seeds),
    }));
    const latencyRows = savings.flatMap(({ policy, shares, latency: saved, cost }) =>
      baselines.map((baseline, index) => {
        const reduction = within('reduction', saved.against[index] as Estimate);
        const costReduction = cost.against[index]?.value;
        const slots = seeds;
        return { what: 'latency', world: latencyWorld, policy, shares, baseline, slots, ...reduction, costReduction };
      }),
    );
    const limits = latency.map(({ limit }) => limit);
    // The goals are those of `best`.
    const summary = {
      ...summariseSpeed(speed.filter(isBest), huge),
      ...summariseFelt(speed),
      ...gapFigures(gaps.filter(({ row }) => isBest(row)).flatMap(({ slots }) => slots)),
      ...summariseLatency(
        savings.filter(isBest).map(({ latency: saved }) => saved.mean),
        limits,
      ),
    };
    const rows = [...speed, huge, ...gaps.map(({ row }) => row), ...latencyRows, ...limits];
    // The rows are of four kinds, so a terminal shows the summary only.
    return { rows, summary, forPeople: [], params: { seeds, policy: 'best', policies } };
  },
  goals: () => allocationGoals,
};

function withBest(names: readonly string[]): string[] {
  return [...new Set(['best', ...names])];
}

function isBest({ policy }: { readonly policy: string }): boolean {
  return policy === 'best';
}

/** What a key ends with: nothing for `best`; another file of one name is another policy. */
function keyEnding({ name, sha256 }: FoundPolicy): string {
  return name === 'best' ? '' : `, ${name} ${sha256 ?? ''}`.trimEnd();
}

function speedUnits(policies: readonly FoundPolicy[]): Unit<SpeedRow>[] {
  return combinations({ policy: policies, world: worlds }).map(({ policy, world }) => ({
    key: `speed in ${world}${keyEnding(policy)}`,
    async measure() {
      const states = await slotsOf({ scenario: world, deviceCount: 180, serverCount: 20 }, seedsOf(speedSlots));
      return timeDecisions(world, states, policy);
    },
  }));
}

/** The first decides among several proposals, the second searches alone. */
const feltDecisions = ['best', 'best-slot'] as const;

/** The slot of a run that is decided. */
const runningSlot = 20;
/** First slots have no session yet. With up to 60 devices there are more proposals. `key`: what keys of the summary have after `Felt`. */
const feltCases = [
  { key: '', world: latencyWorld, deviceCount: 180, serverCount: 20, isRunning: false },
  { key: 'Running', world: inRun(latencyWorld), deviceCount: 180, serverCount: 20, isRunning: true },
  { key: 'Running60', world: inRun(latencyWorld), deviceCount: 60, serverCount: 8, isRunning: true },
] as const;

function inRun(world: string): string {
  return `${world}, slot ${runningSlot} of a run`;
}

/** Decisions under `felt` in the world of latencies. */
function feltSpeedUnits(): Unit<SpeedRow>[] {
  const overrides = [{ path: ['objective', 'kind'], value: 'felt' }];
  return combinations({ name: feltDecisions, size: feltCases }).map(({ name, size }) => {
    const { world, deviceCount, serverCount, isRunning } = size;
    return {
      key: `speed in ${world}, ${deviceCount} devices, ${name} under felt`,
      async measure() {
        const settings = { scenario: latencyWorld, deviceCount, serverCount, overrides };
        const seeds = seedsOf(speedSlots);
        const states = await (isRunning ? runningSlotsOf(settings, seeds, runningSlot) : slotsOf(settings, seeds));
        return timeDecisions(world, states, { name: underFelt(name), decide: createPolicy(name) });
      },
    };
  });
}

const underFelt = (name: string): string => `${name}, felt`;

/** @param rows of older documents have fewer */
function summariseFelt(rows: readonly SpeedRow[]): Record<string, number> {
  const keys = feltCases.flatMap(({ key, world, deviceCount }) => {
    const own = rows.filter((row) => row.world === world && row.devices === deviceCount);
    const [best, alone] = feltDecisions.map((name) => own.find(({ policy }) => policy === underFelt(name)));
    if (best === undefined || alone === undefined) return [];
    return [
      [`decisionMsP95Felt${key}`, best.decisionMsP95],
      [`decisionMsP95AllFelt${key}`, best.decisionMsP95All],
      [`decisionMsP95Felt${key}BestSlot`, alone.decisionMsP95],
      [`decisionFelt${key}OverBestSlot`, best.decisionMsP95 / alone.decisionMsP95],
    ] as const;
  });
  return Object.fromEntries(keys);
}

type SpeedFigure = 'decisions' | 'decisionMsMedian' | 'decisionMsP95' | 'decisionMsP95All' | 'decisionCpuMsMean';

/** Statistics of each slot's fastest repeat; `...P95All` and `...Mean` of all repeats. */
export interface SpeedRow extends SlotsRow<'decision'>, Readonly<Record<SpeedFigure, number>> {
  readonly policy: string;
}

/**
 * How long one decision takes: a cold start, without an association or prices of an earlier slot, and without bounds. Wall time on one thread; the
 * difference between the fastest repeat and all repeats shows the disturbance by other programs.
 * @param states the slots to decide, each `repeats` times
 * @param warmUps decisions until the JavaScript engine has compiled the code
 */
export function timeDecisions(
  world: string,
  states: readonly SlotState[],
  { name, decide }: NamedPolicy,
  repeats = 5,
  warmUps = 20,
): SpeedRow {
  for (let round = 0; round < warmUps; round++) decide(states[round % states.length] as SlotState);
  const bySlot = states.map((state) => Array.from({ length: repeats }, () => timed(() => decide(state))));
  const fastest = bySlot.map((own) => Math.min(...own.map(({ ms }) => ms)));
  const allMs = bySlot.flat().map(({ ms }) => ms);
  return {
    ...slotsRow('decision', world, states),
    policy: name,
    decisions: allMs.length,
    decisionMsMedian: quantile(fastest, 0.5),
    decisionMsP95: quantile(fastest, 0.95),
    decisionMsP95All: quantile(allMs, 0.95),
    decisionCpuMsMean: mean(bySlot.flat().map(({ cpuMs }) => cpuMs)),
  };
}

/** Enough iterations of the dual bound for a stable value; each computes 800,000 roots. */
const hugeDualRounds = 60;

/** 100,000 devices among 10,000 servers, eight candidates each. */
function measureHuge(): AllocationFound['huge'] {
  const objective = { energyWeight: 20 };
  const state = syntheticSlot({ deviceCount: 100_000, serverCount: 10_000, seed: 1, candidateCount: 8, objective });
  const decide = createPolicy('best');
  const row = timeDecisions('synthetic', [state], { name: 'best', decide }, 3, 1);
  const { gap, variableGap } = gapOf(state, decide(state), hugeDualRounds);
  return { ...row, gap, variableGap };
}

function gapUnits(seeds: readonly number[], policies: readonly FoundPolicy[]): Unit<ReturnType<typeof measureGaps>>[] {
  const cells = combinations({ policy: policies, scenario: worlds, size: sizes, energyWeight: energyWeights });
  return cells.map(({ policy, scenario, size: [deviceCount, serverCount], energyWeight }) => ({
    key: `gap in ${scenario}, ${deviceCount} devices, ${serverCount} servers, w = ${energyWeight}${keyEnding(policy)}`,
    async measure() {
      const states = await slotsOf({ scenario, deviceCount, serverCount, energyWeight }, seeds);
      return measureGaps(scenario, states, policy);
    },
  }));
}

function latencyUnits(seeds: readonly number[], policies: readonly FoundPolicy[]): Unit<LatencyFound>[] {
  const names = bothShares.flatMap((shares) => baselines.map((baseline) => `${baseline}+${shares}`));
  return cells.map(([deviceCount, serverCount]) => ({
    key: `latency, ${deviceCount} devices, ${serverCount} servers${policies.map(keyEnding).join('')}`,
    async measure() {
      const slotsIn = (scenario: string): Promise<SlotState[]> =>
        slotsOf({ scenario, deviceCount, serverCount }, seeds);
      const states = await slotsIn(latencyWorld);
      const all = [...policies, ...(await Promise.all(names.map(findPolicy)))];
      const byPolicy = Object.fromEntries(all.map(({ name, decide }) => [name, measureSlots(states, decide)]));
      return { byPolicy, limit: measureLatencyLimit('paper', await slotsIn('paper')) };
    },
  }));
}

function summariseSpeed(rows: readonly SpeedRow[], huge: AllocationFound['huge']): Record<string, number> {
  const mostOf = (figure: SpeedFigure): number => Math.max(...rows.map((row) => row[figure]));
  return {
    decisionMsP95: mostOf('decisionMsP95'),
    decisionMsP95All: mostOf('decisionMsP95All'),
    decisionCpuMsMean: mostOf('decisionCpuMsMean'),
    decisionMs100k: huge.decisionMsMedian,
    decisionCpuMs100k: huge.decisionCpuMsMean,
    gap100k: huge.gap,
    variableGap100k: huge.variableGap,
  };
}

/** @param means of the savings, by shares as in {@link bothShares} */
function summariseLatency(means: readonly Estimate[], limits: readonly LatencyLimitRow[]): Record<string, number> {
  const [equal, optimal] = means as [Estimate, Estimate];
  return {
    ...within('munichReductionMean', equal),
    munichReductionMeanOptimalShares: optimal.value,
    latencyBestVsMaxSinr: mean(limits.map(({ reductionBest }) => reductionBest)),
    latencySearchVsMaxSinr: mean(limits.map(({ reductionSearched }) => reductionSearched)),
    latencyBoundVsMaxSinr: mean(limits.map(({ reductionBound }) => reductionBound)),
  };
}
