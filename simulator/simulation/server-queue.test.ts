import { describe, expect, it } from 'vitest';
import type { Scenario } from '../scenario/scenario.ts';
import { createServerQueues } from './server-queue.ts';

const slotMs = 100;
const kappaMs = 7;

function queues(law: Scenario['queue']['law'], serverCount = 1) {
  return createServerQueues({ kappaMs, law }, serverCount, slotMs, 1);
}

describe('the queue of a server', () => {
  it('is never there by the law none, and has the same length in each slot by the law fixed', () => {
    const [none, fixed] = [queues({ kind: 'none' }, 2), queues({ kind: 'fixed', slots: 3 }, 2)];
    for (const one of [none, fixed]) {
      one.draw();
      one.settle(Float64Array.of(1e6, 1e6));
      one.draw();
      expect([...one.backlogMs, one.backlogKappaMs]).toEqual([0, 0, 0]);
    }
    expect([...none.delayMs]).toEqual([0, 0]);
    expect([...fixed.delayMs]).toEqual([3 * kappaMs, 3 * kappaMs]);
  });

  it.each([0, 1, 4])('has each length from 0 to %i by the law uniform, and each as often', (maximumSlots) => {
    const one = queues({ kind: 'uniform', maximumSlots });
    const counts = Array<number>(maximumSlots + 1).fill(0);
    const draws = 4000;
    for (let draw = 0; draw < draws; draw += 1) {
      one.draw();
      const length = (one.delayMs[0] as number) / kappaMs;
      expect(counts[length]).toBeDefined();
      counts[length] = (counts[length] as number) + 1;
    }
    const mean = draws / counts.length;
    for (const count of counts) expect(Math.abs(count - mean)).toBeLessThan(6 * Math.sqrt(mean));
  });

  it.each([
    [1, 0],
    [slotMs - 1, 0],
    [slotMs, 1],
    [slotMs + 1, 1],
    [2 * slotMs - 1, 1],
    [2 * slotMs, 2],
    [3 * slotMs, 3],
  ])('with %i ms of unfinished work is %i slots by the law backlog', (leftMs, slots) => {
    const one = queues({ kind: 'backlog', maximumSlots: 9 });
    // A slot's own work is done in it.
    one.settle(Float64Array.of(slotMs + leftMs));
    expect([one.backlogMs[0], one.backlogKappaMs]).toEqual([leftMs, kappaMs]);
    one.draw();
    expect(one.delayMs[0]).toBe(kappaMs * slots);
  });

  it('adds up the work of slots, loses a slot of work in each, and rejects what is beyond its limit', () => {
    const one = queues({ kind: 'backlog', maximumSlots: 2 }, 2);
    const lengths = [250, 130, 99, 0, 0, 500, 0].map((workMs) => {
      one.settle(Float64Array.of(workMs, 0));
      return [...one.backlogMs];
    });
    expect(lengths.map(([first]) => first)).toEqual([150, 180, 179, 79, 0, 200, 100]);
    expect(lengths.every(([, second]) => second === 0)).toBe(true);
  });
});
