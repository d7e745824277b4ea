import { describe, expect, it } from 'vitest';
import { defaultTextDeadlines, TextDeadline, type TextDeadlines } from '../src/core/protocol/device/text-deadline.ts';
import { createManualClock } from '../src/network/transport/manual-clock.contract.ts';

const deadlines = { firstTokenWithinMs: 1000, nextTokenWithinMs: 100 };

function bed(limits: TextDeadlines = deadlines) {
  const clock = createManualClock();
  const expired: [atMs: number, isAgain: boolean, afterMs: number][] = [];
  const deadline = new TextDeadline(clock, limits, (isAgain, afterMs) =>
    expired.push([clock.nowMs(), isAgain, afterMs]),
  );
  return { clock, expired, deadline };
}

describe('a text deadline', () => {
  it('passes when an edge has owed the first token for its time', () => {
    const { clock, expired, deadline } = bed();
    deadline.opened();
    deadline.owes(true);
    clock.moveTo(999);
    expect(expired).toEqual([]);
    clock.moveTo(1000);
    expect(expired).toEqual([[1000, false, 1000]]);
  });

  it('passes again after the same time without text, and says so', () => {
    const { clock, expired, deadline } = bed();
    deadline.owes(true);
    clock.moveTo(3500);
    expect(expired).toEqual([
      [1000, false, 1000],
      [2000, true, 1000],
      [3000, true, 1000],
    ]);
    deadline.answered();
    clock.moveTo(3600);
    expect(expired.at(-1)).toEqual([3600, false, 100]);
  });

  it('gives each further commit the shorter time, from the last one on', () => {
    const { clock, expired, deadline } = bed();
    deadline.owes(true);
    for (let atMs = 60; atMs <= 600; atMs += 60) {
      clock.moveTo(atMs);
      deadline.answered();
    }
    clock.moveTo(699);
    expect(expired).toEqual([]);
    clock.moveTo(700);
    expect(expired).toEqual([[700, false, 100]]);
  });

  it.each(['opened', 'queued'] as const)('gives the longer time again when the session was %s', (event) => {
    const { clock, expired, deadline } = bed();
    deadline.owes(true);
    deadline.answered();
    clock.moveTo(50);
    deadline[event]();
    clock.moveTo(999);
    expect(expired).toEqual([]);
    clock.moveTo(1000);
    expect(expired).toEqual([[1000, false, 1000]]);
  });

  it('gives the longer time again after each part of the logprobs of a prompt', () => {
    const { clock, expired, deadline } = bed();
    deadline.opened();
    deadline.owes(true);
    clock.moveTo(1000);
    for (const atMs of [1900, 2800]) {
      clock.moveTo(atMs);
      deadline.scored();
    }
    clock.moveTo(3799);
    expect(expired).toEqual([[1000, false, 1000]]);
    clock.moveTo(3800);
    expect(expired).toEqual([
      [1000, false, 1000],
      [3800, false, 1000],
    ]);
  });

  it('may be shorter for the first token than for the next', () => {
    for (const event of ['opened', 'queued'] as const) {
      const { clock, expired, deadline } = bed({ firstTokenWithinMs: 30, nextTokenWithinMs: 100 });
      deadline.owes(true);
      deadline.answered();
      clock.moveTo(10);
      deadline[event]();
      clock.moveTo(30);
      expect(expired).toEqual([[30, false, 30]]);
    }
  });

  it('gives no more time to an edge that says again and again that a place is not free', () => {
    const { clock, expired, deadline } = bed();
    deadline.owes(true);
    for (let atMs = 0; atMs < 1000; atMs += 10) {
      clock.moveTo(atMs);
      deadline.queued();
    }
    clock.moveTo(1000);
    expect(expired).toEqual([[1000, false, 1000]]);
  });

  it('counts only the time in which the edge owes text', () => {
    const { clock, expired, deadline } = bed();
    clock.moveTo(5000);
    deadline.owes(true);
    clock.moveTo(5400);
    // Saying the same again changes nothing.
    deadline.owes(true);
    clock.moveTo(5600);
    deadline.owes(false);
    deadline.owes(false);
    expect(clock.pendingCount).toBe(0);
    clock.moveTo(9000);
    deadline.owes(true);
    clock.moveTo(9399);
    expect(expired).toEqual([]);
    clock.moveTo(9400);
    expect(expired).toEqual([[9400, false, 1000]]);
  });

  it('forgets the time before an answer that comes while nothing is owed', () => {
    const { clock, expired, deadline } = bed();
    deadline.owes(true);
    clock.moveTo(90);
    deadline.owes(false);
    deadline.answered();
    expect(clock.pendingCount).toBe(0);
    clock.moveTo(200);
    deadline.owes(true);
    clock.moveTo(299);
    expect(expired).toEqual([]);
    clock.moveTo(300);
    expect(expired).toEqual([[300, false, 100]]);
  });

  it('has one timer while text is owed, and none for an infinite time', () => {
    const { clock, deadline } = bed();
    deadline.owes(true);
    deadline.answered();
    deadline.opened();
    expect(clock.pendingCount).toBe(1);
    const endless = bed({ firstTokenWithinMs: Number.POSITIVE_INFINITY, nextTokenWithinMs: 100 });
    endless.deadline.owes(true);
    expect(endless.clock.pendingCount).toBe(0);
    endless.deadline.answered();
    expect(endless.clock.pendingCount).toBe(1);
  });

  it('waits on when its timer comes too early', () => {
    let nowMs = 10;
    const timers: { readonly delayMs: number; readonly callback: () => void }[] = [];
    const after = (delayMs: number, callback: () => void) => {
      timers.push({ delayMs, callback });
      return () => {};
    };
    let count = 0;
    const deadline = new TextDeadline({ nowMs: () => nowMs, after }, deadlines, () => {
      count += 1;
    });
    deadline.owes(true);
    nowMs = 1009.5;
    timers.at(-1)?.callback();
    expect([count, timers.map(({ delayMs }) => delayMs)]).toEqual([0, [1000, 1]]);
    nowMs = 1010;
    timers.at(-1)?.callback();
    expect(count).toBe(1);
    // A callback that its cancellation has not reached.
    deadline.owes(false);
    nowMs = 5000;
    timers.at(-1)?.callback();
    expect(count).toBe(1);
  });

  it('is by default 2 min and 20 ms a prompt token, then 30 s', () => {
    expect(defaultTextDeadlines(0)).toEqual({ firstTokenWithinMs: 120_000, nextTokenWithinMs: 30_000 });
    expect(defaultTextDeadlines(1000)).toEqual({ firstTokenWithinMs: 140_000, nextTokenWithinMs: 30_000 });
    expect(defaultTextDeadlines(2048).firstTokenWithinMs).toBe(120_000 + 20 * 2048);
    // Thirty thousand more pairs of tokens than prompts of 2,048 have none of.
    expect(defaultTextDeadlines(32_048).firstTokenWithinMs).toBe(120_000 + 20 * 32_048 + 150 * 32_048);
  });
});
