// `npm run mutants`: plants small bugs (mutants) into the code and counts how many the tests notice.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/core/basics/philox.ts';
import { type Equivalent, findListed, readEquivalents } from './equivalents.ts';
import type { Mutant } from './operators.ts';
import { type Line, mutateAll, type Outcome, type Plan, planVariable, readLines } from './plan.ts';
import { filesIn, testsOf } from './tests-of.ts';

const root: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
const allFolders = [
  'src/core/decoding',
  'src/core/scheduling',
  'src/allocation',
  'src/core/protocol',
  'src/processes/edge',
];
/** The longest tests of the first and of the second pass, ms. */
const quick = { own: 60, other: 30 };
const slow = { own: 2500, other: 300 };
/** Without a line of results for this long, a process is taken for hung, ms. */
const silenceMs = 60_000;
const help = `npm run mutants -- [folder or file ...] [options]

Plants small bugs into the code, one at a time, and runs the tests that reach them. Default: ${allFolders.join(', ')}.

  --sample <n>     try only n mutants of each folder, chosen at random (default: all)
  --seed <s>       of the choice (default 1)
  --workers <n>    processes (default: 2, or the number of cores if that is less)
  --least <share>  exit with status 1 if a folder's score is below this share, 0 to 1
  --json           print one JSON document instead of text
`;

interface Options {
  readonly folders: readonly string[];
  readonly sample: number | null;
  readonly seed: number;
  readonly workers: number;
  readonly least: number;
  readonly json: boolean;
}

interface Result {
  readonly mutant: Mutant;
  readonly outcome: Outcome | 'equivalent';
  /** The test that noticed it. */
  readonly test: string;
}

interface Row {
  readonly folder: string;
  readonly mutants: number;
  readonly tried: number;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  readonly unreached: number;
  readonly equivalent: number;
  /** Killed and timed out, of those tried that are not equivalent. */
  readonly score: number;
  readonly minutes: number;
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(Math.min(2, availableParallelism())) },
      least: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const folders = positionals.length > 0 ? positionals.map((path) => path.replace(/\/$/, '')) : allFolders;
  for (const folder of folders) {
    if (statSync(join(root, folder), { throwIfNoEntry: false }) === undefined) fail(`there is no ${folder} here`);
  }
  const sample = values.sample === undefined ? null : whole('sample', values.sample);
  const shared = { folders, sample, seed: whole('seed', values.seed), workers: whole('workers', values.workers) };
  return { ...shared, least: Number(values.least), json: values.json };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : fail(`--${name} needs a whole number from 1, not ${text}`);
}

function fail(cause: string): never {
  process.stderr.write(`${cause}\n\n${help}`);
  process.exit(2);
}

/** Source files of a room or of a folder in it, or the file itself. */
function sourcesOf(path: string): string[] {
  if (path.endsWith('.ts')) return [path];
  return filesIn(root, path).filter((file) => !/\.(test|fixture|contract)\.ts$/.test(file));
}

/** A seeded choice without repetition, in the order of the file. */
function sampleOf(mutants: readonly Mutant[], count: number | null, seed: number): Mutant[] {
  if (count === null || count >= mutants.length) return [...mutants];
  const random = createRandom(seed);
  const rest = [...mutants];
  const chosen = Array.from({ length: count }, () => rest.splice(random.integer(rest.length), 1)[0] as Mutant);
  return chosen.sort((one, other) => one.id - other.id);
}

/** Runs one plan to its end, again and again where a mutant ends the process. @returns whether its last run of all tests passed */
async function carryOut(plan: Plan, folder: string): Promise<boolean> {
  const path = join(folder, `plan-${plan.always ?? 'all'}-${plan.mutants[0] ?? 0}.json`);
  writeFileSync(path, JSON.stringify(plan));
  for (;;) {
    const before = statSync(plan.results).size;
    const passed = await runVitest(path, plan.results);
    if (plan.always !== null) return passed;
    const last = readLines(plan.results).at(-1);
    if (statSync(plan.results).size === before) {
      // Every test has been run with all mutants that it reaches.
      if (passed) return true;
      throw new Error(`the tests did not start: ${lastOutput}`);
    }
    if (last?.kind === 'begin') {
      const line: Line = {
        kind: 'end',
        id: last.id,
        outcome: 'timeout',
        test: last.test,
        error: 'the process hung or died',
      };
      writeFileSync(plan.results, `${JSON.stringify(line)}\n`, { flag: 'a' });
    } else if (last?.kind !== 'dirty') return passed;
  }
}

