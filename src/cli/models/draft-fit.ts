// `outrider draft fit`: makes a draft for a target. It refuses what can't work before anything is installed, sets the Python pipeline up,
// runs it, and checks that the resulting draft fits the target.

import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { OutriderError } from '../../core/basics/errors.ts';
import type { OptionsOf } from '../../core/options/options.ts';
import { printDocument } from '../../files/document.ts';
import { acquireModel } from '../../models/files/acquire.ts';
import { defaultCacheDirectory } from '../../models/files/cache.ts';
import { demandRoom, readFitTarget } from '../../models/gguf/fit-demands.ts';
import { checkPair } from '../../models/gguf/pair-check.ts';
import { commandOf } from '../options/option-flags.ts';
import { withAcquireReport } from './acquire-report.ts';
import { explainCheck } from './draft-check.ts';
import { findPython, hasEnvironment, runPipeline, setUpEnvironment } from './draft-python.ts';

const notes = `The target writes the training text itself, so no data set is needed. It may be interrupted: the same command continues where it stopped.
Python packages go to the cache (OUTRIDER_CACHE), results to --out. What to expect and how to judge it: docs/use/draft-models.md.

Examples:
  outrider draft fit --target model.gguf --smoke     two minutes: does it work here?
  outrider draft fit --target model.gguf             hours: a draft to use`;

const options = {
  target: { flag: '--target <name|path>', help: 'a model name or a GGUF file', isRequired: true },
  out: {
    flag: '--out <directory>',
    help: 'results, and what is needed to continue (default here: TARGET-draft, TARGET-smoke or TARGET-RECIPE)',
  },
  recipe: { flag: '--recipe <file.toml>', help: 'depths, training and text, as in drafts/recipes/' },
  from: { flag: '--from <draft.gguf>', help: 'heal shallower drafts from one that was made before, with --recipe' },
  smoke: { flag: '--smoke', help: 'the smallest recipe: the draft loads, but is not a good one' },
  json: { flag: '--json', help: 'print one JSON document at the end' },
} as const;

type FitFlags = OptionsOf<typeof options>;

export function draftFitCommand(): Command {
  const description = 'make a draft for a target of the Llama family (Python pipeline, hours on a small machine)';
  return commandOf({ name: 'fit', description, options, notes }, runFit);
}

async function runFit(flags: FitFlags): Promise<void> {
  if (flags.smoke && flags.recipe !== undefined) {
    throw new OutriderError('bad-argument', '--smoke is a recipe of its own', 'give --smoke or --recipe, not both');
  }
  const { path } = await withAcquireReport((acquiring) => acquireModel(flags.target, acquiring));
  const out = resolve(flags.out ?? defaultOut(path, flags));
  const target = await readFitTarget(path);
  const python = await findPython();
  const cacheDirectory = defaultCacheDirectory();
  await demandRoom(target, {
    out,
    cacheDirectory,
    hasEnvironment: await hasEnvironment(cacheDirectory),
    availableMemoryBytes: process.availableMemory(),
  });
  const interpreter = await setUpEnvironment(python);
  if (interpreter === null) {
    process.exitCode = 1;
    return;
  }
  const choice = flags.recipe === undefined ? [] : ['--recipe', resolve(flags.recipe)];
  const start = flags.from === undefined ? [] : ['--from', resolve(flags.from)];
  const parameters = ['--target', path, '--out', out, ...choice, ...start, ...(flags.smoke ? ['--smoke'] : [])];
  const startMs = performance.now();
  const { status, output } = await runPipeline(interpreter, [...parameters, ...(flags.json ? ['--json'] : [])]);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  if (status !== 0) process.exitCode = status;
  else await report(flags, path, join(out, 'draft.gguf'), output, seconds);
}

/** A folder belongs to one target and one recipe. */
export function defaultOut(target: string, { recipe, smoke }: Partial<Pick<FitFlags, 'recipe' | 'smoke'>>): string {
  const made = smoke === true ? 'smoke' : recipe === undefined ? 'draft' : basename(recipe).replace(/\.toml$/i, '');
  return `${basename(target).replace(/\.gguf$/i, '')}-${made}`;
}

/** @param path of the target @param file of the draft @param output of the pipeline */
async function report(flags: FitFlags, path: string, file: string, output: string, seconds: number): Promise<void> {
  const check = await checkPair(path, file);
  if (!check.fits) process.exitCode = 1;
  if (flags.json) {
    const { points = [], shipped = 0 } = JSON.parse(output) as { points?: object[]; shipped?: number };
    const { fits, vocabulary, draftTokens } = check;
    const summary = { fits, vocabulary, draftTokens, layers: shipped, seconds, threads: availableParallelism() };
    printDocument('draft fit', { rows: points, summary, params: { ...flags } });
    return;
  }
  process.stdout.write(`${output}${explainCheck(basename(path), file, check).join('\n')}\n`);
  process.stdout.write(`Try it: outrider run --model ${flags.target} --draft ${file}\n`);
}
