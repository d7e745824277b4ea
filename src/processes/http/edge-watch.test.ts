// In virtual time: the clock runs when the test says so.

import { describe, expect, it } from 'vitest';
import type { HelloMessage } from '../../core/protocol/wire/messages.ts';
import { createEdgeList } from '../device/edge-list.ts';
import { EdgeWatch } from './edge-watch.ts';

const hello = { kind: 'hello', contextLength: 64 } as HelloMessage;

function watched() {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const clock = {
    nowMs: () => nowMs,
    after(delayMs: number, run: () => void) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const probes: number[] = [];
  const changes: boolean[] = [];
  let answers = false;
  const edges = createEdgeList([
    { name: 'a', connect: () => Promise.reject(new Error('not connected to')) },
    { name: 'b', connect: () => Promise.reject(new Error('not connected to')) },
  ]);
  const probe = async () => {
    probes.push(nowMs);
    if (answers) return { hello };
    throw new Error('no answer');
  };
  const watch = new EdgeWatch({ edges, clock, probe, changed: (isDown) => changes.push(isDown) });
  const advance = async (ms: number): Promise<void> => {
    const untilMs = nowMs + ms;
    for (;;) {
      const due = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((one, two) => one.atMs - two.atMs)[0];
      if (due === undefined) break;
      timers.delete(due);
      nowMs = due.atMs;
      due.run();
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
    nowMs = untilMs;
  };
  const comeBack = (): void => {
    answers = true;
  };
  return { watch, probes, changes, timers, advance, comeBack };
}

describe('the watch for an edge that comes back', () => {
  it('probes every edge once a second, for all who wait, and stops when nobody does', async () => {
    const { watch, probes, timers, advance, comeBack } = watched();
    const left = new AbortController();
    const received: number[] = [];
    const note = ({ contextLength }: HelloMessage): void => void received.push(contextLength);
    void watch.back(new AbortController().signal, false).then(note);
    void watch.back(new AbortController().signal, false).then(note);
    void watch.back(left.signal, false).then(note);
    await advance(2500);
    expect(probes).toEqual([1000, 1000, 2000, 2000]);
    left.abort();
    comeBack();
    await advance(1000);
    expect(received).toEqual([64, 64]);
    await advance(5000);
    expect(probes.length).toBe(6);
    expect(timers.size).toBe(0);
  });

  it('looks at once where an edge may be back already', async () => {
    const { watch, probes, advance } = watched();
    void watch.back(new AbortController().signal, false);
    await advance(500);
    void watch.back(new AbortController().signal, true);
    await advance(0);
    expect(probes).toEqual([500, 500]);
    // The series that ran before has ended with it.
    await advance(1000);
    expect(probes).toEqual([500, 500, 1500, 1500]);
  });

  it('believes a loss for half a minute, tells of it once, and tells when it is over', async () => {
    const { watch, changes, advance, comeBack } = watched();
    expect(watch.isDown).toBe(false);
    watch.lost();
    watch.lost();
    expect(watch.isDown).toBe(true);
    await advance(30_000);
    expect(watch.isDown).toBe(false);
    watch.lost();
    await advance(29_999);
    // From the last loss.
    expect(watch.isDown).toBe(true);
    comeBack();
    void watch.back(new AbortController().signal, true);
    await advance(0);
    expect(watch.isDown).toBe(false);
    expect(changes).toEqual([true, false]);
  });

  it('never answers who has left', async () => {
    const { watch, probes, advance } = watched();
    void watch.back(AbortSignal.abort(), true);
    await advance(3000);
    expect(probes).toEqual([]);
  });
});
