// Plants the bugs of planted-bugs.fixture.ts one after the other, and runs the tests that must notice each; before that, all of them
// without a bug. One vitest does it all: it compiles the sources once, and only the changed module again for each bug. Nothing is written to
// disk. Sends its findings to the process that has started it.

import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVitest, type Reporter, type TestSpecification, type Vitest } from 'vitest/node';
import { sourceBugs } from './planted-bugs.fixture.ts';
import type { SourceBug } from './source-bug.fixture.ts';

export interface TestOutcome {
  /** The file. */
  readonly test: string;
  /** Of its groups and of the test. */
  readonly name: string;
  readonly hasPassed: boolean;
}

/** Tests that a bug names, as far as they have run. */
export interface BugFinding {
  /** How often the place that the bug changes occurs in its file. */
  readonly placeCount: number;
  readonly withoutBug: readonly TestOutcome[];
  readonly withBug: readonly TestOutcome[];
}

/** By the name of the bug. */
export type BugFindings = Readonly<Record<string, BugFinding>>;

const root = fileURLToPath(new URL('..', import.meta.url));
const pathOf = (file: string): string => join(root, file).replaceAll('\\', '/');
/** The bug that is in the sources now. */
let planted: SourceBug | null = null;
/** Tests that have ended in this run. */
let ended: TestOutcome[] = [];

const plugin = {
  name: 'planted-bug',
  enforce: 'pre' as const,
  transform(code: string, id: string) {
    if (planted === null || id.split('?')[0] !== pathOf(planted.file)) return null;
    const { from, to } = planted;
    // A function, so that $ in the new text means nothing.
    return { code: code.replace(from, () => to), map: null };
  },
};

const collector: Reporter = {
  onTestCaseResult(test) {
    const { state } = test.result();
    if (state === 'skipped') return;
    const path = relative(root, test.module.moduleId).replaceAll('\\', '/');
    ended.push({ test: path, name: test.fullName.replaceAll(' > ', ' '), hasPassed: state === 'passed' });
  },
};

async function openVitest(): Promise<Vitest> {
  const include = Object.values(sourceBugs).map(({ test }) => test);
  const vitest = await createVitest(
    {
      ...{ root, config: false, watch: false, reporters: [collector], include },
      // The cache of transformed modules does not know the bug.
      fsModuleCache: false,
      // Each run has a process of its own; within the run without bugs, files share what they load.
      isolate: false,
      maxWorkers: 1,
      // With some bugs a test waits until it is stopped. Without a bug none of them takes a second.
      testTimeout: 10_000,
    },
    { plugins: [plugin] },
  );
  await vitest.standalone();
  return vitest;
}

/** The tests of a file with one of these names. */
function testsOf(vitest: Vitest, test: string, names: readonly string[]): TestSpecification {
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return vitest.getRootProject().createSpecification(pathOf(test), { testNamePattern: new RegExp(escaped.join('|')) });
}

async function outcomesOf(vitest: Vitest, specifications: TestSpecification[]): Promise<readonly TestOutcome[]> {
  ended = [];
  await vitest.runTestSpecifications(specifications);
  return ended;
}

/** Runs the tests of all bugs without a bug. */
async function outcomesWithoutBug(vitest: Vitest): Promise<readonly TestOutcome[]> {
  const byTest = Map.groupBy(Object.values(sourceBugs), ({ test }) => test);
  const specifications = [...byTest].map(([test, bugs]) => {
    const names = bugs.map(({ name }) => name);
    return testsOf(vitest, test, names);
  });
  return await outcomesOf(vitest, specifications);
}

async function outcomesWithBug(vitest: Vitest, bug: SourceBug): Promise<readonly TestOutcome[]> {
  const plant = (next: SourceBug | null): void => {
    planted = next;
    vitest.invalidateFile(pathOf(bug.file));
  };
  plant(bug);
  const outcomes = await outcomesOf(vitest, [testsOf(vitest, bug.test, [bug.name])]);
  plant(null);
  return outcomes;
}

const vitest = await openVitest();
const plain = await outcomesWithoutBug(vitest);
const findings: Record<string, BugFinding> = {};
for (const [bugName, bug] of Object.entries(sourceBugs)) {
  const placeCount = readFileSync(pathOf(bug.file), 'utf8').split(bug.from).length - 1;
  const withoutBug = plain.filter(({ test, name }) => test === bug.test && name.includes(bug.name));
  findings[bugName] = { placeCount, withoutBug, withBug: await outcomesWithBug(vitest, bug) };
}
await vitest.close();
process.send?.(findings);
