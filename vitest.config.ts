// Test projects, from the quickest to the slowest; docs/internals/testing.md has what each is for and how long it takes. `unit` needs nothing but the
// sources; its files share workers, and with them the modules that are loaded already. `mocked` are the unit tests that replace modules: each
// file has a worker of its own. `promises` tries each promise of README.md once, with real models, processes and the packed package.
// `slow` trains, draws whole figures and starts processes. `model` runs the real models, one file after the other, because two engines at
// once on two cores measure each other. `night` takes longer than every change can wait for. `pipeline` makes a draft; it is skipped where
// the pipeline's Python packages are not installed. (Group order 0 would not do: vitest puts a project with one worker of that order last.)

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

if (Number.parseInt(process.versions.node, 10) < 22) {
  const remedy = 'use npm run test:fast, or node_modules/.bin/node node_modules/.bin/vitest';
  process.stderr.write(`Node ${process.versions.node} is too old for the tests: ${remedy}\n`);
  process.exit(1);
}

const folders = ['src', 'pages', 'simulator', 'laboratory', 'bin', 'test'];
const filesIn = (pattern: string): string[] => folders.map((folder) => `${folder}/**/${pattern}`);
const modelTests = filesIn('*.model.test.ts');
const slowTests = filesIn('*.slow.test.ts');
const pipelineTests = filesIn('*.pipeline.test.ts');
const nightTests = filesIn('*.night.test.ts');
const promiseTests = filesIn('*.promise.test.ts');
const otherTests = [...slowTests, ...modelTests, ...pipelineTests, ...promiseTests, ...nightTests];
const mockedTests = folders
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file).replaceAll('\\', '/')),
  )
  .filter((file) => file.endsWith('.test.ts') && readFileSync(file, 'utf8').includes('vi.mock('));

const config: ViteUserConfig = defineConfig({
  test: {
    reporters: ['default', './scripts/closing-line.mjs'],
    // How long a test that waits for something has patience. A busy machine gets there later.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: filesIn('*.test.ts'),
          exclude: [...otherTests, ...mockedTests],
          isolate: false,
          testTimeout: 60_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'mocked',
          include: mockedTests,
          exclude: otherTests,
          testTimeout: 60_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'promises',
          include: promiseTests,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: slowTests,
          testTimeout: 120_000,
          // Most of them wait for other processes.
          maxWorkers: '150%',
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'model',
          include: modelTests,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
      {
        extends: true,
        test: {
          name: 'night',
          include: nightTests,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        test: {
          name: 'pipeline',
          include: pipelineTests,
          testTimeout: 600_000,
          maxWorkers: 1,
          sequence: { groupOrder: 6 },
        },
      },
    ],
  },
});

export default config;
