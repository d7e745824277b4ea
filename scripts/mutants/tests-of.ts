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
}

/** @param files mutated files @returns tests of the quick tier that load one of them */
export function testsOf(root: string, files: readonly string[]): TestList {
  const distances = distancesFrom(importersIn(root), files);
  const tests = [...distances]
    .filter(([file]) => /\.test\.ts$/.test(file) && !/\.(slow|model|pipeline|promise|night)\.test\.ts$/.test(file))
    .sort(([one, near], [other, far]) => near - far || (one < other ? -1 : 1))
    .map(([file]) => file);
  const isMocked = (file: string): boolean => readFileSync(join(root, file), 'utf8').includes('vi.mock(');
  return { plain: tests.filter((file) => !isMocked(file)), mocked: tests.filter(isMocked) };
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
