import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createPolicy } from '../../policies/policies.ts';
import { readPreset } from '../../scenario/presets.ts';
import { parseOverride } from '../../scenario/read-scenario.ts';
import { runSimulation, type SimulationOptions } from './run.ts';

const root = mkdtempSync(join(tmpdir(), 'outrider-tokens-'));
afterAll(() => rmSync(root, { recursive: true }));

const maxSinr = { name: 'max-sinr', sha256: null, decide: createPolicy('max-sinr') };
const scenario = readPreset('paper', [parseOverride('devices.count=4')]);
const options = (more: Partial<SimulationOptions>): SimulationOptions => {
  return { scenario, policy: maxSinr, slots: 20, seed: 1, fidelity: 'both', mode: 'stream', ...more };
};
const filesOf = (directory: string): [string, string][] =>
  readdirSync(directory)
    .toSorted()
    .map((name) => [name, readFileSync(join(directory, name)).toString('base64')]);

it('adds tokens beside slots without changing them, and says where texts are from', async () => {
  const slot = await runSimulation(options({ fidelity: 'slot' }));
  const both = await runSimulation(options({}));
  const token = await runSimulation(options({ fidelity: 'token' }));
  expect(both.summary).toEqual({ ...slot.summary, ...token.summary });
  expect(both.rows).toEqual(slot.rows.map((row, index) => ({ ...row, ...token.rows[index] })));
  expect(token.summary.tokenSource).toBe('drawn: each draft right with chance 0.7');
  expect(token.summary.msPerTokenMean).toBeGreaterThan(0);
  expect(token.rows.reduce((sum, { tokens = 0 }) => sum + tokens, 0)).toBe(token.summary.tokens);
});

it('resumes after an interruption, to the same bytes, report included', async () => {
  const [whole, broken] = [join(root, 'whole'), join(root, 'broken')];
  await runSimulation(options({ directory: whole, report: true }));
  const lost = {
    ...maxSinr,
    decide: (state: Parameters<typeof maxSinr.decide>[0]) => {
      if (state.slot > 8) throw new Error('lost');
      return maxSinr.decide(state);
    },
  };
  await expect(runSimulation(options({ directory: broken, policy: lost }))).rejects.toThrow('9 slots are kept');
  await runSimulation(options({ directory: broken, resume: true, report: true }));
  expect(filesOf(broken)).toEqual(filesOf(whole));
  expect(readdirSync(whole)).toContain('sessions.parquet');
  const page = readFileSync(join(whole, 'report.html'), 'utf8');
  expect(page.match(/<svg/g)).toHaveLength(7);
  expect(page).not.toMatch(/<script|src=|href="http/);
});

it('refuses a trace that is none before anything runs', async () => {
  const traces = join(root, 'nowhere.trace');
  await expect(runSimulation(options({ mode: 'stream', traces }))).rejects.toMatchObject({
    code: 'bad-argument',
  });
});
