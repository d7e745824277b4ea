// `outrider train sweep`: trains several seeds of recipes, one after the other, each for the same number of slots. Its directory is its record:
// an interrupted run continues from its checkpoint, and a longer budget from the shorter one, to the same weights as in one run.

import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { withDefaults } from '../../../src/cli/options/options.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { makeDirectory } from '../../../src/files/make-directory.ts';
import type { Conclusion, Experiment, Run } from '../../runner/experiment.ts';
import { checkpointName, type Recipe, recipes, resultFile, runFolder, weightsFile, weightsName } from './recipes.ts';
import { trainMasac } from './train.ts';

const options = {
  recipes: {
    flag: '--recipe <name>',
    help: `what to train; may be given several times: ${recipes.map(({ name }) => name).join(', ')}` as string,
    texts: true,
    default: [],
    defaultLabel: 'all',
  },
  seeds: { flag: '--seeds <count>', help: 'training seeds of each recipe', whole: [1, 1000], default: 5 },
  firstSeed: { flag: '--first-seed <number>', help: 'the first of them', whole: [1, 1_000_000], default: 1 },
  slots: { flag: '--slots <count>', help: 'slots of each training', whole: [1, 100_000_000], default: 2000 },
  out: { flag: '--out <directory>', help: 'keeps checkpoints and weights', isRequired: true },
} as const;

type Options = OptionsOf<typeof options>;

export interface SweptRun {
  readonly recipe: string;
  readonly seed: number;
  readonly slots: number;
  readonly updates: number;
  readonly rewardFirst: number;
  readonly rewardLast: number;
  readonly plateau: boolean;
  readonly cpuMinutes: number;
}

export const trainSweep: Experiment<typeof options, readonly SweptRun[], Conclusion<SweptRun>> = {
  name: 'train sweep',
  description: 'several training seeds of each recipe, for bench learned; goes on where it was stopped',
  options,
  async measure(given, run) {
    const chosen = recipesNamed(given.recipes);
    const wanted = Array.from({ length: given.seeds }, (_, index) => given.firstSeed + index).flatMap((seed) =>
      chosen.map((recipe) => ({ recipe, seed })),
    );
    const found: SweptRun[] = [];
    for (const { recipe, seed } of wanted) found.push(await trainOne(recipe, seed, given, run));
    return found;
  },
  conclude: (rows, { slots }) => ({ rows, summary: { runs: rows.length, slots } }),
};

/** @throws OutriderError `bad-argument` for a name that is none */
export function recipesNamed(names: readonly string[]): readonly Recipe[] {
  if (names.length === 0) return recipes;
  return names.map((name) => {
    const found = recipes.find((one) => one.name === name);
    if (found !== undefined) return found;
    const remedy = `Name one of: ${recipes.map((one) => one.name).join(', ')}.`;
    throw badArgument(`there is no recipe "${name}"`, remedy);
  });
}

/** Seeds come before recipes, so that a sweep that is stopped has as many of each. */
async function trainOne(recipe: Recipe, seed: number, { slots, out }: Options, run: Run): Promise<SweptRun> {
  const directory = join(out, runFolder(recipe.name, seed));
  const weights = join(directory, weightsFile(slots));
  const result = join(directory, resultFile(slots));
  if (!(existsSync(weights) && existsSync(result))) {
    run.note(`${recipe.name}, seed ${seed}`);
    makeDirectory(directory);
    const { name: _, ...settings } = recipe;
    const resume = existsSync(join(directory, checkpointName));
    const trained = await trainMasac.measure(
      withDefaults(trainMasac.options, { ...settings, seed, slots, out: directory, resume }),
      run,
    );
    await copyFile(join(directory, weightsName), weights);
    await writeFile(result, JSON.stringify({ summary: trained.summary }));
  }
  return readRun(recipe.name, seed, slots, await readFile(result, 'utf8'));
}

/** @param text the end of a training, as this command or `train masac --json` writes it */
export function readRun(recipe: string, seed: number, slots: number, text: string): SweptRun {
  const { summary } = JSON.parse(text) as { readonly summary: Omit<SweptRun, 'recipe' | 'seed' | 'slots'> };
  const { updates, rewardFirst, rewardLast, plateau, cpuMinutes } = summary;
  return { recipe, seed, slots, updates, rewardFirst, rewardLast, plateau, cpuMinutes };
}
