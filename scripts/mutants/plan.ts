// What the command tells its test processes, and what they tell it: a plan as JSON, and one line of JSON for each result.

import { readFileSync } from 'node:fs';
import { type MutatedSource, mutate } from './operators.ts';

/** How a mutant ended. `unreached`: no test runs its code, or only the loading of the module does. */
export type Outcome = 'killed' | 'timeout' | 'survived' | 'unreached';

export interface Plan {
  /** Absolute path of the repository. */
  readonly root: string;
  /** The mutated files, paths in the repository, in the order of the mutants' numbers. */
  readonly files: readonly string[];
  /** Test files, paths in the repository, those that are likely to tell first. */
  readonly tests: readonly string[];
  /** The first test files are those of the mutated folder itself. */
  readonly ownCount: number;
  /** Tests that take longer are not run with mutants: of the mutated folder, and of other folders, ms. */
  readonly longestMs: { readonly own: number; readonly other: number };
  /** Names of tests that were run with these mutants before. */
  readonly without: readonly string[];
  /** The mutants that this process tries. */
  readonly mutants: readonly number[];
  /** This mutant is on from the beginning, the loading of modules included, and the first failure ends the run. */
  readonly always: number | null;
  /** Results are appended to this file. */
  readonly results: string;
}

/** A line of the file of results. */
export type Line =
  | {
      readonly kind: 'end';
      readonly id: number;
      readonly outcome: Outcome;
      readonly test: string;
      readonly error: string;
    }
  /** Written before a mutant is tried, so that one that never comes back is known. */
  | { readonly kind: 'begin'; readonly id: number; readonly test: string }
  /** A test that is not run again. `tried`: it was run with the mutants that it reaches, or is too slow */
  | { readonly kind: 'done'; readonly test: string; readonly tried: boolean }
  /** A mutant ran its own code in some test, and no test told. */
  | { readonly kind: 'reached'; readonly id: number }
  /** A test that can't be used: it fails without a mutant, or when it is run again. */
  | { readonly kind: 'unfit'; readonly test: string; readonly error: string }
  /** A mutant left the process in a state in which a test fails without it. */
  | { readonly kind: 'dirty'; readonly test: string }
  /** These mutants' code ran when modules were loaded. */
  | { readonly kind: 'loaded'; readonly ids: readonly number[] };

/** Name of the environment variable with the path of the plan. */
export const planVariable = 'OUTRIDER_MUTANTS';

export function readPlan(): Plan {
  const path = process.env[planVariable];
  if (path === undefined) throw new Error(`${planVariable} is not set: start this with npm run mutants`);
  return JSON.parse(readFileSync(path, 'utf8')) as Plan;
}

export function readLines(path: string): Line[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Line);
}

/** The files with their mutants; numbers run through all files. */
export function mutateAll(root: string, files: readonly string[]): Map<string, MutatedSource> {
  const sources = new Map<string, MutatedSource>();
  let firstId = 1;
  for (const file of files) {
    const mutated = mutate(file, readFileSync(`${root}/${file}`, 'utf8'), firstId);
    sources.set(file, mutated);
    firstId += mutated.mutants.length;
  }
  return sources;
}