let lastOutput = '';

async function runVitest(planPath: string, results: string): Promise<boolean> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const config = fileURLToPath(new URL('./vitest.config.ts', import.meta.url));
  const child = spawn(process.execPath, [vitest, 'run', '--config', config], {
    cwd: root,
    env: { ...process.env, [planVariable]: planPath, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-4000)));
  let size = -1;
  const watch = setInterval(() => {
    const now = statSync(results).size;
    if (now === size && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    size = now;
  }, silenceMs);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(watch);
  lastOutput = output;
  return code === 0;
}

async function tryFolder(
  folder: string,
  options: Options,
  say: (text: string) => void,
): Promise<[Row, Result[], string[]]> {
  const startMs = performance.now();
  const files = sourcesOf(folder);
  const mutants = [...mutateAll(root, files).values()].flatMap((source) => source.mutants);
  const chosen = sampleOf(mutants, options.sample, options.seed);
  const scratch = mkdtempSync(join(tmpdir(), 'outrider-mutants-'));
  const tests = testsOf(root, folder);
  const shares = Array.from({ length: options.workers }, (_, worker) =>
    chosen.filter((_mutant, at) => at % options.workers === worker),
  );
  const notes: string[] = [];
  try {
    const parts = shares
      .filter((share) => share.length > 0)
      .map(async (share, worker) => {
        const results = join(scratch, `results-${worker}.jsonl`);
        writeFileSync(results, '');
        const shared = { root, files, ...tests, always: null, results, mutants: share.map(({ id }) => id) };
        const plan: Plan = { ...shared, longestMs: quick, without: [] };
        // Quick tests first: they notice most mutants.
        const passed = [await carryOut(plan, scratch)];
        const tried = readLines(results).flatMap((line) => (line.kind === 'done' && line.tried ? [line.test] : []));
        forgetDone(results);
        passed.push(await carryOut({ ...plan, longestMs: slow, without: tried }, scratch));
        if (passed.includes(false)) notes.push(`${folder}: tests failed without a mutant: ${lastOutput.slice(-600)}`);
        const late = needingTheLoad(readLines(results), plan);
        for (const id of late) {
          const own = plan.tests.slice(0, plan.ownCount);
          if (await carryOut({ ...plan, tests: own, mutants: [id], always: id }, scratch)) continue;
          const line: Line = {
            kind: 'end',
            id,
            outcome: 'killed',
            test: 'from the loading of the modules on',
            error: '',
          };
          writeFileSync(results, `${JSON.stringify(line)}\n`, { flag: 'a' });
        }
        const lines = readLines(results);
        if (worker === 0)
          for (const line of lines) if (line.kind === 'unfit') notes.push(`not used: ${line.test}: ${line.error}`);
        return judged(share, lines, late);
      });
    const results = (await Promise.all(parts)).flat().sort((one, other) => one.mutant.id - other.mutant.id);
    const row = rowOf(folder, mutants.length, results, (performance.now() - startMs) / 60_000);
    say(textOf(row));
    return [row, results, notes];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** For another pass: no test is done, but every result stays. */
function forgetDone(results: string): void {
  const kept = readLines(results).filter(({ kind }) => kind !== 'done');
  writeFileSync(results, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** Mutants whose code runs when modules are loaded, or only the first time: they need a process of their own. */
function needingTheLoad(lines: readonly Line[], { mutants }: Plan): number[] {
  const settled = new Set(lines.flatMap((line) => (line.kind === 'end' || line.kind === 'reached' ? [line.id] : [])));
  const ran = new Set(
    lines.flatMap((line) => (line.kind === 'loaded' ? line.ids : line.kind === 'begin' ? [line.id] : [])),
  );
  return mutants.filter((id) => ran.has(id) && !settled.has(id));
}

function judged(share: readonly Mutant[], lines: readonly Line[], late: readonly number[]): Result[] {
  const ends = new Map(lines.flatMap((line) => (line.kind === 'end' ? [[line.id, line] as const] : [])));
  const reached = new Set([...late, ...lines.flatMap((line) => (line.kind === 'reached' ? [line.id] : []))]);
  return share.map((mutant) => {
    const end = ends.get(mutant.id);
    if (end !== undefined) return { mutant, outcome: end.outcome, test: end.test };
    return { mutant, outcome: reached.has(mutant.id) ? 'survived' : 'unreached', test: '' };
  });
}

function withEquivalents(results: readonly Result[], listed: readonly Equivalent[]): [Result[], string[]] {
  const notes: string[] = [];
  const marked = results.map((result): Result => {
    if (findListed(listed, result.mutant) === undefined) return result;
    if (result.outcome === 'survived' || result.outcome === 'unreached') return { ...result, outcome: 'equivalent' };
    notes.push(`listed as equivalent, but noticed by "${result.test}": ${nameOf(result.mutant)}`);
    return result;
  });
  return [marked, notes];
}

function rowOf(folder: string, mutants: number, results: readonly Result[], minutes: number): Row {
  const [marked] = withEquivalents(results, readEquivalents());
  const count = (outcome: Result['outcome']): number => marked.filter((result) => result.outcome === outcome).length;
  const [killed, timeout, equivalent] = [count('killed'), count('timeout'), count('equivalent')];
  const judgedCount = results.length - equivalent;
  return {
    ...{ folder, mutants, tried: results.length, killed, timeout, survived: count('survived') },
    ...{
      unreached: count('unreached'),
      equivalent,
      score: judgedCount === 0 ? 1 : (killed + timeout) / judgedCount,
      minutes,
    },
  };
}

function textOf({
  folder,
  mutants,
  tried,
  killed,
  timeout,
  survived,
  unreached,
  equivalent,
  score,
  minutes,
}: Row): string {
  const counts = `${killed} killed, ${timeout} timed out, ${survived} survived, ${unreached} without coverage, ${equivalent} equivalent`;
  return `${folder}: ${(100 * score).toFixed(1)} % (${tried} of ${mutants} tried: ${counts}; ${minutes.toFixed(1)} min)`;
}

function nameOf({ file, line, place, from, to }: Mutant): string {
  return `${file}:${line} ${place === '' ? '' : `in ${place}: `}${from}  ->  ${to === '' ? '(left out)' : to}`;
}

async function main(): Promise<void> {
  const options = readOptions();
  const say = (text: string): void => void (options.json || process.stdout.write(`${text}\n`));
  const listed = readEquivalents();
  const rows: Row[] = [];
  const left: Result[] = [];
  const notes: string[] = [];
  for (const folder of options.folders) {
    const [row, results, found] = await tryFolder(folder, options, say);
    const [marked, wrong] = withEquivalents(results, listed);
    rows.push(row);
    notes.push(...found, ...wrong);
    const alive = marked.filter(({ outcome }) => outcome === 'survived' || outcome === 'unreached');
    for (const { mutant, outcome } of alive) say(`  ${outcome}: ${nameOf(mutant)}`);
    left.push(...alive);
  }
  notes.push(...staleEntries(options.folders, listed));
  for (const note of notes) say(note);
  const machine = `${cpus().length}-core ${cpus()[0]?.model.trim() ?? 'unknown'}`;
  const { json: _json, ...params } = options;
  const survivors = left.map(({ mutant: { id: _id, ...mutant }, outcome }) => ({ ...mutant, outcome }));
  if (options.json) process.stdout.write(`${JSON.stringify({ rows, notes, survivors, params, machine }, null, 1)}\n`);
  if (rows.some(({ score }) => score < options.least) || notes.some((note) => note.startsWith('listed')))
    process.exitCode = 1;
}

/** Entries of the list that fit no mutant of the folders: the code has changed. */
function staleEntries(folders: readonly string[], listed: readonly Equivalent[]): string[] {
  const mutants = folders.flatMap((folder) =>
    [...mutateAll(root, sourcesOf(folder)).values()].flatMap((source) => source.mutants),
  );
  const own = listed.filter(({ file }) => folders.some((folder) => file === folder || file.startsWith(`${folder}/`)));
  const stale = own.filter((entry) => !mutants.some((mutant) => findListed([entry], mutant) !== undefined));
  return stale.map(
    ({ file, from, to }) => `listed as equivalent, but no such mutant exists: ${file}: ${from} -> ${to}`,
  );
}

await main();
