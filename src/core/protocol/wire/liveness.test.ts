import { expect, it } from 'vitest';
import type { Clock } from '../../basics/clock.ts';
import { Liveness } from './liveness.ts';

const settings = { pingAfterMs: 10, lostAfterMs: 35 };

/** What happens at which time, until the connection is lost. @param act called at each millisecond, before the timers */
function watched(act: (liveness: Liveness, nowMs: number) => void): string[] {
  let nowMs = 0;
  let timer: { readonly atMs: number; readonly action: () => void } | null = null;
  const clock: Clock = {
    nowMs: () => nowMs,
    after(delayMs, action) {
      timer = { atMs: nowMs + delayMs, action };
      return () => {
        timer = null;
      };
    },
  };
  const seen: string[] = [];
  const note = (what: string): void => void seen.push(`${what} ${nowMs}`);
  const liveness = new Liveness(clock, settings, { ping: () => note('ping'), lost: () => note('lost') });
  for (nowMs = 1; nowMs <= 60; nowMs += 1) {
    act(liveness, nowMs);
    const due = timer as { readonly atMs: number; readonly action: () => void } | null;
    if (due === null || due.atMs > nowMs) continue;
    timer = null;
    due.action();
  }
  return seen;
}

it('sends pings while nothing else is sent, and gives up a silent peer', () => {
  expect(watched(() => {})).toEqual(['ping 10', 'ping 20', 'ping 30', 'lost 35']);
});

it.each([
  [
    'a peer that sends much hears of a side that sends nothing',
    'received',
    ['ping 10', 'ping 20', 'ping 30', 'ping 40', 'ping 50', 'ping 60'],
  ],
  ['a peer that says nothing is lost, whatever is sent to it', 'sent', ['lost 35']],
] as const)('counts each way for itself: %s', (_what, way, seen) => {
  expect(watched((liveness) => liveness[way]())).toEqual(seen);
});

it('sends no ping beside other frames, and keeps a peer that sends', () => {
  const kept = watched((liveness) => {
    liveness.sent();
    liveness.received();
  });
  expect(kept).toEqual([]);
  expect(watched((liveness, nowMs) => nowMs === 15 && liveness.stop())).toEqual(['ping 10']);
});
