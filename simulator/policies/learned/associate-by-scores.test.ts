// The ways from scores to servers: equal devices spread by rounding and not by argmax; samples follow the slot.

import { describe, expect, it } from 'vitest';
import { createProblem } from '../../../src/allocation/search/problem.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { associateByScores, type Rounding } from './associate-by-scores.ts';

const deviceCount = 12;
const serverCount = 3;
const plain = syntheticSlot({ deviceCount, serverCount, seed: 4 });
const state = { ...plain, snr: plain.snr.map(() => 10) };
const problem = createProblem(state);

/** Equal devices, whose chances for the servers are 1/2, 1/4 and 1/4. */
const mean = Float64Array.from({ length: 2 * deviceCount * serverCount }, (_, at) => {
  return at % 2 === 0 && (at / 2) % serverCount === 0 ? Math.log(2) : 0;
});

function countsOf(rounding: Rounding, of = state, spread = 1): number[] {
  const deviation = new Float64Array(mean.length).fill(spread);
  const servers = associateByScores(problem, mean, rounding, { state: of, deviation });
  return [0, 1, 2].map((server) => servers.filter((one) => one === server).length);
}

describe('scores of equal devices', () => {
  it('are rounded to the servers by their chances', () => {
    expect(countsOf('rounded')).toEqual([6, 3, 3]);
  });

  it('all choose the highest by argmax', () => {
    expect(countsOf('argmax')).toEqual([12, 0, 0]);
  });

  it('are drawn anew in each slot, the same for the same slot', () => {
    expect(countsOf('sampled')).toEqual(countsOf('sampled'));
    const slots = [0, 1, 2, 3, 4].map((slot) => countsOf('sampled', { ...state, slot }).join());
    expect(new Set(slots).size).toBeGreaterThan(1);
    expect(countsOf('sampled', state, 0)).toEqual(countsOf('argmax'));
  });
});
