// Decisions of `best` under felt that quicker code has to repeat: the servers of some made-up slots, as one number for each.

import { expect, it } from 'vitest';
import { syntheticSlot } from '../slot/synthetic-slot.ts';
import { createPolicy } from './policies.ts';

function checksum(servers: Int32Array): number {
  return servers.reduce((sum, server) => (Math.imul(sum, 31) + server + 1) | 0, 7);
}

it.each([
  ['small', { deviceCount: 25, serverCount: 5 }, [-618_724_866, -1_134_205_666, -1_836_364_711, 2_088_892_731]],
  [
    'large',
    { deviceCount: 90, serverCount: 12, candidateCount: 6 },
    [1_601_743_259, 599_150_248, 943_109_049, -1_179_032_365],
  ],
] as const)('best decides a slot that is %s as before', (_, size, before) => {
  const best = createPolicy('best');
  const found = [1, 2, 3, 4].map((seed) => {
    const slot = syntheticSlot({ ...size, seed, objective: { kind: 'felt', energyWeight: seed % 2 } });
    return checksum(best({ ...slot, slot: seed }).server);
  });
  expect(found).toEqual(before);
});
