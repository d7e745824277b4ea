// `outrider bench learned`: what learned policies cost in worlds that no training has drawn, over several training seeds and worlds, and what
// their rounding is worth. The weights come from `outrider train sweep`; nothing is trained here.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Recipe, resultFile, runFolder, weightsFile } from '../../../simulator/commands/train/recipes.ts';
import { readRun, recipesNamed } from '../../../simulator/commands/train/sweep.ts';
import { findScenario } from '../../../simulator/files/scenario-file.ts';
import type { Conclusion, Experiment, Unit } from '../../../simulator/runner/experiment.ts';
import { readActor } from '../../../src/allocation/learned/actor-file.ts';
import { associateByRounding, type Rounding, roundings } from '../../../src/allocation/learned/associate-by-scores.ts';
import { createLearnedPolicy } from '../../../src/allocation/learned/learned-policy.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { createProblem, type Problem } from '../../../src/allocation/search/problem.ts';
import type { Policy } from '../../../src/allocation/slot/slot-state.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { log } from '../../../src/core/basics/fdlibm.ts';
import { findPolicy } from '../../../src/files/policy-file.ts';
import type { FoundPolicy } from '../../../src/files/shipped-weights.ts';
import { runCoupled } from '../coupled/run.ts';
import { learnedPage } from './page.ts';
import { concludeLearned, type LearnedRow, type LearnedRun } from './rows.ts';

/** As for `bench coupled`: no setting was chosen by results of these seeds. */
const firstWorld = 101;

/** Policies that are compared in the worlds of a scenario; `best` comes first, since all are measured by it. */
const rivals: Readonly<Record<string, readonly string[]>> = {
  coupled: ['best', 'best-margin', 'look-ahead', 'masac-association@coupled'],
  paper: ['best', 'tma+optimal', 'tma', 'tma-masac', 'masac-association'],
};

const options = {
  weights: { flag: '--weights <directory>', help: 'that of outrider train sweep', isRequired: true },
  at: {
    flag: '--at <slots>',
    help: 'take the weights after so many slots of training',
    whole: [1, 100_000_000],
    default: 2000,
  },
  recipes: {
    flag: '--recipe <name>',
    help: 'only this one; may be given several times',
    texts: true,
    default: [],
    defaultLabel: 'all that the directory has',
  },
  worlds: { flag: '--worlds <count>', help: 'paired worlds for each', whole: [1, 1000], default: 10 },
  slots: { flag: '--slots <count>', help: 'of each world', whole: [1, 1_000_000], default: 240 },
} as const;

type Options = OptionsOf<typeof options>;

export const learnedExperiment: Experiment<typeof options, readonly LearnedRun[], Conclusion<LearnedRow>> = {
  name: 'bench learned',
  description: 'what learned policies cost, over training seeds and worlds; and how much of it their rounding is',
  isResumable: true,
  options,
  async measure(given, run) {
    const { at, slots, worlds } = given;
    const sets = await findSets(given);
    if (sets.length === 0) {
      const remedy = `Train some first: outrider train sweep --slots ${at} --out ${given.weights}`;
      throw badArgument(`${given.weights} has no weights after ${at} slots`, remedy);
    }
    await run.begin({ slots, seed: firstWorld });
    const units = sets.flatMap(({ world, scenario, candidates }) => {
      // A key says all that a run depends on, so that a record takes up more training seeds, recipes and budgets.
      const mark = hashOf(JSON.stringify(scenario)).slice(0, 12);
      return candidates.flatMap(({ policy, ...about }) =>
        Array.from({ length: worlds }, (_, index): Unit<LearnedRun> => {
          const seed = firstWorld + index;
          const key = [world, mark, about.label, policy.sha256 ?? '', seed].join(' ');
          return {
            key,
            measure: () => ({ ...about, ...runCoupled(scenario, policy, { coupling: world, seed, slots }) }),
          };
        }),
      );
    });
    return run.all('runs', units);
  },
  conclude(runs, { weights: _, ...params }) {
    const { rows, summary } = concludeLearned(runs);
    return { rows, summary, params, forPeople: rows.map(briefly) };
  },
  page: learnedPage,
};

