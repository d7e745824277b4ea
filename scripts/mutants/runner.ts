// Runs each test first as it is, which shows whose code it reaches, then once for each mutant in that code that no test has killed yet.
// After a mutant was killed the test is run without one: if it fails now, the mutant has left something behind, and the process ends.

import { appendFileSync } from 'node:fs';
import { type RunnerTestCase, type RunnerTestSuite, TestRunner } from 'vitest';
import { roomOf } from '../house.mjs';
import { type Line, linesOf, readLines, readPlan } from './plan.ts';

const plan = readPlan();
/** A mutant gets no further test after so much time of tests, without a mutant: of its own room, and of others, ms. */
const mostMs = { own: plan.pass === 'later' ? 40_000 : 8000, other: 4000 };
/** A test with a mutant gets this time more than ten times what it takes without, ms. */
const graceMs = 1500;
/** Time is counted in turns of this length, ms: where other programs use the processor, the turns come late as the test does. */
const turnMs = 20;
/** A test with a mutant may pass this many switches and rounds of loops, and a hundred times as many as without. */
const graceSwitches = 1_000_000;

class Runaway extends Error {
  override readonly name = 'Runaway';
}

interface Try {
  readonly error: unknown;
  readonly isTimeout: boolean;
}

/** As they are, whatever a test puts in their place. */
const clocks = { setTimeout, setInterval, clearInterval };
let active = plan.always ?? 0;
let switches = 0;
let mostSwitches = Number.POSITIVE_INFINITY;
let reached = new Set<number>();
let stray: unknown = null;
let isTrying = false;
let loaded = new Set<number>();

const shared = globalThis as unknown as { $mutant: (id: number) => boolean; $tick: () => void };
shared.$tick = () => {
  switches += 1;
  if (switches > mostSwitches) throw new Runaway('a loop without an end');
};
shared.$mutant = (id) => {
  shared.$tick();
  (isTrying ? reached : loaded).add(id);
  return id === active;
};
process.on('unhandledRejection', (error) => {
  stray ??= error ?? new Error('a rejection');
});
process.on('uncaughtException', (error) => {
  stray ??= error;
});

function report(line: Line): void {
  appendFileSync(plan.results, `${JSON.stringify(line)}\n`);
}

type Whose = 'own' | 'other';

export default class MutantRunner extends TestRunner {
  /** Those that no test has noticed, with their rooms. */
  readonly #alive: Map<number, string>;
  readonly #done: ReadonlySet<string>;
  readonly #only: ReadonlySet<string> | null = plan.only === null ? null : new Set(plan.only);
  readonly #spentMs = new Map<string, number>();

