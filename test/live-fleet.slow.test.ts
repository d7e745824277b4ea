// A fleet of real processes: `outrider live` compares every text, and `trial chaos` kills, stops and drains them.

import { expect, it } from 'vitest';
import { liveExperiment } from '../src/experiments/live/bench-live.ts';
import { openDemo } from '../src/experiments/live/demo.ts';
import { runExperiment } from '../src/laboratory/run.ts';
import { chaosTrial } from '../src/trials/chaos/chaos.ts';

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

it('chaos: processes are killed, stopped and drained, and no answer is lost', async () => {
  const { summary } = await runExperiment(chaosTrial, { faults: 6, devices: 4, edges: 3, every: 1, seed: 2 });
  expect(summary).toMatchObject({ faults: 6, lostSessions: 0 });
  expect(summary['texts']).toBeGreaterThan(0);
  expect(summary['identical']).toBe(summary['texts']);
}, 180_000);

it('policies take turns on one fleet', async () => {
  const options = { edges: 2, devices: 3, seconds: 15, blockSeconds: 3, profile: 'edge-8b-rtx4090', maxTokens: 40 };
  const { rows, summary } = await runExperiment(liveExperiment, options);
  expect(rows.map(({ blocks }) => blocks)).toEqual([1, 1, 1, 1, 1]);
  expect(summary['identical']).toBe(summary['texts']);
  for (const key of ['msPerTokenMaxSinr', 'msPerTokenFelt', 'joulesPerToken']) expect(summary[key]).toBeGreaterThan(0);
}, 180_000);
