// Runs each test first as it is, which shows whose code it reaches, then once for each mutant in that code that no test has killed yet.
// After a mutant was killed the test is run without one: if it fails now, the mutant has left something behind, and the process ends.

import { appendFileSync } from 'node:fs';
import { type RunnerTestCase, TestRunner } from 'vitest';
import { type Line, readLines, readPlan } from './plan.ts';

const plan = readPlan();
/** A mutant is not tried in a test if it has had this much time of tests already, ms. */
const mostMs = 4000;
const ownTests = new Set(plan.tests.slice(0, plan.ownCount));
/** A test with a mutant gets this time more than ten times what it takes without, ms. */
const graceMs = 1500;
/** A test with a mutant may pass this many switches and rounds of loops, and a hundred times as many as without. */
const graceSwitches = 1_000_000;

class Runaway extends Error {
  override readonly name = 'Runaway';
}

interface Try {
  readonly error: unknown;
  readonly isTimeout: boolean;
}

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

export default class MutantRunner extends TestRunner {
  readonly #alive: Set<number>;
  readonly #done: ReadonlySet<string>;
  readonly #spentMs = new Map<number, number>();

  constructor(config: ConstructorParameters<typeof TestRunner>[0]) {
    super(config);
    const lines = readLines(plan.results);
    const ended = new Set(lines.flatMap((line) => (line.kind === 'end' ? [line.id] : [])));
    this.#alive = new Set(plan.mutants.filter((id) => !ended.has(id)));
    this.#done = new Set(lines.flatMap((line) => (line.kind === 'done' || line.kind === 'unfit' ? [line.test] : [])));
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    const body = TestRunner.getTestFn(test) as () => unknown;
    if (plan.always !== null) return await this.#once(test, body, plan.always);
    const name = `${test.file.name} > ${test.fullTestName ?? test.name}`;
    if (this.#done.has(name) || plan.without.includes(name)) return;
    if (loaded.size > 0) report({ kind: 'loaded', ids: [...loaded] });
    loaded = new Set();
    const plain = await attempt(body, 0, 60_000, Number.POSITIVE_INFINITY);
    const { ms, switches: count, seen } = plain;
    const longestMs = ownTests.has(test.file.name) ? plan.longestMs.own : plan.longestMs.other;
    const candidates = [...seen].filter((id) => this.#alive.has(id));
    if (plain.error !== null) report({ kind: 'unfit', test: name, error: messageOf(plain.error) });
    else if (ms <= longestMs && candidates.length > 0) await this.#tryAll(name, body, candidates, { ms, count });
    report({ kind: 'done', test: name, tried: ms <= longestMs });
  }

  async #tryAll(
    test: string,
    body: () => unknown,
    candidates: readonly number[],
    plain: { ms: number; count: number },
  ): Promise<void> {
    const limitMs = 10 * plain.ms + graceMs;
    const again = await attempt(body, 0, limitMs, Number.POSITIVE_INFINITY);
    if (again.error !== null) {
      report({ kind: 'unfit', test, error: messageOf(again.error) });
      return;
    }
    for (const id of candidates) {
      const spentMs = this.#spentMs.get(id) ?? 0;
      if (spentMs > mostMs) continue;
      this.#spentMs.set(id, spentMs + plain.ms);
      report({ kind: 'begin', id, test });
      const result = await attempt(body, id, limitMs, 100 * plain.count + graceSwitches);
      if (result.seen.has(id)) report({ kind: 'reached', id });
      if (result.error === null) continue;
      const { isTimeout, error } = result;
      report({ kind: 'end', id, outcome: isTimeout ? 'timeout' : 'killed', test, error: messageOf(error) });
      this.#alive.delete(id);
      const after = await attempt(body, 0, limitMs, Number.POSITIVE_INFINITY);
      if (after.error === null) continue;
      report({ kind: 'dirty', test });
      process.kill(process.pid, 'SIGKILL');
    }
  }

  async #once(test: RunnerTestCase, body: () => unknown, id: number): Promise<void> {
    const result = await attempt(body, id, 20_000, 100_000_000);
    if (result.error === null) return;
    const outcome = result.isTimeout ? 'timeout' : 'killed';
    report({ kind: 'end', id, outcome, test: test.name, error: messageOf(result.error) });
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
  const late = new Promise<Try>((resolve) => {
    timer = setTimeout(() => resolve({ error: new Error('the test never ended'), isTimeout: true }), limitMs);
  });
  const ran = tryOut(body);
  let { error, isTimeout } = await Promise.race([ran, late]);
  clearTimeout(timer);
  if (isTimeout || error !== null) await new Promise((resolve) => setTimeout(resolve, 5));
  if (error === null && stray !== null) error = stray;
  if (switches > limit) [error, isTimeout] = [new Runaway('a loop without an end'), true];
  const result = { error, isTimeout, ms: performance.now() - startMs, switches, seen: reached };
  mostSwitches = Number.POSITIVE_INFINITY;
  active = plan.always ?? 0;
  isTrying = false;
  return result;
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
