// The trial itself, short: over real sockets, with steps in real time.

import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import type { ShareCase } from './cases.ts';
import { sharesTrial } from './shares.ts';

const cases: readonly ShareCase[] = [
  { name: 'two', resource: 'compute', shares: [3, 1], maxRows: 16 },
  { name: 'two', resource: 'downlink', shares: [3, 1], maxRows: 32 },
  { name: 'idle', resource: 'uplink', shares: [3, 1], maxRows: 32, firstIsIdle: true },
  { name: 'crowd', resource: 'compute', shares: [3, 1, 1, 1], maxRows: 32, crowd: { stepMs: 4, rowMs: 8 } },
];

it('finds shares kept on a live edge', async () => {
  const { summary } = await runExperiment(sharesTrial, { seconds: 2, cases });
  // Looser than the trial's own goal: two seconds are short, and on a busy machine a device sends late. Equal parts would be an error of 1.
  expect(summary.computeShareError).toBeLessThan(0.25);
  expect(summary.bandwidthShareError).toBeLessThan(0.25);
  expect(summary.besideCrowdWorst).toBeGreaterThan(1.2);
  expect(summary.besideCrowdWorst).toBeLessThan(2.6);
  // The idle session's share is 0.75.
  expect(summary.idleShareLost).toBeLessThan(0.5);
  expect(summary.wrongTexts).toBe(0);
}, 60_000);

it('finds shares that do not bite: steps that are never full', async () => {
  const never: ShareCase = { name: 'never full', resource: 'compute', shares: [3, 1], maxRows: 16, decodesAlone: true };
  const { summary, passed } = await runExperiment(sharesTrial, { seconds: 1, cases: [never] });
  expect(summary.computeShareError).toBeGreaterThan(0.8);
  expect(passed).toBe(false);
}, 60_000);
