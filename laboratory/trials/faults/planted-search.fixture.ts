// Which seeds of the trial find a planted bug. planted-bugs.json names for each bug the rule that it breaks, the invariant that finds it,
// and one seed that does: the test replays the seed, and the search program writes it. A run must not depend on the runs before it.

import { readFileSync, writeFileSync } from 'node:fs';
import { plantedBugs } from './planted-bugs.fixture.ts';
import { runFaults } from './run.ts';
import type { InvariantName } from './violation.ts';

const file = new URL('./planted-bugs.json', import.meta.url);

/** The command that searches all seeds again and keeps them. */
export const searchCommand = 'npm run planted-seeds -- --write';
export const bugNames: readonly string[] = Object.keys(plantedBugs);

export interface KnownBug {
  /** Numbers of rules of docs/internals/protocol.md, or words. */
  readonly rule: string;
  /** Name of the invariant. */
  readonly foundBy: string;
  readonly seed: number;
}

/** The content of planted-bugs.json, by the name of the bug. */
export const knownBugs: Readonly<Record<string, KnownBug>> = JSON.parse(readFileSync(file, 'utf8'));

export interface PlantedSearch {
  /** Null: none of the tried seeds finds the bug by its invariant. */
  readonly seed: number | null;
  readonly runs: number;
  /** How many of the tried seeds violated another invariant first. */
  readonly others: ReadonlyMap<InvariantName, number>;
}

/** @param seeds by the name of the bug */
export function writeSeeds(seeds: Readonly<Record<string, number>>): void {
  const lines = Object.entries(seeds).map(
    ([bug, seed]) => `  ${JSON.stringify(bug)}: ${inLine({ ...knownBug(bug), seed })}`,
  );
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
}

function inLine({ rule, foundBy, seed }: KnownBug): string {
  return `{ "rule": ${JSON.stringify(rule)}, "foundBy": ${JSON.stringify(foundBy)}, "seed": ${seed} }`;
}

export function knownBug(bug: string): KnownBug {
  const known = knownBugs[bug];
  if (known === undefined) throw new Error(`planted-bugs.json has no rule and no invariant for the bug "${bug}"`);
  return known;
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
  const invariant = knownBug(bug).foundBy;
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
