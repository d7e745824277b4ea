// Plants each bug of the fixture into the sources and runs the test that must notice it.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type SourceBug, sourceBugs } from './planted-bugs.fixture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** @returns names of the tests that fail with the bug */
async function failing({ file, from, to, test }: Pick<SourceBug, 'file' | 'from' | 'to' | 'test'>): Promise<string[]> {
  const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'outrider-planted-'));
  const report = join(folder, 'report.json');
  const args = ['run', '--config', 'test/planted-bug.config.ts', '--reporter=json', `--outputFile=${report}`, test];
  const env = { ...process.env, OUTRIDER_PLANTED_BUG: JSON.stringify({ file, from, to }) };
  const text = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [vitest, ...args], { cwd: root, env }, (_error, stdout, stderr) => {
      if (existsSync(report)) resolve(readFileSync(report, 'utf8'));
      else reject(new Error(`the tests did not start: ${stdout}${stderr}`));
    });
  }).finally(() => rmSync(folder, { recursive: true }));
  const { testResults } = JSON.parse(text) as Report;
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(results.length).toBeGreaterThan(0);
  return results.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
}

describe('a bug in the sources is found', () => {
  it.each(Object.entries(sourceBugs))('%s', { timeout: 180_000 }, async (_name, bug) => {
    const source = readFileSync(`${root}/${bug.file}`, 'utf8');
    expect(source.split(bug.from), `${bug.file} has the place once`).toHaveLength(2);
    const failed = await failing(bug);
    expect(failed.filter((name) => name.includes(bug.name))).not.toEqual([]);
  });
});
