// Which seeds of the trial find a planted bug, by the invariant that docs/internals/testing.md names for it. planted-seeds.json keeps one seed of each
// bug: the test replays it, and the search program writes it. A run must not depend on the runs before it.

import { readFileSync, writeFileSync } from 'node:fs';
import { plantedBugs } from './planted-bugs.fixture.ts';
import { runFaults } from './run.ts';
import type { InvariantName } from './violation.ts';

const seedsFile = new URL('./planted-seeds.json', import.meta.url);
const page = readFileSync(new URL('../../../docs/internals/testing.md', import.meta.url), 'utf8');

/** The command that searches all seeds again and keeps them. */
export const searchCommand = 'npm run planted-seeds -- --write';
export const bugNames: readonly string[] = Object.keys(plantedBugs);

/** Seeds that find a bug, by its name. */
export type PlantedSeeds = Readonly<Record<string, number>>;

export interface PlantedSearch {
  /** Null: none of the tried seeds finds the bug by its invariant. */
  readonly seed: number | null;
  readonly runs: number;
  /** How many of the tried seeds violated another invariant first. */
  readonly others: ReadonlyMap<InvariantName, number>;
}

export function readSeeds(): PlantedSeeds {
  return JSON.parse(readFileSync(seedsFile, 'utf8')) as PlantedSeeds;
}

export function writeSeeds(seeds: PlantedSeeds): void {
  writeFileSync(seedsFile, `${JSON.stringify(seeds, null, 2)}\n`);
}

/** The invariant that the page names for a bug. */
export function namedInvariant(bug: string): string {
  const rows = page.matchAll(/^\| [^|]+ \| ([^|]+) \| `([a-z-]+)` \|$/gm);
  const invariant = [...rows].find(([, name]) => name === bug)?.[2];
  if (invariant === undefined) throw new Error(`docs/internals/testing.md names no invariant for the bug "${bug}"`);
  return invariant;
}

/** The invariant that a run with the bug violates first; null: none. */
export function violatedBy(bug: string, seed: number): InvariantName | null {
  const planted = plantedBugs[bug];
  if (planted === undefined) throw new Error(`there is no planted bug "${bug}"`);
  return runFaults(seed, { bug: planted }).broken?.invariant ?? null;
}

/** Runs seeds in order until one violates the bug's invariant. @param onRun called before each run with the number of runs so far */
export function searchSeed(
  bug: string,
  firstSeed: number,
  mostRuns: number,
  onRun: (runs: number) => void = () => {},
): PlantedSearch {
  const invariant = namedInvariant(bug);
  const others = new Map<InvariantName, number>();
  for (let runs = 1; runs <= mostRuns; runs += 1) {
    const seed = firstSeed + runs - 1;
    onRun(runs - 1);
    const violated = violatedBy(bug, seed);
    if (violated === invariant) return { seed, runs, others };
    if (violated !== null) others.set(violated, (others.get(violated) ?? 0) + 1);
  }
  return { seed: null, runs: mostRuns, others };
}
