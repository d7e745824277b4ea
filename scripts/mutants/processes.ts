// The test processes of `npm run mutants`: vitest at low priority, started again where a mutant ends it. What is known is in a file of
// results, so that a run which was interrupted goes on where it stopped.

import { spawn } from 'node:child_process';
import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { roomOf } from '../house.mjs';
import { type Line, linesOf, type Pass, type Plan, planVariable, readLines } from './plan.ts';
import { type TestList, testsOf } from './tests-of.ts';

/** The longest tests of each pass, ms. */
const longestMs: Readonly<Record<Pass, Plan['longestMs']>> = {
  quick: { own: 60, other: 30 },
  slow: { own: 2500, other: 1000 },
  mocked: { own: 2500, other: 1000 },
  later: { own: 20_000, other: -1 },
};
/** Without a line of results for this long, a process is taken for hung, ms. */
const silenceMs: Readonly<Record<Pass, number>> = { quick: 90_000, slow: 120_000, mocked: 120_000, later: 240_000 };
/** A mutant whose code runs while modules are loaded is tried with so many test files at most, the nearest ones. */
const mostLoadingFiles = 6;

/** The same for all passes and processes. */
export type Job = Pick<Plan, 'root' | 'files' | 'mutants' | 'chosen' | 'results'> & {
  readonly tests: TestList;
  /** File of each mutant, by its number. */
  readonly fileOf: ReadonlyMap<number, string>;
};

const loadingTest = { test: 'from the loading of the modules on', error: '' };

const running = new Set<number>();

/** Ends the processes, on an interruption. */
export function endProcesses(): void {
  for (const pid of running) process.kill(-pid, 'SIGKILL');
}

/** @returns what is to be said of the tests themselves */
export async function tryMutants(job: Job): Promise<string[]> {
  const notes: string[] = [];
  const { tests, fileOf, ...shared } = job;
  const plan = (pass: Pass, more: Partial<Plan>): Plan => ({
    ...{ ...shared, pass, longestMs: longestMs[pass], only: null, always: null, tests: tests.plain },
    ...more,
  });
  const passes: (() => Plan)[] = [
    () => plan('quick', {}),
    () => plan('slow', leftOf(readLines(job.results), job)),
    () => plan('mocked', { tests: aliveIn(job).length > 0 ? tests.mocked : [] }),
    () => plan('later', { tests: laterTests(tests.later, job) }),
  ];
  for (const pass of passes) {
    const next = pass();
    if (linesOf(readLines(job.results), 'passed').some((line) => line.pass === next.pass)) continue;
    if (!(await carryOut(next))) notes.push(`${next.pass} tests failed without a mutant: ${lastOutput.slice(-600)}`);
    write(job.results, { kind: 'passed', pass: next.pass });
  }
  for (const id of needingTheLoad(readLines(job.results), job)) await tryLoading(id, job, plan);
  return notes;
}

/** Runs one plan to its end, again where a mutant ends the process. @returns whether all tests passed without a mutant */
async function carryOut(plan: Plan): Promise<boolean> {
  const path = `${plan.results}.plan`;
  for (let { tests } = plan; tests.length > 0; ) {
    writeFileSync(path, JSON.stringify({ ...plan, tests }));
    const before = statSync(plan.results).size;
    const ran = await runVitest(path, plan);
    const passed = ran === 'passed';
    if (plan.always !== null) {
      if (ran === 'died') write(plan.results, { kind: 'end', id: plan.always, outcome: 'timeout', ...loadingTest });
      return passed;
    }
    if (statSync(plan.results).size === before && !passed) throw new Error(`the tests did not start: ${lastOutput}`);
    const lines = readLines(plan.results);
    const last = lines.at(-1);
    if (last?.kind === 'begin')
      write(plan.results, { ...last, kind: 'end', outcome: 'timeout', error: 'the process hung or died' });
    else if (last?.kind !== 'dirty' && ran !== 'died') return passed;
    // Files run one after the other: those before that of the last test are done.
    const ofPass = lines.slice(1 + lines.findLastIndex(({ kind }) => kind === 'passed'));
    const lastTest = ofPass.findLast((line) => line.kind === 'begin' || line.kind === 'dirty' || line.kind === 'done');
    const first = plan.tests.indexOf(tests[0] as string);
    const reached = Math.max(first, plan.tests.indexOf(lastTest?.test.split(' > ')[0] ?? ''));
    // A file that is silent outside its tests, as while it loads, is tried once more at most.
    const isStuck = last?.kind !== 'begin' && last?.kind !== 'dirty' && reached === first;
    tests = plan.tests.slice(isStuck ? reached + 1 : reached);
  }
  return true;
}

