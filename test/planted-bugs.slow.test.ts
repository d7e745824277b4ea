// Each bug of the fixture, planted into the sources, is noticed by the test that it names, which passes without the bug.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceBugs } from './planted-bugs.fixture.ts';
import type { BugFindings, TestOutcome } from './run-planted-bugs.ts';

let child: ChildProcess | undefined;

/** Runs all tests of all bugs in one process. */
async function findAll(): Promise<BugFindings> {
  const program = fileURLToPath(new URL('./run-planted-bugs.ts', import.meta.url));
  child = fork(program, { execArgv: [], silent: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const found = once(child, 'message').then(([findings]) => findings as BugFindings);
  // Findings that were sent come before the disconnection.
  const ended = Promise.all([once(child, 'disconnect'), once(child, 'close')]).then(() => {
    throw new Error(`the tests did not run: ${output}`);
  });
  return await Promise.race([found, ended]);
}

function failuresOf(outcomes: readonly TestOutcome[]): string[] {
  return outcomes.filter(({ hasPassed }) => !hasPassed).map(({ name }) => name);
}

describe('a bug in the sources is found', () => {
  let findings: BugFindings = {};

  beforeAll(async () => {
    findings = await findAll();
  }, 300_000);
  afterAll(() => child?.kill());

  it.each(Object.entries(sourceBugs))('%s', (bug, { file, test, name }) => {
    const { placeCount = 0, withoutBug = [], withBug = [] } = findings[bug] ?? {};
    expect(placeCount, `${file} has the place once`).toBe(1);
    expect(withoutBug.length, `${test} has tests with this name`).toBeGreaterThan(0);
    expect(failuresOf(withoutBug), 'they pass without the bug').toEqual([]);
    expect(withBug.length, `${test} runs with the bug`).toBeGreaterThan(0);
    expect(
      failuresOf(withBug).filter((failed) => failed.includes(name)),
      'one fails with the bug',
    ).not.toEqual([]);
  });
});
