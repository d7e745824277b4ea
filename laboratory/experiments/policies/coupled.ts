// `outrider bench coupled`: the gain of a policy that takes the coupling of slots into account, over many slots of the preset `coupled`,
// with one coupling at a time, with none and with all. All policies have the same seeds.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import type { Override } from '../../../simulator/scenario/read-scenario.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { type FoundPolicy, findPolicy } from '../../../src/files/policy-file.ts';
import { combinations } from '../combinations.ts';
import { type CoupledRow, coupledRow, summariseCoupled } from './cost-rows.ts';
import { coupledFigure } from './figures.ts';
import { type CostRun, costUnits, firstCostSeed } from './slot-costs.ts';

const coupledPreset = 'coupled';
const usualPolicies = [
  'max-sinr+optimal',
  'hysteresis+optimal',
  'best-blind',
  'best',
  'best-margin',
  'look-ahead',
] as const;

/** Changes of the preset that switch off each coupling. */
const without = {
  queues: { path: ['queue', 'law'], value: { kind: 'none' } },
  batteries: { path: ['devices', 'battery', 'drains'], value: false },
  handover: { path: ['handover'], value: { kind: 'none' } },
  'stale CSI': { path: ['knowledge', 'gainAgeSlots'], value: 0 },
} as const satisfies Record<string, Override>;
type Single = keyof typeof without;
const singles = Object.keys(without) as Single[];

/** `none`, each coupling alone, `all`. */
const couplings: readonly string[] = ['none', ...singles, 'all'];

const options = {
  seeds: { flag: '--seeds <count>', help: 'paired seeds', whole: [1, 1000], default: 5, full: 20 },
  slots: { flag: '--slots <count>', help: 'of each run', whole: [1, 1_000_000], default: 240 },
  policies: {
    flag: '--policy <name|file>',
    help: 'one more policy; may be given several times',
    texts: true,
    type: [] as readonly (string | FoundPolicy)[],
    default: [],
  },
  usualPolicies: { default: usualPolicies as readonly string[] },
  couplings: { default: couplings as readonly string[] },
} as const;

type Options = OptionsOf<typeof options>;

export const coupledExperiment: Experiment<typeof options, readonly CostRun[], Conclusion<CoupledRow>> = {
  name: 'bench coupled',
  lasts: '4 minutes',
  fullLasts: '16',
  description: 'what looking ahead is worth in coupled slots; preset coupled, each coupling alone and all',
  isResumable: true,
  options,
  async measure({ seeds, slots, couplings: chosen, ...given }, run) {
    const policies = await Promise.all(
      policiesOf(given).map(async (one) => (typeof one === 'string' ? findPolicy(one) : one)),
    );
    await run.begin({ slots, scenario: readPreset(coupledPreset), seed: firstCostSeed });
    const units = combinations({ coupling: chosen, policy: policies }).flatMap(({ coupling, policy }) => {
      const scenario = readPreset(coupledPreset, overridesOf(coupling));
      return costUnits({ coupling, scenario, policy }, coupling, seeds, slots);
    });
    return run.all('runs', units);
  },
  conclude(runs, { seeds, slots, couplings: chosen, ...given }) {
    const policies = policiesOf(given).map((one) => (typeof one === 'string' ? one : one.name));
    const rows = chosen.flatMap((coupling) => {
      const alike = runs.filter((run) => run.coupling === coupling);
      return policies.map((policy) => coupledRow(alike, policy));
    });
    const params = { scenario: coupledPreset, seeds, slots, policies };
    return { rows, summary: summariseCoupled(rows), forPeople: rows.map(briefly), params };
  },
  figure: coupledFigure,
};

function briefly(row: CoupledRow): object {
  const { coupling, policy, costMs, costVsBest, costMeanVsBest, costVsBestWorst, latencyMs, handoversPer1000Tasks } =
    row;
  return { coupling, policy, costMs, costVsBest, costMeanVsBest, costVsBestWorst, latencyMs, handoversPer1000Tasks };
}

function policiesOf(given: Pick<Options, 'policies' | 'usualPolicies'>): readonly (string | FoundPolicy)[] {
  return [...new Set([...given.usualPolicies, ...given.policies])];
}

export function overridesOf(coupling: string): Override[] {
  return coupling === 'all' ? [] : singles.filter((one) => one !== coupling).map((one) => without[one]);
}
