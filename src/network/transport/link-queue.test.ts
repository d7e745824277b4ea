import { describe, expect, it } from 'vitest';
import { idealLink } from '../../core/protocol/wire/link-model-settings.ts';
import { createLinkQueue } from './link-queue.ts';
import { createManualClock } from './manual-clock.contract.ts';

/** A byte takes one microsecond, headers included: 946 bytes up take one millisecond. */
const slowLink = { ...idealLink, uplinkBitsPerSecond: 8e6, roundTripMs: 10 };
const millisecond = 1000 - 46 - 2;

function queueInVirtualTime(earlyMs = 0) {
  const clock = createManualClock();
  const log: string[] = [];
  const queue = createLinkQueue(slowLink, 'up', clock, earlyMs);
  const push = (name: string): void => queue.push(millisecond, () => log.push(`${name} ${clock.nowMs()}`));
  return { clock, log, queue, push };
}

describe('link queue', () => {
  it('delivers frames one after the other, at their times', () => {
    const { clock, log, queue, push } = queueInVirtualTime();
    for (const name of ['a', 'b', 'c']) push(name);
    expect(queue.waitingBytes()).toBe(3 * millisecond);
    clock.moveTo(2);
    expect(queue.waitingBytes()).toBe(millisecond);
    clock.moveTo(20);
    expect(log).toEqual(['a 6', 'b 7', 'c 8']);
  });

  it('delivers frames that are almost due with those that are due, for a coarse clock', () => {
    const { clock, log, push } = queueInVirtualTime(1.5);
    for (const name of ['a', 'b', 'c']) push(name);
    clock.moveTo(20);
    expect(log).toEqual(['a 6', 'b 6', 'c 8']);
  });

  it('delivers a frame that a callback adds later, in order', () => {
    const { clock, log, queue, push } = queueInVirtualTime();
    queue.push(millisecond, () => push('added'));
    push('b');
    clock.moveTo(30);
    expect(log).toEqual(['b 7', 'added 12']);
  });

  it('drops frames that wait or are in flight, and is empty afterwards', () => {
    const { clock, log, queue, push } = queueInVirtualTime();
    let drainedCount = 0;
    for (const name of ['a', 'b', 'c']) push(name);
    queue.whenDrainedTo(0, () => drainedCount++);
    clock.moveTo(1);
    queue.drop();
    expect(queue.waitingBytes()).toBe(0);
    push('d');
    clock.moveTo(30);
    expect(log).toEqual(['d 7']);
    expect(drainedCount).toBe(0);
    queue.changeRate(1e6);
    clock.moveTo(60);
    expect(drainedCount).toBe(0);
  });

  it('waits with one timer for its frames, however often the rate changes', () => {
    const { clock, log, queue, push } = queueInVirtualTime();
    push('a');
    for (const rate of [4e6, 2e6, 8e6]) {
      queue.changeRate(rate);
      expect(clock.pendingCount).toBe(1);
    }
    clock.moveTo(30);
    expect([log, clock.pendingCount]).toEqual([['a 6'], 0]);
  });

  it('stops at once when it is dropped within a callback', () => {
    const { clock, log, queue, push } = queueInVirtualTime(10);
    queue.push(millisecond, () => {
      queue.drop();
      push('new');
    });
    push('lost');
    clock.moveTo(30);
    expect(log).toEqual(['new 12']);
  });

  it('reports once when few enough bytes wait', () => {
    const { clock, log, queue, push } = queueInVirtualTime();
    for (const name of ['a', 'b', 'c']) push(name);
    queue.whenDrainedTo(millisecond, () => log.push(`drained ${clock.nowMs()}`));
    clock.moveTo(30);
    expect(log).toEqual(['drained 2', 'a 6', 'b 7', 'c 8']);
  });
});

it('retimes what has not left when the rate changes, also those who wait for room', () => {
  const clock = createManualClock();
  // A frame of 1,000 bytes takes a second and more.
  const queue = createLinkQueue({ ...idealLink, roundTripMs: 10, uplinkBitsPerSecond: 8000 }, 'up', clock);
  const arrived: string[] = [];
  const note = (name: string) => (): void => void arrived.push(`${name} at ${Math.round(clock.nowMs())}`);
  for (const name of ['a', 'b', 'c']) queue.push(1000, note(name));
  queue.whenDrainedTo(0, note('room'));
  clock.moveTo(1100);
  expect(arrived).toEqual(['a at 1053']);
  queue.changeRate(8_000_000);
  expect(queue.waitingBytes()).toBe(2000);
  clock.moveTo(1200);
  expect(arrived.slice(1)).toEqual(['room at 1102', 'b at 1106', 'c at 1107']);
  queue.changeRate(8);
  queue.push(1, note('stuck'));
  clock.moveTo(5000);
  queue.changeRate(8_000_000);
  clock.moveTo(6000);
  expect(arrived.at(-1)).toBe('stuck at 5005');
});
