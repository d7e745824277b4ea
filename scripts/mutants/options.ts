// The options of `npm run mutants`.

import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { roomOf, rooms } from '../house.mjs';
import { productFolders } from './tests-of.ts';

export interface Options {
  /** Rooms, folders in them, or files. */
  readonly folders: readonly string[];
  /** Over all folders; null: every one. */
  readonly count: number | null;
  readonly floor: number;
  readonly seed: number;
  readonly workers: number;
  readonly least: number;
  readonly leastFolder: number;
  /** Survivors that guard keys, files and sockets need a reason. */
  readonly explained: boolean;
  /** Folder of the records. */
  readonly record: string;
  readonly json: boolean;
}

const help = `npm run mutants -- [folder or file ...] [options]

Plants small bugs into the code, one at a time, and runs the tests that reach them. Default: every folder of the product (src).
A run that is interrupted goes on where it stopped, if neither code nor options have changed.

  --count <n>         mutants over all folders, in proportion to those that they have, chosen at random (default 400)
  --all               every mutant
  --floor <n>         in each folder at least so many, or all that it has (default 12)
  --seed <s>          of the choice (default 1)
  --workers <n>       processes (default: 2, or the number of cores if that is less); they run at low priority
  --least <share>     exit with status 1 if the score over all folders is below this share, 0 to 1
  --least-folder <share>   the same for the score of each folder without time-outs
  --explained         exit with status 1 if a survivor in a folder that guards keys, files or sockets is not in
                      scripts/mutants/explained.json
  --record <folder>   where the records of runs are (default nightly/mutants)
  --json              print one JSON document instead of text

Exit status 1 also if an entry of explained.json or equivalents.json fits no mutant, or one of the latter fits one that a test notices.
`;

const flags = {
  count: { type: 'string', default: '400' },
  all: { type: 'boolean', default: false },
  floor: { type: 'string', default: '12' },
  seed: { type: 'string', default: '1' },
  workers: { type: 'string', default: String(Math.min(2, availableParallelism())) },
  least: { type: 'string', default: '0' },
  'least-folder': { type: 'string', default: '0' },
  explained: { type: 'boolean', default: false },
  record: { type: 'string', default: 'nightly/mutants' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Ends the process at `--help` and at a wrong argument. */
export function readOptions(root: string): Options {
  const { values, positionals } = parsed();
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const named = positionals.map((path) => path.replace(/\/$/, ''));
  for (const path of named) {
    if (statSync(join(root, path), { throwIfNoEntry: false }) === undefined) fail(`there is no ${path} here`);
  }
  return {
    folders: named.length > 0 ? named.flatMap(roomsIn) : productFolders,
    count: values.all ? null : whole('count', values.count),
    floor: whole('floor', values.floor),
    seed: whole('seed', values.seed),
    workers: whole('workers', values.workers),
    least: share('least', values.least),
    leastFolder: share('least-folder', values['least-folder']),
    explained: values.explained,
    record: resolve(root, values.record),
    json: values.json,
  };
}

function parsed() {
  try {
    return parseArgs({ allowPositionals: true, options: flags });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** A folder with rooms inside is those rooms. */
function roomsIn(path: string): string[] {
  const inside = rooms.map(({ room }) => room).filter((room) => room.startsWith(`${path}/`));
  return roomOf(`${path}/`) === undefined ? inside : [path, ...inside];
}

function whole(name: string, text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : fail(`--${name} needs a whole number from 1, not ${text}`);
}

function share(name: string, text: string): number {
  const value = Number(text);
  return value >= 0 && value <= 1 ? value : fail(`--${name} needs a number from 0 to 1, not ${text}`);
}

function fail(cause: string): never {
  process.stderr.write(`${cause}\n\n${help}`);
  process.exit(2);
}
