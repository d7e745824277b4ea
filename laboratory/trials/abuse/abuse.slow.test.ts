import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { abuseTrial } from './abuse.ts';
import { attacks } from './catalogue.ts';

it('has at least eighty attacks, each with a name of its own', () => {
  const names = attacks.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(80);
});

const only = ['guessed-keys', 'foreign-origin', 'wrong-keys-large', 'finished-openings', 'deep-json'];

it('harms no text, refuses no reader, does not end the edge, and is logged', async () => {
  const { summary } = await runExperiment(abuseTrial, { seconds: 2, settleSeconds: 2, only });
  const unharmed = { honestWrongTexts: 0, honestRefused: 0, edgeDeaths: 0, unlogged: 0 };
  expect(summary).toMatchObject({ attacks: only.length, ...unharmed });
  expect(summary['honestTexts']).toBeGreaterThan(0);
  expect(summary['memoryPeakMB']).toBeLessThan(256);
}, 180_000);
