import { describe, expect, it } from 'vitest';
import { idealLink } from '../protocol/link-model-settings.ts';
import { createLinkQueue } from './link-queue.ts';
import { createManualClock } from './manual-clock.contract.ts';

/** A byte takes a microsecond, headers included: 946 bytes up are a millisecond. */
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
  it('lets things arrive one after the other, at their times', () => {
    const { clock, log, queue, push } = queueInVirtualTime();
    for (const name of ['a', 'b', 'c']) push(name);
    expect(queue.waitingBytes()).toBe(3 * millisecond);
    clock.moveTo(2);
    expect(queue.waitingBytes()).toBe(millisecond);
    clock.moveTo(20);
    expect(log).toEqual(['a 6', 'b 7', 'c 8']);
  });

  it('delivers what is nearly due along with what is due, for a coarse clock', () => {
    const { clock, log, push } = queueInVirtualTime(1.5);
    for (const name of ['a', 'b', 'c']) push(name);
    clock.moveTo(20);
    expect(log).toEqual(['a 6', 'b 6', 'c 8']);
  });

  it('delivers later what a callback adds, in order', () => {
    const { clock, log, queue, push } = queueInVirtualTime();
    queue.push(millisecond, () => push('added'));
    push('b');
    clock.moveTo(30);
    expect(log).toEqual(['b 7', 'added 12']);
  });

  it('drops what waits and flies, and starts empty', () => {
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
  });

  it('stops at once when it is dropped from within a callback', () => {
    const { clock, log, queue, push } = queueInVirtualTime(10);
    queue.push(millisecond, () => {
      queue.drop();
      push('new');
    });
    push('lost');
    clock.moveTo(30);
    expect(log).toEqual(['new 12']);
  });

  it('says once when little enough waits', () => {
    const { clock, log, queue, push } = queueInVirtualTime();
    for (const name of ['a', 'b', 'c']) push(name);
    queue.whenDrainedTo(millisecond, () => log.push(`drained ${clock.nowMs()}`));
    clock.moveTo(30);
    expect(log).toEqual(['drained 2', 'a 6', 'b 7', 'c 8']);
  });
});
