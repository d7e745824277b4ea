import { describe, expect, it } from 'vitest';
import { defaultConnectionLimits, UnattachedConnections } from './connection-limits.ts';

const limits = { unattached: 4, unattachedBytes: 100 };

describe('UnattachedConnections', () => {
  it('gives up the oldest connection of the address that has the most', () => {
    const held = new UnattachedConnections(limits);
    for (const [id, address] of [
      [1, 'honest'],
      [2, 'flood'],
      [3, 'other'],
      [4, 'flood'],
    ] as const) {
      held.add(id, address);
      expect(held.excess()).toBeUndefined();
    }
    held.add(5, 'flood');
    expect(held.excess()).toEqual({ id: 2, limit: 'unattached' });
    held.remove(2);
    expect(held.excess()).toBeUndefined();
  });

  it('gives up the largest connection of the address with the most bytes', () => {
    const held = new UnattachedConnections(limits);
    for (const [id, address] of [
      [1, 'honest'],
      [2, 'flood'],
      [3, 'flood'],
    ] as const) {
      held.add(id, address);
    }
    held.received(1, 45);
    held.received(2, 20);
    held.received(3, 35);
    expect(held.excess()).toBeUndefined();
    held.received(2, 1);
    expect(held.excess()).toEqual({ id: 3, limit: 'unattachedBytes' });
    held.remove(3);
    expect([held.bytes, held.excess()]).toEqual([66, undefined]);
  });

  it('forgets what was removed, and ignores what it does not know', () => {
    const held = new UnattachedConnections(limits);
    held.add(1, 'a');
    held.received(1, 1000);
    held.remove(1);
    held.remove(1);
    held.received(1, 1000);
    expect([held.count, held.bytes, held.excess()]).toEqual([0, 0, undefined]);
  });

  it('leaves room for every place of an edge, from one address', () => {
    for (const placeCount of [1, 8, 500, 1024]) {
      const { connections, unattached } = defaultConnectionLimits(placeCount);
      expect(unattached).toBeGreaterThan(placeCount);
      expect(connections).toBeGreaterThan(2 * placeCount);
    }
  });
});
