// `outrider bench allocation`: the time of a decision, its largest distance from the optimum, and the latency that it saves against the
// paper's baselines in preset `munich`. It uses the first slot of each seed's world, the same for every policy.

import type { Experiment, Unit } from '../../../simulator/runner/experiment.ts';
import { createPolicy } from '../../../src/allocation/policies/policies.ts';
import { type Estimate, within } from '../../../src/core/basics/bootstrap.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { findPolicy } from '../../../src/files/policy-file.ts';
import type { FoundPolicy } from '../../../src/files/shipped-weights.ts';
import { seedsOf, slotsOf } from '../first-slots.ts';
import { gapsOfHuge, hugeSlot, type SpeedRow, timeDecisions } from './decision-time.ts';
import { gapFigures, measureGaps } from './gaps.ts';
import { baselines, bothShares, type FiguresByPolicy, measureSlots, type Saving, savingOf } from './latency.ts';
import { type LatencyLimitRow, measureLatencyLimit } from './latency-limit.ts';
import { allocationGoals, allocationPage } from './page.ts';

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
  readonly huge: SpeedRow & ReturnType<typeof gapsOfHuge>;
  readonly gaps: readonly ReturnType<typeof measureGaps>[];
  readonly latency: readonly LatencyFound[];
}

interface LatencyFound {
  /** Latency in preset `munich`, for each slot. */
  readonly byPolicy: FiguresByPolicy;
  /** The limit for any policy in preset `paper`; `reproduce fig5` reports the policies there. */
  readonly limit: LatencyLimitRow;
}

export const allocationExperiment: Experiment<typeof options, AllocationFound> = {
  name: 'bench allocation',
  description: 'how fast and how near the optimum decisions are, and what they save; presets paper and munich',
  options,
  isResumable: true,
  async measure({ seeds: seedCount, policies: names }, run) {
    const seeds = seedsOf(seedCount);
    const policies = await Promise.all([...new Set(['best', ...names])].map(findPolicy));
    const speed = await run.all(
      'speed',
      policies.flatMap((policy) => worlds.map((world) => speedUnit(world, policy))),
    );
    const huge = await run.one({ key: 'speed of a huge slot', measure: measureHuge });
    const gaps = await run.all(
      'gaps',
      policies.flatMap((policy) => gapUnits(seeds, policy)),
    );
    const latency = await run.all('latency', latencyUnits(seeds, policies));
    return { speed, huge, gaps, latency };
  },
  conclude(found, { seeds, policies: names }) {
    const { huge, latency } = found;
    const policies = [...new Set(['best', ...names])];
    const all = policies.map((policy) => savingsOf(latency, seeds, policy));
    const [savings] = all as [ShareSaving[]];
    const limits = latency.map(({ limit }) => limit);
    const rows = [
      ...found.speed,
      huge,
      ...found.gaps.map(({ row }) => row),
      ...all.flatMap((one, index) => latencyRows(one, seeds, policies[index] as string)),
      ...limits,
    ];
    // The goals are those of `best`.
    const speed = found.speed.filter(({ policy }) => policy === 'best');
    const gaps = found.gaps.filter(({ row }) => row.policy === 'best');
    const summary = {
      ...summariseSpeed(speed, huge),
      ...gapFigures(
        gaps.flatMap((one) => one.gaps),
        gaps.flatMap((one) => one.variableGaps),
      ),
      ...summariseLatency(savings, limits),
    };
    // The rows are of four kinds, so a terminal shows the summary only.
    return { rows, summary, forPeople: [], params: { seeds, policy: 'best', policies } };
  },
  page: allocationPage,
  goals: () => allocationGoals,
};

/** What a key ends with: nothing for `best`; another file of one name is another policy. */
function keyEnding({ name, sha256 }: FoundPolicy): string {
  return name === 'best' ? '' : `, ${name} ${sha256 ?? ''}`.trimEnd();
}

function speedUnit(world: string, policy: FoundPolicy): Unit<SpeedRow> {
  return {
    key: `speed in ${world}${keyEnding(policy)}`,
    async measure() {
      const states = await slotsOf({ scenario: world, deviceCount: 180, serverCount: 20 }, seedsOf(speedSlots));
      return timeDecisions(world, states, policy);
    },
  };
}

