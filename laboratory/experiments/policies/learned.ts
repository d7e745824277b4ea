// `outrider bench learned`: what learned policies cost in worlds that no training has drawn, over several training seeds and worlds, and what
// their rounding is worth. The weights come from `outrider train sweep`; nothing is trained here.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Recipe, resultFile, runFolder, weightsFile } from '../../../simulator/commands/train/recipes.ts';
import { readRun, recipesNamed } from '../../../simulator/commands/train/sweep.ts';
import { findScenario } from '../../../simulator/files/scenario-file.ts';
import { readActor } from '../../../simulator/policies/learned/actor-file.ts';
import { associateByRounding, roundings } from '../../../simulator/policies/learned/associate-by-scores.ts';
import { createLearnedPolicy } from '../../../simulator/policies/learned/learned-policy.ts';
import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { createProblem, type Problem } from '../../../src/allocation/search/problem.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { log } from '../../../src/core/basics/fdlibm.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { type FoundPolicy, findPolicy } from '../../../src/files/policy-file.ts';
import { concludeLearned, type LearnedRow, simpleRules } from './cost-rows.ts';
import { type CostCell, type CostRun, costUnits, firstCostSeed } from './slot-costs.ts';

/** Policies that are compared in the worlds of a scenario; `best` comes first, since all are measured by it. */
const rivals: Readonly<Record<string, readonly string[]>> = {
  coupled: ['best', 'best-margin', 'look-ahead', 'masac-association@coupled'],
  paper: [
    'best',
    'tma+optimal',
    'tma+equal',
    'tma-masac',
    'masac-association',
    'max-sinr+equal',
    'max-compute+equal',
    'random+equal',
  ],
};

function rivalsOf({ scenario, set }: Recipe): readonly string[] {
  if (set.includes('objective.kind=felt')) return ['best', 'greedy', 'tma+optimal', ...simpleRules];
  return rivals[scenario] ?? ['best'];
}

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

export const learnedExperiment: Experiment<typeof options, readonly CostRun[], Conclusion<LearnedRow>> = {
  name: 'bench learned',
  lasts: '5 minutes',
  examples: ['outrider bench learned --weights sweep'],
  description: 'what learned policies cost, over training seeds and worlds; and how much of it their rounding is',
  isResumable: true,
  options,
  async measure(given, run) {
    const { at, slots, worlds } = given;
    const cells = await findCells(given);
    if (cells.length === 0) {
      const remedy = `Train some first: outrider train sweep --slots ${at} --out ${given.weights}`;
      throw badArgument(`${given.weights} has no weights after ${at} slots`, remedy);
    }
    await run.begin({ slots, seed: firstCostSeed });
    const units = cells.flatMap((cell) => {
      // The scenario stands in the key, so that a record takes up more training seeds, recipes and budgets.
      const mark = hashOf(JSON.stringify(cell.scenario)).slice(0, 12);
      return costUnits(cell, `${cell.coupling} ${mark}`, worlds, slots);
    });
    return run.all('runs', units);
  },
  conclude(runs, { weights: _, ...params }) {
    const { rows, summary } = concludeLearned(runs);
    return { rows, summary, params, forPeople: rows.map(briefly) };
  },
};

function briefly(row: LearnedRow): object {
  const { world, label, trainingSeeds, costVsBest, costVsBestLow, costVsBestHigh, costMeanVsBest, costVsBestWorst } =
    row;
  return { world, label, trainingSeeds, costVsBest, costVsBestLow, costVsBestHigh, costMeanVsBest, costVsBestWorst };
}

type Candidate = Pick<CostCell, 'policy' | 'trainingSeed'>;

/** In each world that recipes have in common: rivals, scores that were not learned, and trained policies with each rounding. */
async function findCells({ weights, at, recipes: names }: Options): Promise<CostCell[]> {
  const trained = await Promise.all(
    recipesNamed(names).map(async (recipe) => ({ ...recipe, found: await trainedOf(recipe, weights, at) })),
  );
  const worlds = Map.groupBy(
    trained.filter(({ found }) => found.length > 0),
    (recipe) => [recipe.scenario, ...recipe.set].join(' '),
  );
  const cells = [...worlds].map(async ([coupling, recipes]) => {
    const [recipe] = recipes as unknown as [Recipe];
    const scenario = await findScenario(recipe.scenario, recipe.set);
    const others = await Promise.all(rivalsOf(recipe).map(findPolicy));
    const plain = [...others, ...unlearned].map((policy): Candidate => ({ policy, trainingSeed: null }));
    return [...plain, ...recipes.flatMap(({ found }) => found)].map((one) => ({ coupling, scenario, ...one }));
  });
  return (await Promise.all(cells)).flat();
}

/** All seeds that have weights of this budget. */
async function trainedOf(recipe: Recipe, directory: string, at: number): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (let trainingSeed = 1; trainingSeed <= mostSeeds; trainingSeed++) {
    const folder = join(directory, runFolder(recipe.name, trainingSeed));
    const file = join(folder, weightsFile(at));
    const result = join(folder, resultFile(at));
    if (!(existsSync(file) && existsSync(result))) continue;
    const bytes = await readFile(file);
    const actor = readActor(bytes, file);
    readRun(recipe.name, trainingSeed, at, await readFile(result, 'utf8'));
    for (const rounding of recipe.variant === 'association' ? roundings : (['rounded'] as const)) {
      const name = rounding === 'rounded' ? recipe.name : `${recipe.name}, ${rounding}`;
      const policy = { name, sha256: hashOf(bytes), decide: createLearnedPolicy(actor, rounding) };
      found.push({ trainingSeed, policy });
    }
  }
  return found;
}

const mostSeeds = 100;

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The same rounding with scores that were not learned: chances in proportion to the SNR, and to rate times speed of the server. */
const unlearned: readonly FoundPolicy[] = [
  scored('SNR, rounded', (problem, link) => log(problem.snr[link] as number)),
  scored('rate times speed, rounded', (problem, link) => {
    return log((problem.serverSpeed[problem.linkServer[link] as number] as number) / (problem.airMs[link] as number));
  }),
];

function scored(name: string, scoreOf: (problem: Problem, link: number) => number): FoundPolicy {
  const decide: FoundPolicy['decide'] = (state) => {
    const problem = createProblem(state);
    const score = new Float64Array(2 * problem.linkServer.length);
    for (let link = 0; link < problem.linkServer.length; link++) score[2 * link] = scoreOf(problem, link);
    return shareOptimally(state, associateByRounding(problem, score), problem);
  };
  return { name, sha256: null, decide };
}
