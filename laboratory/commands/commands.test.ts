import { expect, it } from 'vitest';
import type { OptionSpec } from '../../src/core/options/options.ts';
import { reproductions } from '../experiments/paper/reproduce.ts';
import { benches } from './bench.ts';
import { trials } from './trial.ts';

/** Its goals need every attack: `--every 5 --settle-seconds 15` ends within five minutes. */
const longOne = 'trial abuse';
const timed = [...benches, ...trials, ...reproductions].filter(({ name }) => name !== longOne);

it.each(timed)('$name says how long it takes, five minutes at most', ({ lasts }) => {
  expect(lasts).toMatch(/^(?:1 minute|[2-5] minutes)$/);
});

it.each([...benches, ...trials])(
  '$name says how long it takes with --full, where it has that',
  ({ options, fullLasts }) => {
    const specs: OptionSpec[] = Object.values(options);
    const hasFullSize = specs.some(({ flag, full }) => flag === '--full' || full !== undefined);
    expect(fullLasts !== undefined).toBe(hasFullSize);
  },
);
