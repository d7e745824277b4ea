import { expect, it } from 'vitest';
import { reproductions } from '../experiments/paper/reproduce.ts';
import { benches } from './bench.ts';
import { trials } from './trial.ts';

it.each([...benches, ...trials, ...reproductions])(
  '$name says how long it takes, five minutes at most',
  (experiment) => {
    expect(experiment.lasts).toMatch(/^(?:1 minute|[2-5] minutes)$/);
    const hasFullSize = JSON.stringify(experiment.options).includes('full');
    expect(experiment.fullLasts !== undefined).toBe(hasFullSize);
  },
);
