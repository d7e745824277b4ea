// A fleet of real processes: `outrider live` compares every text, and `trial chaos` kills, stops and drains them.

import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { liveExperiment } from '../laboratory/experiments/live/bench-live.ts';
import { chaosTrial } from '../laboratory/trials/chaos/chaos.ts';
import { natsServerPath } from '../simulator/files/nats-server.ts';
import { openDemo } from '../simulator/fleet/demo.ts';
import { runExperiment } from '../simulator/runner/run.ts';

const notes: string[] = [];
const note = (line: string): void => void notes.push(line);

it('a controller, two edges and three devices: every text is the target’s own', async () => {
  await using demo = await openDemo({
    ...{ edges: 2, devices: 3, scenario: 'munich', seed: 1, policy: 'best', objective: 'felt', slotMs: 500 },
    ...{ profile: 'edge-8b-rtx4090', maxTokens: 40, isToy: true, target: '', draft: '', note },
  });
  await expect.poll(() => demo.fleet.answers.length, { timeout: 60_000, interval: 200 }).toBeGreaterThan(5);
  const readers = demo.fleet.readers;
  expect(readers.map(({ name }) => name)).toEqual(['device-1', 'device-2', 'device-3']);
  expect(readers.some(({ msPerToken }) => msPerToken !== null && msPerToken < 1000)).toBe(true);
  await demo.fleet.finish();
  const { texts, identical, failed } = await demo.compare();
  expect([identical, failed]).toEqual([texts, 0]);
}, 120_000);

it('outrider live: an edge and then the controller are killed; both start again, and every text is the target’s own', async () => {
  const said: string[] = [];
  await using demo = await openDemo({
    ...{ edges: 2, devices: 3, scenario: 'munich', seed: 1, policy: 'best', objective: 'felt', slotMs: 500 },
    ...{ profile: 'edge-8b-rtx4090', maxTokens: 60, isToy: true, isAuto: true, isApart: true, target: '', draft: '' },
    note: (line) => void said.push(line),
  });
  const { fleet, control } = demo;
  const poll = { timeout: 60_000, interval: 100 };
  await expect.poll(() => fleet.readers.every(({ answers }) => answers > 0), poll).toBe(true);
  // Each one that reads says why, with what was predicted.
  await expect
    .poll(() => fleet.readers.some(({ why }) => /^policy best: .*, .* at edge-[12]/.test(why ?? '')), poll)
    .toBe(true);
  const edge = fleet.edges[0];
  const killed = edge?.process.processId ?? 0;
  process.kill(killed, 'SIGKILL');
  await expect.poll(() => edge?.isRunning, poll).toBe(false);
  await expect.poll(() => fleet.readers.every(({ edge: at }) => at !== 'edge-1'), poll).toBe(true);
  await expect.poll(() => edge?.isRunning === true && edge.process.processId !== killed, poll).toBe(true);
  process.kill(control.processId ?? 0, 'SIGKILL');
  await expect.poll(() => control.processId, poll).toBeNull();
  await expect.poll(() => fleet.readers.some(({ why }) => why?.startsWith('no controller; ')), poll).toBe(true);
  await expect.poll(() => control.processId !== null, poll).toBe(true);
  await expect.poll(() => fleet.readers.some(({ why }) => why?.startsWith('policy best: ')), poll).toBe(true);
  await fleet.finish();
  const { texts, identical, failed } = await demo.compare();
  expect([identical, failed]).toEqual([texts, 0]);
  expect(Math.max(...fleet.readers.map(({ pauseMs }) => pauseMs))).toBeLessThan(60_000);
  expect(said).toContainEqual(expect.stringMatching(/^edge-1 runs again, as process/));
  expect(said).toContainEqual(expect.stringMatching(/^the controller runs again, as process/));
}, 180_000);

it.skipIf(spawnSync(natsServerPath(), ['--version']).status !== 0)(
  'outrider live --fleet local: the controller that leads is killed, the other one takes over, and every text is the target’s own',
  async () => {
    const said: string[] = [];
    await using demo = await openDemo({
      ...{ edges: 2, devices: 3, scenario: 'munich', seed: 1, policy: 'best', objective: 'felt', slotMs: 500 },
      ...{ profile: 'edge-8b-rtx4090', maxTokens: 60, isToy: true, isAuto: true, isApart: true, target: '', draft: '' },
      ...{ fleet: 'local', note: (line: string) => void said.push(line) },
    });
    const { fleet, control } = demo;
    const poll = { timeout: 60_000, interval: 100 };
    await expect.poll(() => fleet.readers.every(({ answers }) => answers > 0), poll).toBe(true);
    const led = control.processId ?? 0;
    process.kill(led, 'SIGKILL');
    await expect.poll(() => control.processId, poll).toBeNull();
    await expect.poll(() => control.processId !== null && control.processId !== led, poll).toBe(true);
    const slot = fleet.decided?.slot;
    await expect.poll(() => fleet.decided?.slot !== slot, poll).toBe(true);
    await expect.poll(() => fleet.readers.some(({ why }) => why?.startsWith('policy best: ')), poll).toBe(true);
    await fleet.finish();
    const { texts, identical, failed } = await demo.compare();
    expect([identical, failed]).toEqual([texts, 0]);
    expect(said.filter((line) => /^controller [12]: leads the cell default, epoch \d+$/.test(line)).length).toBe(2);
  },
  180_000,
);

it('chaos: processes and engines are killed, stopped and drained, and no answer is lost', async () => {
  const options = { faults: 6, devices: 4, edges: 3, every: 1, seed: 2, engine: 'toy' };
  const { summary } = await runExperiment(chaosTrial, options);
  expect(summary).toMatchObject({ faults: 6, lostSessions: 0 });
  expect(summary['texts']).toBeGreaterThan(0);
  expect(summary['identical']).toBe(summary['texts']);
}, 180_000);

it('policies take turns on one fleet', async () => {
  const policies = ['max-sinr', 'tma', 'tma-masac', 'best-paper', 'felt'] as const;
  const size = { edges: 2, devices: 3, seconds: 15, blockSeconds: 3, maxTokens: 40, policies };
  const options = { ...size, scenario: 'munich', profile: 'edge-70b-a6000' };
  const { rows, summary } = await runExperiment(liveExperiment, options);
  expect(rows.map(({ blocks }) => blocks)).toEqual([1, 1, 1, 1, 1]);
  expect(summary['identical']).toBe(summary['texts']);
  for (const key of ['msPerTokenMaxSinr', 'msPerTokenFelt', 'joulesPerToken']) expect(summary[key]).toBeGreaterThan(0);
  expect(summary['msPerTokenFeltOverLeast']).toBeGreaterThanOrEqual(1);
}, 180_000);

it('in a world, edges and devices have the times of its hardware', async () => {
  const size = { edges: 3, devices: 3, seconds: 12, blockSeconds: 3, runs: 2, policies: ['max-sinr', 'felt'] as const };
  const { rows, summary } = await runExperiment(liveExperiment, { ...size, maxTokens: 60 });
  expect(rows.map(({ policy, blocks }) => [policy, blocks])).toEqual([
    ['max-sinr+equal', 4],
    ['best', 4],
  ]);
  expect([summary['identical'], summary['failed']]).toEqual([summary['texts'], 0]);
  for (const key of ['tokensPerSecondFeltOverMaxSinr', 'tokensPerSecondRun2', 'firstTokenFeltOverMaxSinr'])
    expect(summary[key]).toBeGreaterThan(0);
}, 180_000);
