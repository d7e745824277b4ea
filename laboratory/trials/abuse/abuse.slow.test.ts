import { expect, it } from 'vitest';
import { runExperiment } from '../../../simulator/runner/run.ts';
import { abuseTrial } from './abuse.ts';
import { attacks } from './catalogue.ts';

it('has at least forty attacks, each with a name of its own', () => {
  const names = attacks.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
});

it.each(['finished-openings', 'guessed-keys', 'foreign-origin'])(
  '%s: harms no text, does not end the edge, and is logged',
  async (only) => {
    const { summary } = await runExperiment(abuseTrial, { seconds: 2, only });
    expect(summary).toMatchObject({ attacks: 1, honestWrongTexts: 0, edgeDeaths: 0, unlogged: 0 });
    expect(summary['honestTexts']).toBeGreaterThan(0);
    expect(summary['memoryPeakMB']).toBeLessThan(512);
  },
  120_000,
);