let lastOutput = '';

/** Died: it was silent for too long, or a mutant has ended it. */
async function runVitest(planPath: string, { results, pass }: Plan): Promise<'passed' | 'failed' | 'died'> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const config = fileURLToPath(new URL('./vitest.config.ts', import.meta.url));
  const child = spawn(process.execPath, [vitest, 'run', '--config', config], {
    cwd: root,
    env: { ...process.env, [planVariable]: planPath, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid as number;
  running.add(pid);
  setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-4000)));
  let size = -1;
  const watch = setInterval(() => {
    const now = statSync(results).size;
    if (now === size) process.kill(-pid, 'SIGKILL');
    size = now;
  }, silenceMs[pass]);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  running.delete(pid);
  clearInterval(watch);
  lastOutput = output;
  return code === null ? 'died' : code === 0 ? 'passed' : 'failed';
}

function write(results: string, line: Line): void {
  appendFileSync(results, `${JSON.stringify(line)}\n`);
}

function aliveIn({ mutants, results }: Job): number[] {
  const ended = new Set(linesOf(readLines(results), 'end').map(({ id }) => id));
  return mutants.flatMap(({ id }) => (ended.has(id) ? [] : [id]));
}

/** Only the rooms of mutants that are left. */
function laterTests(tests: readonly string[], job: Job): string[] {
  const alive = new Set(aliveIn(job));
  const rooms = new Set(job.mutants.flatMap(({ id, room }) => (alive.has(id) ? [room] : [])));
  return tests.filter((file) => rooms.has(roomOf(file)?.room ?? ''));
}

/** For the slow pass: tests that reach a mutant which is left, and were too slow for it in the quick pass. */
function leftOf(lines: readonly Line[], job: Job): Pick<Plan, 'tests' | 'only'> {
  const alive = new Set(aliveIn(job));
  const roomOfMutant = new Map(job.mutants.map(({ id, room }) => [id, room]));
  const left = linesOf(lines, 'done').filter(({ file, ms, seen }) => {
    const room = roomOf(file)?.room;
    const whose = (id: number): 'own' | 'other' => (roomOfMutant.get(id) === room ? 'own' : 'other');
    return seen.some((id) => alive.has(id) && ms > longestMs.quick[whose(id)] && ms <= longestMs.slow[whose(id)]);
  });
  const files = new Set(left.map(({ file }) => file));
  return { tests: job.tests.plain.filter((file) => files.has(file)), only: left.map(({ test }) => test) };
}

/** Mutants whose code runs when modules are loaded, or only the first time: they need a process of their own. */
function needingTheLoad(lines: readonly Line[], { mutants }: Job): number[] {
  const settled = new Set(
    [...linesOf(lines, 'end'), ...linesOf(lines, 'reached'), ...linesOf(lines, 'loads')].map(({ id }) => id),
  );
  const ran = new Set([
    ...linesOf(lines, 'loaded').flatMap(({ ids }) => ids),
    ...linesOf(lines, 'begin').map(({ id }) => id),
  ]);
  return mutants.map(({ id }) => id).filter((id) => ran.has(id) && !settled.has(id));
}

async function tryLoading(id: number, job: Job, plan: (pass: Pass, more: Partial<Plan>) => Plan): Promise<void> {
  const tests = testsOf(job.root, [job.fileOf.get(id) as string]).plain.slice(0, mostLoadingFiles);
  const passed = await carryOut(plan('slow', { tests, always: id, chosen: [id] }));
  const isEnded = linesOf(readLines(job.results), 'end').some((line) => line.id === id);
  if (!passed && !isEnded) write(job.results, { kind: 'end', id, outcome: 'killed', ...loadingTest });
  write(job.results, { kind: 'loads', id });
}
