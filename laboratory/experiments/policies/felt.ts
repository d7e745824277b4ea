// `outrider bench felt`: the time per token that devices get under each policy, and which objective predicts it. Every preset and payload
// law, both fidelities in one run of the simulator; all policies use the same seeds.

import type { Conclusion, Experiment, Unit } from '../../../simulator/runner/experiment.ts';
import { WorkerPool, workersOption } from '../../../simulator/runner/worker-pool.ts';
import { presetNames } from '../../../simulator/scenario/presets.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { packageVersion } from '../../../src/files/document.ts';
import { findPolicy } from '../../../src/files/policy-file.ts';
import { combinations } from '../combinations.ts';
import { feltPolicies, payloadLaws, policyName } from './felt-cells.ts';
import { type FeltRow, feltGoals, gapRows, type PolicyRow, policyRows, rankRows, summariseFelt } from './felt-rows.ts';
import { type FeltCell, type FeltRun, feltWork } from './felt-run.ts';
import { feltFigure } from './figures.ts';
import { isBound, type SolvedSlot, solveSmallSlot } from './gaps.ts';
import { feltPage } from './pages.ts';

/** No constant was fitted on these seeds. */
const firstSeed = 9101;
/** Devices and servers of the slots that are solved by trying every association. */
const smallSizes = [
  [4, 2],
  [6, 3],
  [8, 2],
  [8, 3],
] as const;
const quickly = { seeds: 2, seconds: 3, smallSlots: 1 };

const options = {
  seeds: { flag: '--seeds <count>', help: 'paired seeds', whole: [1, 1000], default: 4, full: 10 },
  seconds: {
    flag: '--seconds <count>',
    help: 'simulated time of a run; worlds with long or rare answers take a multiple of it',
    whole: [1, 100_000],
    default: 4,
    full: 8,
  },
  presets: {
    flag: '--preset <name>',
    help: 'only this one; may be given several times',
    texts: true,
    type: [] as readonly string[],
    default: [],
    defaultLabel: 'all',
  },
  workers: workersOption as typeof workersOption,
  quick: { flag: '--quick', help: 'a first look: 2 seeds of 3 s' },
  policies: { default: feltPolicies.map(({ name }) => name) as readonly string[] },
  smallSlots: { default: 6 as number },
} as const;
type Options = OptionsOf<typeof options>;

interface Found {
  readonly runs: readonly FeltRun[];
  readonly solved: readonly SolvedSlot[];
}

export const feltExperiment: Experiment<typeof options, Found, Conclusion<FeltRow>> = {
  name: 'bench felt',
  lasts: '4 minutes',
  fullLasts: '18',
  description: "tokens a second and time to the first token under the paper's objective and under ours; every preset",
  notes:
    'docs/research/benchmarks.md says what each figure means. The exit status is 1 if a bound is above an optimum that was found by trying all associations.',
  isResumable: true,
  options,
  async measure(given, run) {
    const { seeds, seconds, presets, policies, workers, smallSlots } = sizeOf(given);
    const unknown = presets.find((name) => !presetNames.includes(name));
    if (unknown !== undefined)
      throw badArgument(`there is no preset "${unknown}"`, `Choose some of ${presetNames.join(', ')}.`);
    await run.begin({ version: packageVersion(), seconds, firstSeed, weights: await hashesOf(presets) });
    const small = combinations({ size: smallSizes, seed: Array.from({ length: smallSlots }, (_, index) => index + 1) });
    const units = small.map(({ size: [devices, servers], seed }): Unit<SolvedSlot> => {
      const key = `small slot ${devices} ${servers} ${seed}`;
      return { key, measure: () => solveSmallSlot(devices, servers, seed) };
    });
    const solved = await run.all('small slots', units);
    await using pool = new WorkerPool(feltWork, null, workers);
    const keyOf = ({ preset, law, policy, seed }: FeltCell): string => [preset, law, policy, seed].join(' / ');
    return { runs: await pool.measureAll(run, 'runs', cellsOf(presets, policies, seeds, seconds), keyOf), solved };
  },
  conclude({ runs, solved }, given) {
    const { seeds, seconds, presets, policies: names } = sizeOf(given);
    const policies = policyRows(runs, presets, names);
    const rows = [...policies, ...rankRows(runs, presets, names), ...gapRows(runs, presets)];
    return {
      rows,
      summary: summariseFelt(rows, runs, solved),
      forPeople: policies.map(briefly),
      params: { presets, laws: payloadLaws, policies: names, seeds, seconds, mode: 'stream' },
      seed: firstSeed,
      passed: solved.every(isBound),
    };
  },
  figure: feltFigure,
  page: feltPage,
  goals: () => feltGoals,
};

function briefly(row: PolicyRow): object {
  const { preset, law, policy, tokensPerSecond, tokensPerSecondOverMaxSinr, msPerToken, firstTokenMs } = row;
  return { preset, law, policy, tokensPerSecond, tokensPerSecondOverMaxSinr, msPerToken, firstTokenMs };
}

function sizeOf(given: Options): Omit<Options, 'quick'> {
  const presets = given.presets.length === 0 ? presetNames : given.presets;
  return given.quick ? { ...given, presets, ...quickly } : { ...given, presets };
}

/** Each policy under each law on which its decisions depend; under `ids` only where they depend on none. */
function cellsOf(presets: readonly string[], policies: readonly string[], seeds: number, seconds: number): FeltCell[] {
  const seed = Array.from({ length: seeds }, (_, index) => firstSeed + index);
  const policy = feltPolicies.filter(({ name }) => policies.includes(name));
  return combinations({ seed, preset: presets, policy, law: payloadLaws, seconds: [seconds] })
    .filter((cell) => cell.policy.dependsOnLaw || cell.law === 'ids')
    .map((cell) => ({ ...cell, policy: cell.policy.name }));
}

/** Other weights are another policy. */
async function hashesOf(presets: readonly string[]): Promise<Record<string, string | null>> {
  const trained = feltPolicies.filter(({ isTrained }) => isTrained === true);
  const cells = combinations({ policy: trained, preset: presets, law: payloadLaws });
  const names = cells.map(({ policy, preset, law }) => policyName(policy, preset, law));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await findPolicy(name)).sha256])));
}