function briefly(row: LearnedRow): object {
  const { world, label, trainingSeeds, costVsBest, costVsBestLow, costVsBestHigh, costMeanVsBest, costVsBestWorst } =
    row;
  return { world, label, trainingSeeds, costVsBest, costVsBestLow, costVsBestHigh, costMeanVsBest, costVsBestWorst };
}

interface Candidate extends Pick<LearnedRun, 'label' | 'trainingSeed' | 'rounding'> {
  readonly policy: FoundPolicy;
}

interface CandidateSet {
  /** Scenario and changes, as a text. */
  readonly world: string;
  readonly scenario: Awaited<ReturnType<typeof findScenario>>;
  readonly candidates: readonly Candidate[];
}

/** For each world that recipes have in common: rivals, trained policies with each rounding, and scores that nobody learned. */
async function findSets({ weights, at, recipes: names }: Options): Promise<CandidateSet[]> {
  const trained = new Map<string, { readonly recipe: Recipe; readonly candidates: Candidate[] }>();
  for (const recipe of recipesNamed(names)) {
    const found = await trainedOf(recipe, weights, at);
    if (found.length === 0) continue;
    const world = [recipe.scenario, ...recipe.set].join(' ');
    const before = trained.get(world)?.candidates ?? [];
    trained.set(world, { recipe, candidates: [...before, ...found] });
  }
  return Promise.all(
    [...trained].map(async ([world, { recipe, candidates }]) => {
      const others = await Promise.all((rivals[recipe.scenario] ?? ['best']).map(findPolicy));
      const plain = [...others, ...unlearned].map((policy) => {
        return { label: policy.name, trainingSeed: null, rounding: null, policy };
      });
      return {
        world,
        scenario: await findScenario(recipe.scenario, recipe.set),
        candidates: [...plain, ...candidates],
      };
    }),
  );
}

/** Seeds 1, 2, ... up to the first that has no weights of this budget. */
async function trainedOf(recipe: Recipe, directory: string, at: number): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (let seed = 1; seed <= mostSeeds; seed++) {
    const folder = join(directory, runFolder(recipe.name, seed));
    const [file, result] = [join(folder, weightsFile(at)), join(folder, resultFile(at))];
    if (!(existsSync(file) && existsSync(result))) continue;
    const bytes = await readFile(file);
    const actor = readActor(bytes, file);
    readRun(recipe.name, seed, at, await readFile(result, 'utf8'));
    const sha256 = hashOf(bytes);
    const kinds: readonly (Rounding | null)[] = recipe.variant === 'association' ? roundings : [null];
    for (const rounding of kinds) {
      const label = rounding === null || rounding === 'rounded' ? recipe.name : `${recipe.name}, ${rounding}`;
      const decide = createLearnedPolicy(actor, rounding ?? 'rounded');
      found.push({ label, trainingSeed: seed, rounding, policy: { name: label, sha256, decide } });
    }
  }
  return found;
}

const mostSeeds = 100;

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The same rounding with scores that nobody learned: chances in proportion to the SNR, and to rate times speed of the server. */
const unlearned: readonly FoundPolicy[] = [
  scored('SNR, rounded', (problem, link) => log(problem.snr[link] as number)),
  scored('rate times speed, rounded', (problem, link) => {
    return log((problem.serverSpeed[problem.linkServer[link] as number] as number) / (problem.airMs[link] as number));
  }),
];

function scored(name: string, scoreOf: (problem: Problem, link: number) => number): FoundPolicy {
  const decide: Policy = (state) => {
    const problem = createProblem(state);
    const score = new Float64Array(2 * problem.linkServer.length);
    for (let link = 0; link < problem.linkServer.length; link++) score[2 * link] = scoreOf(problem, link);
    return shareOptimally(state, associateByRounding(problem, score), problem);
  };
  return { name, sha256: null, decide };
}
