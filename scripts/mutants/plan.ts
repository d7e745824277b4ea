// What the command tells its test processes, and what they tell it: a plan as JSON, and one line of JSON for each result.

import { existsSync, readFileSync } from 'node:fs';
import { type MutatedSource, mutate } from './operators.ts';

/** How a mutant ended. `unreached`: no test runs its code, or only the loading of the module does. */
export type Outcome = 'killed' | 'timeout' | 'survived' | 'unreached';

/**
 * The passes, one after the other: quick tests notice most mutants; tests that replace modules run file by file, and so do those of later
 * tiers, which only the mutants of their own room get.
 */
export type Pass = 'quick' | 'slow' | 'mocked' | 'later';

export interface PlannedMutant {
  readonly id: number;
  /** Room of its file: tests there are its own. */
  readonly room: string;
}

export interface Plan {
  /** Absolute path of the repository. */
  readonly root: string;
  /** The mutated files, paths in the repository, in the order of the mutants' numbers. */
  readonly files: readonly string[];
  /** Test files, paths in the repository, in the order in which they run. */
  readonly tests: readonly string[];
  readonly pass: Pass;
  /** The longest test that is run with a mutant: one of the mutant's own room, and any other, ms without a mutant. */
  readonly longestMs: { readonly own: number; readonly other: number };
  /** Names of the tests that are run; null: all of the files. */
  readonly only: readonly string[] | null;
  /** The mutants that this process tries. */
  readonly mutants: readonly PlannedMutant[];
  /** All mutants that the code has switches for. */
  readonly chosen: readonly number[];
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
  /** A test that this pass does not run again. `seen`: the mutants that it reaches; `ms` without a mutant */
  | {
      readonly kind: 'done';
      readonly pass: Pass;
      readonly file: string;
      readonly test: string;
      readonly ms: number;
      readonly seen: readonly number[];
    }
  /** A mutant ran its own code in some test, and no test told. */
  | { readonly kind: 'reached'; readonly id: number }
  /** A test that can't be used: it fails without a mutant, or when it is run again. */
  | { readonly kind: 'unfit'; readonly test: string; readonly error: string }
  /** A mutant left the process in a state in which a test fails without it. */
  | { readonly kind: 'dirty'; readonly test: string }
  /** These mutants' code ran when modules were loaded. */
  | { readonly kind: 'loaded'; readonly ids: readonly number[] }
  /** This pass has run to its end. */
  | { readonly kind: 'passed'; readonly pass: Pass }
  /** A mutant that is on while modules are loaded was tried. */
  | { readonly kind: 'loads'; readonly id: number };

/** Name of the environment variable with the path of the plan. */
export const planVariable = 'OUTRIDER_MUTANTS';

export function readPlan(): Plan {
  const path = process.env[planVariable];
  if (path === undefined) throw new Error(`${planVariable} is not set: start this with npm run mutants`);
  return JSON.parse(readFileSync(path, 'utf8')) as Plan;
}

/** @returns no lines where there is no such file */
export function readLines(path: string): Line[] {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Line);
}

/** The lines of one kind. */
export function linesOf<Kind extends Line['kind']>(
  lines: readonly Line[],
  kind: Kind,
): Extract<Line, { kind: Kind }>[] {
  return lines.filter((line): line is Extract<Line, { kind: Kind }> => line.kind === kind);
}

/** The files with their mutants; numbers run through all files. @param chosen as {@link mutate} */
export function mutateAll(
  root: string,
  files: readonly string[],
  chosen?: ReadonlySet<number>,
): Map<string, MutatedSource> {
  const sources = new Map<string, MutatedSource>();
  let firstId = 1;
  for (const file of files) {
    const mutated = mutate(file, readFileSync(`${root}/${file}`, 'utf8'), firstId, chosen);
    sources.set(file, mutated);
    firstId += mutated.mutants.length;
  }
  return sources;
}
