import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/basics/philox.ts';
import { EventQueue } from './event-queue.ts';

describe('event queue', () => {
  it('runs actions in order of time, and at the same time in order of adding', () => {
    const queue = new EventQueue();
    const ran: string[] = [];
    for (const [atMs, name] of [
      [5, 'b'],
      [1, 'a'],
      [5, 'c'],
      [5, 'd'],
      [9, 'e'],
    ] as const) {
      queue.at(atMs, () => ran.push(`${name}${queue.nowMs()}`));
    }
    while (queue.runNext());
    expect(ran).toEqual(['a1', 'b5', 'c5', 'd5', 'e9']);
  });

  it('has the order of a sorted list for actions that add random actions', () => {
    const queue = new EventQueue();
    const random = createRandom(5);
    const ran: { atMs: number; order: number }[] = [];
    let asked = 0;
    const ask = (): void => {
      const order = asked++;
      const atMs = queue.nowMs() + random.integer(20);
      const cancel = queue.at(atMs, () => {
        ran.push({ atMs, order });
        if (asked < 5000) ask();
        if (asked < 5000 && random.uniform() < 0.5) ask();
      });
      if (random.uniform() < 0.2) {
        cancel();
        cancel();
        if (asked < 5000) ask();
      }
    };
    for (let count = 0; count < 200; count += 1) ask();
    while (queue.runNext());
    expect(ran.length).toBeGreaterThan(3000);
    const sorted = [...ran].sort((left, right) => left.atMs - right.atMs || left.order - right.order);
    expect(ran).toEqual(sorted);
    expect(queue.waitingCount).toBe(0);
  });

  it('does not run cancelled actions, and counts waiting ones', () => {
    const queue = new EventQueue();
    let ran = 0;
    const cancel = queue.after(1, () => {
      ran += 1;
    });
    const late = queue.after(2, () => {
      ran += 10;
    });
    cancel();
    expect(queue.waitingCount).toBe(1);
    queue.runNext();
    late();
    expect([ran, queue.waitingCount, queue.ranCount, queue.runNext()]).toEqual([10, 0, 1, false]);
  });

  it('runs up to a time and stops there', () => {
    const queue = new EventQueue();
    const ran: number[] = [];
    for (const atMs of [1, 2, 3, 4]) queue.at(atMs, () => ran.push(atMs));
    queue.at(2.5, () => {})();
    queue.runUntil(3);
    expect([ran, queue.nowMs()]).toEqual([[1, 2, 3], 3]);
    queue.runUntil(10);
    expect([ran.length, queue.nowMs()]).toEqual([4, 10]);
  });

  it('refuses the past and an infinite time', () => {
    const queue = new EventQueue();
    queue.runUntil(5);
    for (const atMs of [4, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => queue.at(atMs, () => {})).toThrow(/can run/);
  });
});