  constructor(config: ConstructorParameters<typeof TestRunner>[0]) {
    super(config);
    const lines = readLines(plan.results);
    const ended = new Set(linesOf(lines, 'end').map(({ id }) => id));
    this.#alive = new Map(plan.mutants.flatMap(({ id, room }) => (ended.has(id) ? [] : [[id, room]])));
    const done = linesOf(lines, 'done').filter(({ pass }) => pass === plan.pass);
    this.#done = new Set([...done, ...linesOf(lines, 'unfit')].map(({ test }) => test));
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    const body = TestRunner.getTestFn(test) as () => unknown;
    const file = test.file.name;
    const name = `${file} > ${test.fullTestName ?? test.name}`;
    if (plan.always !== null) return await this.#once(name, body, plan.always);
    if (this.#done.has(name) || this.#only?.has(name) === false) return;
    if (loaded.size > 0) report({ kind: 'loaded', ids: [...loaded] });
    loaded = new Set();
    // Nothing is left for it to notice.
    if (this.#alive.size === 0) return;
    const plain = await attempt(body, 0, 60_000, Number.POSITIVE_INFINITY);
    const { ms, switches: count } = plain;
    const seen = [...plain.seen].filter((id) => this.#alive.has(id));
    if (plain.error !== null) report({ kind: 'unfit', test: name, error: messageOf(plain.error) });
    else await this.#tryAll(test, name, body, seen, { ms, count });
    report({ kind: 'done', pass: plan.pass, file, test: name, ms, seen });
  }

  async #tryAll(
    task: RunnerTestCase,
    test: string,
    body: () => unknown,
    seen: readonly number[],
    plain: { ms: number; count: number },
  ): Promise<void> {
    const room = roomOf(task.file.name)?.room;
    const whose = (id: number): Whose => (this.#alive.get(id) === room ? 'own' : 'other');
    const candidates = seen.filter((id) => plain.ms <= plan.longestMs[whose(id)]);
    if (candidates.length === 0) return;
    const limitMs = 10 * plain.ms + graceMs;
    const again = await attemptAfresh(task, body, 0, limitMs, Number.POSITIVE_INFINITY);
    if (again.error !== null) {
      report({ kind: 'unfit', test, error: messageOf(again.error) });
      return;
    }
    for (const id of candidates) {
      if (!this.#maySpend(id, whose(id), plain.ms)) continue;
      report({ kind: 'begin', id, test });
      const result = await attemptAfresh(task, body, id, limitMs, 100 * plain.count + graceSwitches);
      if (result.seen.has(id)) report({ kind: 'reached', id });
      if (result.error === null) continue;
      const { isTimeout, error } = result;
      report({ kind: 'end', id, outcome: isTimeout ? 'timeout' : 'killed', test, error: messageOf(error) });
      this.#alive.delete(id);
      const after = await attemptAfresh(task, body, 0, limitMs, Number.POSITIVE_INFINITY);
      if (after.error === null) continue;
      report({ kind: 'dirty', test });
      process.kill(process.pid, 'SIGKILL');
    }
  }

  #maySpend(id: number, whose: Whose, ms: number): boolean {
    const account = `${whose} ${id}`;
    const spentMs = this.#spentMs.get(account) ?? 0;
    if (spentMs > mostMs[whose]) return false;
    this.#spentMs.set(account, spentMs + ms);
    return true;
  }

  async #once(test: string, body: () => unknown, id: number): Promise<void> {
    report({ kind: 'begin', id, test });
    const result = await attempt(body, id, 20_000, 100_000_000);
    if (result.error === null) return;
    const outcome = result.isTimeout ? 'timeout' : 'killed';
    report({ kind: 'end', id, outcome, test, error: messageOf(result.error) });
    throw result.error;
  }
}

interface Attempt {
  /** Null: the test passed. */
  readonly error: unknown;
  readonly isTimeout: boolean;
  readonly ms: number;
  readonly switches: number;
  /** The mutants whose switches were passed. */
  readonly seen: ReadonlySet<number>;
}

/** Runs a test with one mutant on; 0: none. */
async function attempt(body: () => unknown, id: number, limitMs: number, limit: number): Promise<Attempt> {
  active = id;
  isTrying = true;
  reached = new Set();
  stray = null;
  switches = 0;
  mostSwitches = limit;
  const startMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let turnsLeft = Math.ceil(limitMs / turnMs);
  const late = new Promise<Try>((resolve) => {
    timer = clocks.setInterval(() => {
      turnsLeft -= 1;
      if (turnsLeft <= 0) resolve({ error: new Error('the test never ended'), isTimeout: true });
    }, turnMs);
  });
  const ran = tryOut(body);
  let { error, isTimeout } = await Promise.race([ran, late]);
  clocks.clearInterval(timer);
  if (isTimeout || error !== null) await new Promise((resolve) => clocks.setTimeout(resolve, 5));
  if (error === null && stray !== null) error = stray;
  if (switches > limit) [error, isTimeout] = [new Runaway('a loop without an end'), true];
  const result = { error, isTimeout, ms: performance.now() - startMs, switches, seen: reached };
  mostSwitches = Number.POSITIVE_INFINITY;
  active = plan.always ?? 0;
  isTrying = false;
  return result;
}

/** As {@link attempt}, for a test that has run before: what belongs before and after each test is done in between, without a mutant. */
async function attemptAfresh(
  task: RunnerTestCase,
  body: () => unknown,
  id: number,
  limitMs: number,
  limit: number,
): Promise<Attempt> {
  let error: unknown = null;
  try {
    const suites = suitesOf(task);
    for (const suite of suites) await runHooks(TestRunner.getSuiteHooks(suite).afterEach, task, suites);
    for (const suite of suites.toReversed()) await runHooks(TestRunner.getSuiteHooks(suite).beforeEach, task, suites);
  } catch (cause) {
    error = cause;
  }
  const result = await attempt(body, id, limitMs, limit);
  return error === null ? result : { ...result, error };
}

/** The suites around a test, the innermost first. */
function suitesOf(task: RunnerTestCase): RunnerTestSuite[] {
  const suites: RunnerTestSuite[] = [];
  for (let suite = task.suite; suite !== undefined; suite = suite.suite) suites.push(suite);
  return suites.at(-1) === task.file ? suites : [...suites, task.file];
}

type EachHook = (context: RunnerTestCase['context'], suite: RunnerTestSuite) => unknown;

async function runHooks(
  hooks: readonly EachHook[],
  task: RunnerTestCase,
  suites: readonly RunnerTestSuite[],
): Promise<void> {
  for (const hook of hooks) await hook(task.context, suites[0] ?? task.file);
}

async function tryOut(body: () => unknown): Promise<Try> {
  try {
    await body();
    return { error: null, isTimeout: false };
  } catch (error) {
    return { error: error ?? new Error('nothing was thrown'), isTimeout: error instanceof Runaway };
  }
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.slice(0, 200);
}
