import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { abuseTrial } from './abuse.ts';
import { attacks } from './catalogue.ts';

it('has at least eighty attacks, each with a name of its own', () => {
  const names = attacks.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(80);
});

it.each(['finished-openings', 'guessed-keys', 'foreign-origin', 'wrong-keys-large', 'deep-json', 'requests-left'])(
  '%s: harms no text, does not end the edge, and is logged',
  async (only) => {
    const { summary } = await runExperiment(abuseTrial, { seconds: 2, settleSeconds: 2, only });
    expect(summary).toMatchObject({ attacks: 1, honestWrongTexts: 0, honestRefused: 0, edgeDeaths: 0, unlogged: 0 });
    expect(summary['honestTexts']).toBeGreaterThan(0);
    expect(summary['memoryPeakMB']).toBeLessThan(256);
  },
  120_000,
);
