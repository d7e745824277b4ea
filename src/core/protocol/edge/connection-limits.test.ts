import { describe, expect, it } from 'vitest';
import { defaultConnectionLimits, UnattachedConnections } from './connection-limits.ts';

const limits = { unattached: 4, unattachedBytes: 100 };

/** Connections 1, 2, ... of these addresses, which have received so many bytes. */
function heldOf(addresses: string, bytes: readonly number[] = [], given = limits): UnattachedConnections {
  const held = new UnattachedConnections(given);
  for (const [index, address] of addresses.split(' ').entries()) {
    held.add(index + 1, address);
    held.received(index + 1, bytes[index] ?? 0);
  }
  return held;
}

describe('UnattachedConnections', () => {
  it('gives up the oldest connection of the address that has the most', () => {
    const held = heldOf('honest flood other flood');
    expect(held.excess()).toBeUndefined();
    held.add(5, 'flood');
    expect(held.excess()).toEqual({ id: 2, limit: 'unattached' });
    held.remove(2);
    expect(held.excess()).toBeUndefined();
    held.add(6, 'flood');
    expect(held.excess()).toEqual({ id: 4, limit: 'unattached' });
  });

  it('gives up the largest connection of the address with the most bytes', () => {
    const held = heldOf('honest flood flood', [45, 20, 35]);
    expect(held.excess()).toBeUndefined();
    held.received(2, 1);
    expect(held.excess()).toEqual({ id: 3, limit: 'unattachedBytes' });
    held.remove(3);
    expect([held.bytes, held.excess()]).toEqual([66, undefined]);
  });

  it('forgets what was removed, and ignores what it does not know', () => {
    const held = heldOf('a', [1000]);
    held.remove(1);
    held.remove(1);
    held.received(1, 1000);
    expect([held.count, held.bytes, held.excess()]).toEqual([0, 0, undefined]);
  });

  it('remembers an address only while it has connections', () => {
    const held = heldOf('a a b');
    held.remove(1);
    expect(held.ownerCount).toBe(2);
    held.remove(2);
    expect(held.ownerCount).toBe(1);
    held.clear();
    expect(held.ownerCount).toBe(0);
  });

  it('keeps a limit that is just reached', () => {
    const held = heldOf('a', [100], { unattached: 1, unattachedBytes: 100 });
    expect(held.excess()).toBeUndefined();
    held.received(1, 1);
    expect(held.excess()).toEqual({ id: 1, limit: 'unattachedBytes' });
  });

  it('of equals gives up what came first', () => {
    const held = heldOf('a a b b', [], { unattached: 2, unattachedBytes: 100 });
    expect(held.excess()).toEqual({ id: 1, limit: 'unattached' });
    for (const id of [4, 3, 2, 1]) held.received(id, 40);
    expect(held.excess()).toEqual({ id: 1, limit: 'unattachedBytes' });
  });

  it('finds the largest connection wherever it stands', () => {
    expect(heldOf('a a a', [30, 60, 20]).excess()).toEqual({ id: 2, limit: 'unattachedBytes' });
  });

  it('gives up a connection with a single byte if no other has more', () => {
    const held = heldOf('a b', [1, 1], { unattached: 9, unattachedBytes: 1 });
    expect(held.excess()).toEqual({ id: 1, limit: 'unattachedBytes' });
  });

  it('keeps the bytes of an address while it has connections, and no longer', () => {
    const held = heldOf('a a b', [70, 20]);
    held.remove(1);
    // Of a only 20 bytes are left, so b has the most.
    held.received(3, 81);
    expect([held.count, held.bytes]).toEqual([2, 101]);
    expect(held.excess()).toEqual({ id: 3, limit: 'unattachedBytes' });
    held.remove(2);
    held.remove(3);
    held.add(4, 'a');
    held.received(4, 100);
    expect([held.count, held.bytes, held.excess()]).toEqual([1, 100, undefined]);
  });

  it('is empty after it was cleared', () => {
    const held = heldOf('a', [101]);
    held.clear();
    expect([held.count, held.bytes, held.excess()]).toEqual([0, 0, undefined]);
    held.received(1, 5);
    held.add(2, 'a');
    held.received(2, 100);
    expect([held.count, held.bytes, held.excess()]).toEqual([1, 100, undefined]);
  });

  it('has limits by the number of places, and at least those of a small edge', () => {
    const small = {
      connections: 1024,
      unattached: 512,
      unattachedBytes: 16_777_216,
      attachMs: 10_000,
      framesBeforeKey: 64,
    };
    expect(defaultConnectionLimits(1)).toEqual(small);
    expect(defaultConnectionLimits(256)).toEqual(small);
    expect(defaultConnectionLimits(257)).toEqual({ ...small, connections: 1028, unattached: 514 });
  });

  it('leaves room for every place of an edge, from one address', () => {
    for (const placeCount of [1, 8, 500, 1024]) {
      const { connections, unattached } = defaultConnectionLimits(placeCount);
      expect(unattached).toBeGreaterThan(placeCount);
      expect(connections).toBeGreaterThan(2 * placeCount);
    }
  });
});
