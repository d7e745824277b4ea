import { expect, it } from 'vitest';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import { termsOf } from '../paper/objective.ts';
import { shareOptimally } from '../paper/optimal-shares.ts';
import { paperObjective, syntheticSlot } from '../slot/synthetic-slot.ts';
import { moveSums } from './move-sums.ts';

it.each(['felt', 'paper'] as const)('is the objective of the slot, with one device at any server: %s', (kind) => {
  const objective = { ...paperObjective, minimumSnr: 0, kind };
  const slot = syntheticSlot({ deviceCount: 7, serverCount: 3, seed: 4, objective });
  const { server } = createPolicy('best-slot')(slot);
  const assignment = shareOptimally(slot, server);
  const sums = moveSums(slot, assignment);
  for (const device of server.keys())
    for (let to = 0; to < slot.serverCount; to++) {
      const moved = shareOptimally(slot, server.with(device, to));
      expect(sums(device, to) / termsOf(slot, moved).sum.costMs).toBeCloseTo(1, 6);
      // It is the least of a search by moves.
      expect(sums(device, to)).toBeGreaterThan(0.9999 * sums(device, server[device] as number));
    }
  expect(sums(0, -1)).toBeNaN();
});
