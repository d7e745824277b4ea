import { describe, expect, it } from 'vitest';
import { type Owned, OwnedPool, unowned } from './owned-pool.ts';

interface Item extends Owned {
  readonly name: number;
}

/** A pool with this much room; its items are numbered in the order of their creation. */
function poolOf(room: number): OwnedPool<Item> {
  return new OwnedPool((count) => (count < room ? { ...unowned, name: count } : undefined));
}

describe('a pool of owned things', () => {
  it('gives an owner the last one of its own, even if another has been idle longer', () => {
    const pool = poolOf(3);
    const [one, two] = [pool.take('a'), pool.take('b')] as [Item, Item];
    pool.leave(one);
    pool.leave(two);
    expect(pool.take('b')).toBe(two);
    expect(pool.take('a')).toBe(one);
  });

  it('gives a newcomer a new one while there is room, then the one that has been idle longest', () => {
    const pool = poolOf(3);
    const items = ['a', 'b', 'c'].map((owner) => pool.take(owner) as Item);
    expect(items.map(({ name }) => name)).toEqual([0, 1, 2]);
    for (const index of [1, 2, 0]) pool.leave(items[index] as Item);
    expect(['d', 'e', 'f'].map((owner) => pool.take(owner)?.name)).toEqual([1, 2, 0]);
  });

  it('gives nothing while all are taken, also not to their owner', () => {
    const pool = poolOf(1);
    const item = pool.take('a') as Item;
    expect(pool.take('a')).toBeUndefined();
    expect(pool.take('b')).toBeUndefined();
    pool.leave(item);
    expect(pool.take('b')).toBe(item);
    expect(item.owner).toBe('b');
  });

  it('is empty after all were taken out', () => {
    const pool = poolOf(2);
    const item = pool.take('a') as Item;
    expect(pool.clear()).toEqual([item]);
    expect(pool.clear()).toEqual([]);
  });

  it('says to its maker how many there are, and whether one is idle', () => {
    const asked: [count: number, hasIdle: boolean][] = [];
    const pool = new OwnedPool<Item>((count, hasIdle) => {
      asked.push([count, hasIdle]);
      return { ...unowned, name: count };
    });
    const one = pool.take('a') as Item;
    pool.take('b');
    pool.leave(one);
    pool.take('c');
    expect(asked).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ]);
    expect(pool.clear().map(({ name }) => name)).toEqual([0, 1, 2]);
    expect(unowned.isTaken).toBe(false);
  });
});
