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
    held.add(6, 'flood');
    expect(held.excess()).toEqual({ id: 4, limit: 'unattached' });
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

  it('remembers an address only while it has connections', () => {
    const held = new UnattachedConnections(limits);
    held.add(1, 'a');
    held.add(2, 'a');
    held.add(3, 'b');
    held.remove(1);
    expect(held.ownerCount).toBe(2);
    held.remove(2);
    expect(held.ownerCount).toBe(1);
    held.clear();
    expect(held.ownerCount).toBe(0);
  });

  it('keeps a limit that is just reached', () => {
    const held = new UnattachedConnections({ unattached: 1, unattachedBytes: 100 });
    held.add(1, 'a');
    held.received(1, 100);
    expect(held.excess()).toBeUndefined();
    held.received(1, 1);
    expect(held.excess()).toEqual({ id: 1, limit: 'unattachedBytes' });
  });

  it('of equals gives up what came first', () => {
    const held = new UnattachedConnections({ unattached: 2, unattachedBytes: 100 });
    for (const [id, address] of [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'b'],
    ] as const) {
      held.add(id, address);
    }
    expect(held.excess()).toEqual({ id: 1, limit: 'unattached' });
    for (const id of [4, 3, 2, 1]) held.received(id, 40);
    expect(held.excess()).toEqual({ id: 1, limit: 'unattachedBytes' });
  });

  it('finds the largest connection wherever it stands', () => {
    const held = new UnattachedConnections({ unattached: 9, unattachedBytes: 100 });
    for (const [id, bytes] of [
      [1, 30],
      [2, 60],
      [3, 20],
    ] as const) {
      held.add(id, 'a');
      held.received(id, bytes);
    }
    expect(held.excess()).toEqual({ id: 2, limit: 'unattachedBytes' });
  });

  it('gives up a connection with a single byte if no other has more', () => {
    const held = new UnattachedConnections({ unattached: 9, unattachedBytes: 1 });
    for (const [id, address] of [
      [1, 'a'],
      [2, 'b'],
    ] as const) {
      held.add(id, address);
      held.received(id, 1);
    }
    expect(held.excess()).toEqual({ id: 1, limit: 'unattachedBytes' });
  });

  it('keeps the bytes of an address while it has connections, and no longer', () => {
    const held = new UnattachedConnections({ unattached: 9, unattachedBytes: 100 });
    held.add(1, 'a');
    held.add(2, 'a');
    held.add(3, 'b');
    held.received(1, 70);
    held.received(2, 20);
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
    const held = new UnattachedConnections(limits);
    held.add(1, 'a');
    held.received(1, 101);
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