const best = { name: 'best', decide: createPolicy('best') };

function measureHuge(): AllocationFound['huge'] {
  const state = hugeSlot(1);
  return { ...timeDecisions('synthetic', [state], best), ...gapsOfHuge(state) };
}

function gapUnits(seeds: readonly number[], policy: FoundPolicy): Unit<ReturnType<typeof measureGaps>>[] {
  return worlds.flatMap((scenario) =>
    sizes.flatMap(([deviceCount, serverCount]) =>
      energyWeights.map((energyWeight) => ({
        key: `gap in ${scenario}, ${deviceCount} devices, ${serverCount} servers, w = ${energyWeight}${keyEnding(policy)}`,
        measure: async () =>
          measureGaps(scenario, await slotsOf({ scenario, deviceCount, serverCount, energyWeight }, seeds), policy),
      })),
    ),
  );
}

function latencyUnits(seeds: readonly number[], policies: readonly FoundPolicy[]): Unit<LatencyFound>[] {
  const names = bothShares.flatMap((shares) => baselines.map((baseline) => `${baseline}+${shares}`));
  return cells.map(([deviceCount, serverCount]) => ({
    key: `latency, ${deviceCount} devices, ${serverCount} servers${policies.map(keyEnding).join('')}`,
    async measure() {
      const states = await slotsOf({ scenario: latencyWorld, deviceCount, serverCount }, seeds);
      const all = [...policies, ...(await Promise.all(names.map(findPolicy)))];
      const byPolicy = Object.fromEntries(all.map(({ name, decide }) => [name, measureSlots(states, decide)]));
      const paperStates = await slotsOf({ scenario: 'paper', deviceCount, serverCount }, seeds);
      return { byPolicy, limit: measureLatencyLimit('paper', paperStates) };
    },
  }));
}

function summariseSpeed(rows: readonly SpeedRow[], huge: AllocationFound['huge']): Record<string, number> {
  return {
    decisionMsP95: Math.max(...rows.map(({ decisionMsP95 }) => decisionMsP95)),
    decisionMsP95All: Math.max(...rows.map(({ decisionMsP95All }) => decisionMsP95All)),
    decisionCpuMsMean: Math.max(...rows.map(({ decisionCpuMsMean }) => decisionCpuMsMean)),
    decisionMs100k: huge.decisionMsMedian,
    decisionCpuMs100k: huge.decisionCpuMsMean,
    gap100k: huge.gap,
    variableGap100k: huge.variableGap,
  };
}

interface ShareSaving {
  readonly shares: (typeof bothShares)[number];
  readonly latency: Saving;
  readonly cost: Saving;
}

function savingsOf(latency: readonly LatencyFound[], seedCount: number, policy: string): ShareSaving[] {
  const found = latency.map(({ byPolicy }) => byPolicy);
  return bothShares.map((shares) => ({
    shares,
    latency: savingOf(found, policy, shares, 'latencyMs', seedCount),
    cost: savingOf(found, policy, shares, 'costMs', seedCount),
  }));
}

function latencyRows(savings: readonly ShareSaving[], slots: number, policy: string): object[] {
  return savings.flatMap(({ shares, latency, cost }) =>
    baselines.map((baseline, index) => {
      const reduction = within('reduction', latency.against[index] as Estimate);
      const costReduction = cost.against[index]?.value;
      return { what: 'latency', world: latencyWorld, policy, shares, baseline, slots, ...reduction, costReduction };
    }),
  );
}

function summariseLatency(savings: readonly ShareSaving[], limits: readonly LatencyLimitRow[]): Record<string, number> {
  const [equal, optimal] = savings.map(({ latency }) => latency) as [Saving, Saving];
  return {
    ...within('munichReductionMean', equal.mean),
    munichReductionMeanOptimalShares: optimal.mean.value,
    latencyBestVsMaxSinr: mean(limits.map(({ reductionBest }) => reductionBest)),
    latencySearchVsMaxSinr: mean(limits.map(({ reductionSearched }) => reductionSearched)),
    latencyBoundVsMaxSinr: mean(limits.map(({ reductionBound }) => reductionBound)),
  };
}
