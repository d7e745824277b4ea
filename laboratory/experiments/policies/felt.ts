// `outrider bench felt`: the time per token that devices get under each policy, and which objective predicts it. Every preset and payload
// law, both fidelities in one run of the simulator; all policies use the same seeds.

import type { Conclusion, Experiment, Goals, Unit } from '../../../simulator/runner/experiment.ts';
import { WorkerPool, workersOption } from '../../../simulator/runner/worker-pool.ts';
import { presetNames } from '../../../simulator/scenario/presets.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { findPolicy } from '../../../src/files/policy-file.ts';
import { combinations } from '../combinations.ts';
import { type BaselineRow, baselineGoals, baselineRows, goalsOfDrawn, summariseBaselines } from './baseline-rows.ts';
import { drawnNames } from './drawn-worlds.ts';
import {
  bestFelt,
  drawnPolicies,
  feltModes,
  feltPolicies,
  hasWeights,
  isPlayed,
  isWeighted,
  type PayloadLaw,
  payloadLaws,
  policyName,
} from './felt-cells.ts';
import { feltPage } from './felt-page.ts';
import { type FeltRow, feltGoals, gapRows, type PolicyRow, policyRows, rankRows, summariseFelt } from './felt-rows.ts';
import { type FeltCell, type FeltRun, feltWork } from './felt-run.ts';
import { feltFigure } from './figures.ts';
import { isBound, type SolvedSlot, solveSmallSlot } from './gaps.ts';
import { type ModeRow, modeGoals, modeRows, summariseModes } from './mode-rows.ts';
import { laterPerReadingSecond, type PlayedSlot, type PlaysCell, playsWork, proposalRows } from './proposal-plays.ts';
import { simulatedSeconds } from './run-length.ts';

/** No constant was fitted on these seeds. */
const firstSeed = 20_101;
/** Slots in which proposals are played are in other worlds than the runs. */
const firstRankSeed = 30_101;
/** Devices and servers of the slots that are solved by trying every association. */
const smallSizes = [
  [4, 2],
  [6, 3],
  [8, 2],
  [8, 3],
] as const;
const quickly = { seeds: 2, seconds: 2, smallSlots: 1, count: 4, rankSlots: 1 };

const options = {
  seeds: { flag: '--seeds <count>', help: 'paired seeds', whole: [1, 1000], default: 4, full: 10 },
  seconds: {
    flag: '--seconds <count>',
    help: 'simulated time of a run; worlds with long prompts or rare sessions take a multiple of it',
    whole: [1, 100_000],
    default: 2,
    full: 4,
  },
  presets: {
    flag: '--preset <name>',
    help: 'only this one; may be given several times',
    texts: true,
    type: [] as readonly string[],
    default: [],
    defaultLabel: 'all',
  },
  worlds: {
    flag: '--worlds <kind>',
    help: 'the presets, or worlds that are drawn from --seed',
    choices: ['presets', 'random'] as const,
    default: 'presets' as 'presets' | 'random',
  },
  seed: { flag: '--seed <number>', help: 'of drawn worlds', whole: [0, 4_294_967_295], default: 1 as number },
  count: { flag: '--count <number>', help: 'drawn worlds', whole: [1, 1000], default: 20 as number },
  workers: workersOption as typeof workersOption,
  quick: { flag: '--quick', help: 'a first look: 2 seeds of 2 s, 4 drawn worlds' },
  policies: { default: feltPolicies.map(({ name }) => name) as readonly string[] },
  smallSlots: { default: 6 as number },
  rankSlots: {
    flag: '--rank-slots <count>',
    help: 'slots of each world in which every proposal is played',
    whole: [0, 10_000],
    default: 2,
    full: 200,
  },
} as const;
type Options = OptionsOf<typeof options>;

interface Found {
  readonly runs: readonly FeltRun[];
  readonly solved: readonly SolvedSlot[];
  readonly played: readonly PlayedSlot[];
}

