import { expect, it } from 'vitest';
import { measureHostCost } from './host-cost.ts';

it('measures what the protocol costs a step beside the engine', async () => {
  const hostMs = await measureHostCost(5);
  // A time of this machine: what matters is that the engine's own is left out, which takes longer than both codecs.
  expect(hostMs).toBeGreaterThan(0);
  expect(Number.isFinite(hostMs)).toBe(true);
});
