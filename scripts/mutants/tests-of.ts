// Which files are mutated, and which tests are run against them: the quick tier's tests that import a mutated file, directly or through
// others, the nearest first.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findImports, houses, roomOf, rooms, targetOf } from '../house.mjs';

/** Every room of the product. */
export const productFolders: readonly string[] = rooms
  .map(({ room }) => room)
  .filter((room) => room.startsWith('src/'));

/** Source files of a folder, or the file itself. Rooms inside the folder (scripts/plot.json) are folders of their own. */
export function sourcesOf(root: string, path: string): string[] {
  if (path.endsWith('.ts')) return [path];
  const room = roomOf(`${path}/`)?.room;
  return filesIn(root, path).filter((file) => !isTestCode(file) && roomOf(file)?.room === room);
}

export interface TestList {
  /** Test files, paths in the repository. */
  readonly plain: readonly string[];
  /** Those that replace modules: each needs modules of its own. */
  readonly mocked: readonly string[];
  /** Tests of the slow and the model tier that lie in the room of a mutated file. */
  readonly later: readonly string[];
}

/** A model is opened once for all mutants, so these can be tried, too. Tests elsewhere mostly start processes, which have no mutants. */
const laterTiers = /\.(slow|model)\.test\.ts$/;
const quickTier = /^(?!.*\.(slow|model|pipeline|promise|night)\.test\.ts$).*\.test\.ts$/;

/** @param files mutated files @returns tests that load one of them, the nearest first */
export function testsOf(root: string, files: readonly string[]): TestList {
  const tests = [...distancesFrom(importersIn(root), files)]
    .sort(([one, near], [other, far]) => near - far || (one < other ? -1 : 1))
    .map(([file]) => file);
  const quick = tests.filter((file) => quickTier.test(file));
  const isMocked = (file: string): boolean => readFileSync(join(root, file), 'utf8').includes('vi.mock(');
  const own = new Set(files.map((file) => roomOf(file)?.room));
  return {
    plain: quick.filter((file) => !isMocked(file)),
    mocked: quick.filter(isMocked),
    later: tests.filter((file) => laterTiers.test(file) && own.has(roomOf(file)?.room)),
  };
}

/** TypeScript files of the houses and of test/, paths in the repository. */
export function codeFiles(root: string): string[] {
  return [...houses, 'test'].flatMap((folder) => filesIn(root, folder));
}

/** For each file the files that import it. */
function importersIn(root: string): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  for (const file of codeFiles(root)) {
    for (const specifier of findImports(readFileSync(join(root, file), 'utf8'))) {
      if (!specifier.startsWith('.')) continue;
      const target = targetOf(file, specifier);
      importers.set(target, [...(importers.get(target) ?? []), file]);
    }
  }
  return importers;
}

function distancesFrom(
  importers: ReadonlyMap<string, readonly string[]>,
  files: readonly string[],
): Map<string, number> {
  const distances = new Map(files.map((file) => [file, 0]));
  // A map lists what is added while it is read.
  for (const [file, distance] of distances) {
    for (const importer of importers.get(file) ?? []) {
      if (!distances.has(importer)) distances.set(importer, distance + 1);
    }
  }
  return distances;
}

function isTestCode(file: string): boolean {
  return /\.(test|fixture|contract)\.ts$/.test(file);
}

function filesIn(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts') && !file.includes('/node_modules/'))
    .sort();
}
