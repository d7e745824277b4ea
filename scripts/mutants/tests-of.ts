// Which tests are run against the mutants of a folder: its own, then the quick ones of the folders that use it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { roomOf } from '../house.mjs';

export interface TestList {
  /** Test files, paths in the repository, those that are likely to notice a mutant first. */
  readonly tests: readonly string[];
  /** The first ones are the folder's own. Tests of the others are used if they are quick. */
  readonly ownCount: number;
}

const clients = ['laboratory/trials/api/api-clients.test.ts', 'laboratory/trials/api/api-tools.test.ts'];

/** Tests that are about a folder and lie elsewhere. */
const about: Readonly<Record<string, readonly string[]>> = {
  'src/core/decoding': ['laboratory/experiments/context/plain-ngram-index.test.ts'],
  'src/core/protocol': [
    'test/text-deadline.test.ts',
    'test/edge-connection-limits.test.ts',
    'test/edge-core.test.ts',
    'test/device-driver.test.ts',
    'test/edge-connections.test.ts',
    'test/first-token.test.ts',
  ],
  'src/processes/edge': ['test/together', ...clients],
};
/** Folders whose code uses the folder's. */
const users: Readonly<Record<string, readonly string[]>> = {
  'src/core/decoding': ['src/core/protocol', 'src/models/port', 'simulator/virtual-time'],
  'src/core/scheduling': ['src/core/protocol', 'src/processes/edge', 'simulator/virtual-time'],
  'src/core/protocol': [
    'src/processes/edge',
    'src/processes/device',
    'simulator/virtual-time',
    'laboratory/trials/faults',
    'test/together',
    ...clients,
  ],
  'src/allocation': ['src/allocation/learned', 'simulator/simulation', 'laboratory/trials/allocation'],
  'src/processes/edge': ['src/core/protocol'],
};

/** @param path a folder, or a file in it */
export function testsOf(root: string, path: string): TestList {
  const folder = path.endsWith('.ts') ? path.slice(0, path.lastIndexOf('/')) : path;
  const own = [folder, ...(about[folder] ?? [])].flatMap((place) => testsIn(root, place));
  const others = (users[folder] ?? []).flatMap((place) => testsIn(root, place));
  return { tests: [...own, ...others], ownCount: own.length };
}

/** TypeScript files below a folder, those of rooms inside it (scripts/plot.json) left out. */
export function filesIn(root: string, folder: string): string[] {
  const room = roomOf(`${folder}/`)?.room;
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts') && roomOf(file)?.room === room)
    .sort();
}

function testsIn(root: string, place: string): string[] {
  const files = place.endsWith('.ts') ? [place] : filesIn(root, place);
  return files
    .filter((file) => /\.test\.ts$/.test(file) && !/\.(slow|model|pipeline|promise|night)\.test\.ts$/.test(file))
    .filter((file) => !readFileSync(join(root, file), 'utf8').includes('vi.mock('));
}