export const feltExperiment: Experiment<typeof options, Found, Conclusion<FeltRow>> = {
  name: 'bench felt',
  lasts: '5 minutes',
  fullLasts: '50',
  description: "tokens a second and time to the first token under the paper's objective and under ours; every preset",
  notes:
    'docs/research/benchmarks.md says what each figure means. The exit status is 1 if a bound is above an optimum that was found by trying all associations.',
  isResumable: true,
  options,
  async measure(given, run) {
    const size = sizeOf(given);
    const { seconds, presets, workers, smallSlots, rankSlots } = size;
    const unknown = given.presets.find((name) => !presetNames.includes(name));
    if (unknown !== undefined)
      throw badArgument(`there is no preset "${unknown}"`, `Choose some of ${presetNames.join(', ')}.`);
    if (given.worlds === 'random' && given.presets.length > 0)
      throw badArgument('--preset names a preset, and --worlds random draws worlds', 'Leave one of them out.');
    await run.begin({
      seconds,
      firstSeed,
      firstTokens: 'of answers that go on, too',
      texts: 'one after the other, whatever they take',
      draftPlans: 'by predicted rows, of the slot as the policy saw it',
      simulatedSeconds: lengthsOf(size),
      laterPerReadingSecond,
      proposals: 'seen for 3 s, 2 % or, with more moved text, 25 %',
      firstRankSeed,
      weights: await hashesOf(presets),
    });
    const small = combinations({ size: smallSizes, seed: Array.from({ length: smallSlots }, (_, index) => index + 1) });
    const units = small.map(({ size: [devices, servers], seed }): Unit<SolvedSlot> => {
      const key = `small slot ${devices} ${servers} ${seed}`;
      return { key, measure: () => solveSmallSlot(devices, servers, seed) };
    });
    const solved = await run.all('small slots', units);
    await using pool = new WorkerPool(feltWork, null, workers);
    const keyOf = ({ preset, law, policy, mode, seed }: FeltCell): string =>
      [preset, law, policy, ...(mode === 'stream' ? [] : [mode]), seed].join(' / ');
    const runs = await pool.measureAll(run, 'runs', cellsOf(size), keyOf);
    await using plays = new WorkerPool(playsWork, null, workers);
    const rankSeeds = Array.from(
      { length: size.worlds === 'random' ? 0 : rankSlots },
      (_, index) => firstRankSeed + index,
    );
    const slots: PlaysCell[] = combinations({ seed: rankSeeds, preset: presets });
    const playsKey = ({ preset, seed }: PlaysCell): string => `proposals / ${preset} / ${seed}`;
    return { runs, solved, played: await plays.measureAll(run, 'proposals', slots, playsKey) };
  },
  conclude({ runs, solved, played }, given) {
    const { seeds, seconds, presets, policies: names, laws, worlds: kind, seed, count, rankSlots } = sizeOf(given);
    const areDrawn = kind === 'random';
    const worlds = combinations({ preset: presets, law: laws });
    const once = presets.map((preset) => ({ preset, law: 'ids' as const }));
    const baselines = baselineRows(runs, worlds);
    const modes = modeRows(runs, presets);
    const policies = policyRows(runs, worlds, names);
    const streamed = runs.filter(({ mode }) => mode === 'stream');
    const ranked = names.filter((name) => !isWeighted(name));
    const ranks = [...rankRows(runs, worlds, ranked), ...proposalRows(played, presets)];
    const rows = [...policies, ...ranks, ...gapRows(runs, presets), ...baselines, ...modes];
    return {
      rows,
      summary: {
        ...summariseFelt(rows, streamed, solved),
        ...summariseBaselines(baselines, runs, once, areDrawn),
        ...summariseModes(modes, areDrawn),
      },
      forPeople: policies.map((row) => briefly(row, baselines, modes)),
      params: {
        presets,
        laws,
        policies: names,
        seeds,
        seconds,
        simulatedSeconds: lengthsOf(sizeOf(given)),
        modes: feltModes,
        ...(areDrawn ? { seed, count } : { rankSlots }),
      },
      seed: firstSeed,
      passed: solved.every(isBound),
    };
  },
  figure: feltFigure,
  page: feltPage,
  goals: goalsBy,
};

/** Simulated time of a run in each world, s. */
function lengthsOf({ presets, seconds }: Size): number[] {
  return presets.map((preset) => simulatedSeconds(preset, seconds));
}

/** Goals of all presets say nothing of some. */
function goalsBy(params: object): Goals {
  const { count, presets = [] } = params as { readonly count?: number; readonly presets?: readonly string[] };
  if (count !== undefined) return goalsOfDrawn(count);
  return presets.length < presetNames.length ? {} : { ...feltGoals, ...baselineGoals, ...modeGoals };
}

/** Empty where there is nothing to show. */
function briefly(row: PolicyRow, baselines: readonly BaselineRow[], modes: readonly ModeRow[]): object {
  const { preset, law, policy, tokensPerSecond, tokensPerSecondOverMaxSinr, msPerToken, firstTokenMs } = row;
  const mode = modes.find((one) => law === 'ids' && one.preset === preset && one.policy === policy);
  const over = baselines.find((one) => policy === bestFelt && one.preset === preset && one.law === law);
  return {
    preset,
    law,
    policy,
    tokensPerSecond,
    tokensPerSecondOverMaxSinr,
    msPerToken,
    firstTokenMs,
    overBestSimple: over?.tokensPerSecondOverBestSimple ?? '',
    overBestFilled: over?.tokensPerSecondOverBestFilled ?? '',
    streamOverAr: mode?.streamOverAr ?? '',
    autoOverAr: mode?.autoOverAr ?? '',
  };
}

interface Size extends Omit<Options, 'quick'> {
  readonly laws: readonly PayloadLaw[];
}

/** Drawn worlds stand in the place of presets. Under other laws than `ids` they differ only for decisions by the paper's objective. */
function sizeOf(given: Options): Size {
  const sized = given.quick ? { ...given, ...quickly } : given;
  if (given.worlds === 'presets') {
    return { ...sized, presets: given.presets.length === 0 ? presetNames : given.presets, laws: payloadLaws };
  }
  const policies = given.policies.filter((name) => drawnPolicies.includes(name));
  return { ...sized, presets: drawnNames(given.seed, sized.count), policies, laws: ['ids'] };
}

/** Each policy under each law on which its decisions depend; under `ids` only where they depend on none. */
function cellsOf({ presets, policies, seeds, seconds, laws }: Size): FeltCell[] {
  const seed = Array.from({ length: seeds }, (_, index) => firstSeed + index);
  const policy = feltPolicies.filter(({ name }) => policies.includes(name));
  return combinations({ seed, preset: presets, policy, mode: feltModes, law: laws, seconds: [seconds] })
    .filter((cell) => cell.policy.dependsOnLaw || cell.law === 'ids')
    .filter((cell) => isPlayed(cell.policy.name, cell.mode))
    .filter((cell) => hasWeights(cell.policy, cell.preset, cell.law))
    .map((cell) => ({ ...cell, policy: cell.policy.name }));
}

/** Other weights are another policy. */
async function hashesOf(presets: readonly string[]): Promise<Record<string, string | null>> {
  const trained = feltPolicies.filter(({ isTrained }) => isTrained === true);
  const cells = combinations({ policy: trained, preset: presets, law: payloadLaws }).filter(({ policy, preset, law }) =>
    hasWeights(policy, preset, law),
  );
  const names = cells.map(({ policy, preset, law }) => policyName(policy, preset, law));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await findPolicy(name)).sha256])));
}
