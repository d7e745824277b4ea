import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { RequestTurns } from './request-turns.ts';

afterEach(() => vi.useRealTimers());

it('begins one request in a turn, of one address after the other', async () => {
  const begun: string[] = [];
  const turns = new RequestTurns({ requestsPerSecond: 1, burstRequests: 10 }, { nowMs: () => 0 });
  for (const name of ['a1', 'a2', 'a3', 'b1']) {
    turns.take(
      name.slice(0, 1),
      () => begun.push(name),
      () => false,
    );
  }
  expect(begun).toEqual(['a1']);
  for (let turn = 0; turn < 4; turn += 1) await nextTurn();
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
});

it('lets an address wait that begins too many, and no other', () => {
  vi.useFakeTimers();
  const begun: string[] = [];
  const turns = new RequestTurns({ requestsPerSecond: 10, burstRequests: 2 }, { nowMs: () => performance.now() });
  for (const name of ['a1', 'a2', 'a3', 'a4'])
    turns.take(
      'a',
      () => begun.push(name),
      () => false,
    );
  vi.advanceTimersByTime(50);
  expect(begun).toEqual(['a1', 'a2']);
  turns.take(
    'b',
    () => begun.push('b1'),
    () => false,
  );
  expect(begun).toEqual(['a1', 'a2', 'b1']);
  vi.advanceTimersByTime(60);
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  vi.advanceTimersByTime(110);
  expect(begun.at(-1)).toBe('a4');
});

it('passes over requests whose clients have left, at no cost to their address', () => {
  vi.useFakeTimers();
  const begun: string[] = [];
  let isGone = false;
  const turns = new RequestTurns({ requestsPerSecond: 10, burstRequests: 1 }, { nowMs: () => performance.now() });
  turns.take(
    'a',
    () => begun.push('first'),
    () => false,
  );
  for (let count = 0; count < 1000; count += 1)
    turns.take(
      'a',
      () => begun.push('left'),
      () => isGone,
    );
  turns.take(
    'a',
    () => begun.push('last'),
    () => false,
  );
  isGone = true;
  vi.advanceTimersByTime(110);
  expect(begun).toEqual(['first', 'last']);
});
