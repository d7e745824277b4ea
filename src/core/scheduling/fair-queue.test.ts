import { expect, it } from 'vitest';
import { emptyFairQueue, startRound } from './fair-queue.ts';

const noFlow = (): boolean => false;

it('keeps tags of 1,024 absent flows at most, those of the newest', () => {
  let queue = emptyFairQueue;
  const last = 3000;
  for (let id = 1; id <= last; id += 1) {
    // Flow 0 stays and drives the virtual time; each other one is served once, with a weight that puts its tag far ahead, and leaves.
    const round = startRound(queue, [
      { id: 0, weight: 1 },
      { id, weight: 1e-6 },
    ]);
    round.serve(0, 1);
    round.serve(1, 1);
    queue = round.finish((flow) => flow === 0);
  }
  expect(queue.virtualTime).toBeLessThan(last + 1);
  expect(queue.finishTags.size).toBe(1024 + 2);
  expect(queue.finishTags.has(0)).toBe(true);
  const kept = [...queue.finishTags.keys()].filter((id) => id !== 0 && id !== last);
  expect(Math.min(...kept)).toBe(last - 1024);
});

it('drops the tag of an absent flow that the virtual time has passed', () => {
  const first = startRound(emptyFairQueue, [{ id: 1, weight: 1 }]);
  first.serve(0, 1);
  const before = first.finish(noFlow);
  const second = startRound(before, [{ id: 2, weight: 1 }]);
  second.serve(0, 5);
  expect([...second.finish(noFlow).finishTags.keys()]).toEqual([2]);
});
