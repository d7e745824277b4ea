// `npm run mutants`: plants small bugs (mutants) into the code and counts how many the tests notice.

import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { roomOf } from '../house.mjs';
import { sampleOf, shareOut } from './choose.ts';
import { type Equivalent, findListed, needsReason, readEquivalents, readExplained } from './equivalents.ts';
import { isAlive, judge, markEquivalents, nameOf, type Result, type Score, scoreOf, textOf } from './judge.ts';
import type { Mutant } from './operators.ts';
import { type Options, readOptions } from './options.ts';
import { mutateAll, readLines } from './plan.ts';
import { endProcesses, tryMutants } from './processes.ts';
import { codeFiles, sourcesOf, testsOf } from './tests-of.ts';

const root: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** A folder with all its mutants, and those that are tried. */
interface Chosen {
  readonly folder: string;
  readonly mutants: readonly Mutant[];
  readonly tried: readonly Mutant[];
}

type Row = Score & { readonly folder: string; readonly mutants: number };

function choose({ folders, count, floor, seed }: Options, files: readonly string[]): Chosen[] {
  const byFile = mutateAll(root, files);
  const all = folders.map((folder) => sourcesOf(root, folder).flatMap((file) => byFile.get(file)?.mutants ?? []));
  const counts = all.map(({ length }) => length);
  const shares = count === null ? counts : shareOut(counts, count, floor);
  return all.map((mutants, at) => {
    const folder = folders[at] as string;
    return { folder, mutants, tried: sampleOf(mutants, shares[at] as number, seed) };
  });
}

/** Where the results of a run with this code and these options are. */
function recordOf({ folders, count, floor, seed, workers, record }: Options): string {
  const hash = createHash('sha256').update(JSON.stringify({ folders, count, floor, seed, workers }));
  for (const file of codeFiles(root)) hash.update(file).update(readFileSync(join(root, file)));
  const folder = join(record, hash.digest('hex').slice(0, 16));
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Tries the mutants in some processes. @returns what became of them, and what is to be said of the tests */
async function tryAll(
  tried: readonly Mutant[],
  files: readonly string[],
  options: Options,
): Promise<[Result[], string[]]> {
  const record = recordOf(options);
  const tests = testsOf(root, files);
  const chosen = tried.map(({ id }) => id);
  const fileOf = new Map(tried.map(({ id, file }) => [id, file]));
  const parts = Array.from({ length: options.workers }, async (_, worker): Promise<[Result[], string[]]> => {
    const own = tried.filter((_mutant, at) => at % options.workers === worker);
    const results = join(record, `results-${worker}.jsonl`);
    appendFileSync(results, '');
    const mutants = own.map(({ id, file }) => ({ id, room: roomOf(file)?.room ?? '' }));
    const notes = await tryMutants({ root, files, tests, mutants, chosen, fileOf, results });
    const lines = readLines(results);
    const unfit = lines.flatMap((line) => (line.kind === 'unfit' ? [`not used: ${line.test}: ${line.error}`] : []));
    return [judge(own, lines), [...notes, ...(worker === 0 ? unfit : [])]];
  });
  const done = await Promise.all(parts);
  return [done.flatMap(([results]) => results), [...new Set(done.flatMap(([, notes]) => notes))]];
}

/** Entries that fit no mutant of these folders: the code has changed. */
function staleEntries(all: readonly Mutant[], listed: readonly Equivalent[]): string[] {
  const files = new Set(all.map(({ file }) => file));
  const stale = listed.filter(
    (entry) => files.has(entry.file) && !all.some((mutant) => findListed([entry], mutant) !== undefined),
  );
  return stale.map(({ file, from, to }) => `listed, but no such mutant exists: ${file}: ${from} -> ${to}`);
}

/** Survivors that need a reason and have none. */
function unexplained(alive: readonly Result[], explained: readonly Equivalent[]): string[] {
  const silent = alive.filter(({ mutant }) => needsReason(mutant) && findListed(explained, mutant) === undefined);
  return silent.map(({ mutant }) => `survives, and explained.json has no reason: ${nameOf(mutant)}`);
}

async function main(): Promise<void> {
  const options = readOptions(root);
  const say = (text: string): void => void (options.json || process.stdout.write(`${text}\n`));
  const files = [...new Set(options.folders.flatMap((folder) => sourcesOf(root, folder)))];
  const chosen = choose(options, files);
  const tried = chosen.flatMap((folder) => folder.tried);
  const [results, notes] = await tryAll(tried, files, options);
  const listed = readEquivalents();
  const [marked, wrong] = markEquivalents(results, listed);
  const byId = new Map(marked.map((result) => [result.mutant.id, result]));
  const rows = chosen.flatMap(({ folder, mutants, tried: own }): Row[] => {
    const of = own.flatMap(({ id }) => byId.get(id) ?? []);
    return of.length === 0 ? [] : [{ folder, mutants: mutants.length, ...scoreOf(of) }];
  });
  const summary = scoreOf(marked);
  const alive = marked.filter(isAlive).sort((one, other) => one.mutant.id - other.mutant.id);
  const explained = readExplained();
  const all = chosen.flatMap(({ mutants }) => mutants);
  const faults = [...wrong, ...staleEntries(all, [...listed, ...explained])];
  const silent = unexplained(alive, explained);
  for (const row of rows) say(textOf(row.folder, row));
  if (rows.length > 1) say(textOf('all', summary));
  for (const { mutant, outcome } of alive) say(`  ${outcome}: ${nameOf(mutant)}`);
  const said = [...notes, ...faults, ...silent];
  for (const note of said) say(note);
  if (options.json) {
    const survivors = alive.map(({ mutant: { id: _id, ...mutant }, outcome }) => ({ ...mutant, outcome }));
    const { json: _json, record: _record, ...params } = options;
    const machine = `${cpus().length}-core ${cpus()[0]?.model.trim() ?? 'unknown'}`;
    const document = { summary, rows, survivors, notes: said, params, machine };
    process.stdout.write(`${JSON.stringify(document, null, 1)}\n`);
  }
  const isLow = summary.score < options.least || rows.some((row) => row.scoreWithoutTimeouts < options.leastFolder);
  const isSilent = options.explained && silent.length > 0;
  process.exitCode = isLow || isSilent || faults.length > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endProcesses();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
await main();
