// `outrider train sweep`: trains several seeds of recipes, one after the other, each for the same number of slots. Its directory is its record:
// an interrupted run continues from its checkpoint, and a longer budget from the shorter one, to the same weights as in one run. Machines that
// share a sweep each end with all weights in their directories; checkpoints stay where they are written.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { OptionsOf } from '../../../src/core/options/options.ts';
import { withDefaults } from '../../../src/core/options/options.ts';
import type { Result } from '../../../src/files/document.ts';
import { makeDirectory } from '../../../src/files/make-directory.ts';
import { findScenario } from '../../files/scenario-file.ts';
import { writeWhole } from '../../files/write-whole.ts';
import { readTensors } from '../../policies/learned/safetensors.ts';
import type { Conclusion, Experiment, Run, Unit } from '../../runner/experiment.ts';
import { checkpointName, type Recipe, recipes, resultFile, runFolder, weightsFile, weightsName } from './recipes.ts';
import { demandSame, demandSameScenario } from './same-run.ts';
import { kindOf, type TrainOptions, trainMasac } from './train.ts';

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

/** A training that has ended: its summary, and its file of weights in base64. */
type Trained = Result['summary'] & { readonly weights: string };

/** Times of the machine; and what depends on points of the curve, which are others where a shorter training was continued. */
const mayDiffer = ['minutes', 'cpuMinutes', 'plateau', 'lastThirdSlopePer1000Slots', 'lastThirdSlopeHalfWidth'];

export const trainSweep: Experiment<typeof options, readonly SweptRun[], Conclusion<SweptRun>> = {
  name: 'train sweep',
  examples: ['outrider train sweep --recipe paper-shares-team --out sweep'],
  description: 'several training seeds of each recipe, for bench learned; goes on where it was stopped',
  isShareable: true,
  options,
  async measure(given, run) {
    const { slots, out } = given;
    const chosen = recipesNamed(given.recipes);
    // Seeds come before recipes, so that a sweep that is stopped has as many of each.
    const wanted = Array.from({ length: given.seeds }, (_, index) => given.firstSeed + index).flatMap((seed) =>
      chosen.map((recipe) => ({ recipe, seed })),
    );
    await run.begin({ slots, recipes: chosen });
    const units = wanted.map(({ recipe, seed }): Unit<Trained> => {
      const measure = (): Promise<Trained> => trainOne(recipe, seed, given, run);
      return { key: `${recipe.name}, seed ${seed}`, mayDiffer, measure };
    });
    const trained = await run.all('trainings', units);
    const found: SweptRun[] = [];
    for (const [index, { recipe, seed }] of wanted.entries()) {
      const one = trained[index] as Trained;
      const directory = join(out, runFolder(recipe.name, seed));
      // Another machine may have trained it.
      const own = await readTrained(directory, trainingOf(recipe, seed, given));
      if (!isDeepStrictEqual(own, one)) await keep(directory, slots, one);
      found.push(sweptRun(recipe.name, seed, slots, one));
    }
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

/** A training of a sweep, as the flags of `train masac` that begin it. */
function trainingOf({ name, ...settings }: Recipe, seed: number, { slots, out }: Options): TrainOptions {
  const directory = join(out, runFolder(name, seed));
  return withDefaults(trainMasac.options, { ...settings, seed, slots, out: directory });
}

async function trainOne(recipe: Recipe, seed: number, given: Options, run: Run): Promise<Trained> {
  const { slots } = given;
  const directory = join(given.out, runFolder(recipe.name, seed));
  const training = trainingOf(recipe, seed, given);
  const before = await readTrained(directory, training);
  if (before !== null) return before;
  run.note(`${recipe.name}, seed ${seed}`);
  const resume = existsSync(join(directory, checkpointName));
  const { summary } = await Promise.resolve(trainMasac.measure({ ...training, resume }, run)).catch(
    (error: unknown) => {
      // What a person does next is the same between two trainings.
      run.signal.throwIfAborted();
      throw error;
    },
  );
  const trained = { ...summary, weights: await readFile(join(directory, weightsName), 'base64') };
  await keep(directory, slots, trained);
  return trained;
}

/**
 * @returns null: it has not ended here
 * @throws OutriderError `weights-unreadable`: the directory has weights of another training
 */
async function readTrained(directory: string, training: TrainOptions): Promise<Trained | null> {
  const slots = Number(training.slots);
  const [weights, result] = [join(directory, weightsFile(slots)), join(directory, resultFile(slots))];
  if (!(existsSync(weights) && existsSync(result))) return null;
  const bytes = await readFile(weights);
  await demandOf(training, weights, bytes);
  const { summary } = JSON.parse(await readFile(result, 'utf8')) as Pick<Result, 'summary'>;
  demandSame(result, 'slots', slots, summary['slots']);
  return { ...summary, weights: bytes.toString('base64') };
}

/** @throws OutriderError `weights-unreadable`: a file has weights of another training */
async function demandOf(training: TrainOptions, file: string, bytes: Uint8Array): Promise<void> {
  const { metadata } = readTensors(bytes, file);
  const { network, variant, credit, seed, settings } = kindOf(training);
  const own = { network, variant, credit, seed, discount: settings.discount, slots: training.slots };
  for (const [key, here] of Object.entries(own)) demandSame(file, key, String(here), metadata[key]);
  const scenario = await findScenario(training.scenario, training.set);
  demandSameScenario(file, JSON.stringify(scenario), metadata['scenario']);
}

async function keep(directory: string, slots: number, { weights, ...summary }: Trained): Promise<void> {
  makeDirectory(directory);
  await writeWhole(join(directory, weightsFile(slots)), Buffer.from(weights, 'base64'));
  await writeWhole(join(directory, resultFile(slots)), JSON.stringify({ summary }));
}

/** @param text the end of a training, as this command or `train masac --json` writes it */
export function readRun(recipe: string, seed: number, slots: number, text: string): SweptRun {
  return sweptRun(recipe, seed, slots, (JSON.parse(text) as Pick<Result, 'summary'>).summary);
}

function sweptRun(recipe: string, seed: number, slots: number, summary: Result['summary']): SweptRun {
  const { updates, rewardFirst, rewardLast, plateau, cpuMinutes } = summary as unknown as SweptRun;
  return { recipe, seed, slots, updates, rewardFirst, rewardLast, plateau, cpuMinutes };
}
