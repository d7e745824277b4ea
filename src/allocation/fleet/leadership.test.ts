import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Found, Written } from './fleet-store.ts';
import {
  epochLed,
  freshLeadership,
  type Leadership,
  type LeaseAsk,
  type LeaseEvent,
  stepLeadership,
  leaseTimes as times,
} from './leadership.ts';
import { MemoryFleetStore } from './memory-fleet-store.ts';

const ofAnother = { kind: 'found', record: { value: 'another', revision: 7 } } as const;

/** A controller whose store is the test. */
function controller() {
  let state: Leadership = freshLeadership('me');
  const step = (event: LeaseEvent): LeaseAsk | null => {
    const next = stepLeadership(state, event, times);
    state = next.state;
    return next.ask;
  };
  const due = (nowMs: number): LeaseAsk | null => step({ kind: 'due', nowMs });
  const answer = (ask: LeaseAsk | null, sentAtMs: number, given: Written | Found, nowMs: number): void => {
    if (ask !== null) step({ kind: 'answered', ask, sentAtMs, answer: given, nowMs });
  };
  return {
    due,
    see: (value: string, revision: number, nowMs: number) =>
      step({ kind: 'changed', record: { value, revision }, nowMs }),
    answer,
    /** Asks at `sentAtMs`, and is answered. */
    ask(sentAtMs: number, given: Written | Found, nowMs = sentAtMs): LeaseAsk | null {
      const ask = due(sentAtMs);
      answer(ask, sentAtMs, given, nowMs);
      return ask;
    },
    leave: (nowMs: number) => step({ kind: 'leaving', nowMs }),
    epoch: (nowMs: number) => epochLed(state, nowMs),
    get dueAtMs() {
      return state.dueAtMs;
    },
  };
}

/** One that leads by revision 3, from 0 ms on. */
function leader() {
  const one = controller();
  one.ask(0, { kind: 'found', record: null });
  one.ask(0, { kind: 'done', revision: 3 });
  return one;
}

describe('a controller that leads', () => {
  it('has taken a lease that never was, with the revision as its epoch', () => {
    const one = controller();
    expect(one.ask(0, { kind: 'found', record: null })).toEqual({ kind: 'get' });
    expect(one.epoch(0)).toBeNull();
    expect(one.ask(0, { kind: 'done', revision: 3 })).toEqual({ kind: 'acquire', over: 0 });
    expect(one.epoch(0)).toBe(3);
  });

  it('renews over its last write and keeps its epoch, until 10 s after the last confirmed renewal was sent', () => {
    const one = leader();
    expect(one.due(1999)).toBeNull();
    expect(one.ask(2000, { kind: 'done', revision: 5 }, 3400)).toEqual({ kind: 'renew', revision: 3 });
    expect([one.epoch(11_999), one.epoch(12_000)]).toEqual([3, null]);
  });

  it('counts a renewal that it has seen before its answer', () => {
    const one = leader();
    const ask = one.due(2000);
    one.see('me', 4, 2001);
    expect(one.epoch(11_000)).toBeNull();
    one.answer(ask, 2000, { kind: 'done', revision: 4 }, 2002);
    expect(one.epoch(11_000)).toBe(3);
  });

  it('asks again where an answer is lost, adopts a renewal that was done, and leads again with the same epoch', () => {
    const one = leader();
    expect(one.due(2000)).toEqual({ kind: 'renew', revision: 3 });
    expect(one.due(2000 + times.askAgainMs - 1)).toBeNull();
    expect(one.epoch(11_000)).toBeNull();
    expect(one.ask(11_000, { kind: 'found', record: { value: 'me', revision: 4 } })).toEqual({ kind: 'get' });
    expect(one.ask(11_000, { kind: 'done', revision: 5 })).toEqual({ kind: 'renew', revision: 4 });
    expect(one.epoch(11_000)).toBe(3);
  });

  it.each([
    ['its renewal is refused', (one: ReturnType<typeof leader>) => one.ask(2000, { kind: 'refused' })],
    ['it sees the lease of another', (one: ReturnType<typeof leader>) => one.see('another', 4, 2000)],
    ['the lease was released by another', (one: ReturnType<typeof leader>) => one.see('', 4, 2000)],
    ['it leaves', (one: ReturnType<typeof leader>) => one.leave(2000)],
  ])('no longer does when %s', (_what, act) => {
    const one = leader();
    act(one);
    expect(one.epoch(2000)).toBeNull();
  });

  it('passes over what was written before its own last write', () => {
    const one = leader();
    one.see('another', 2, 100);
    one.see('', 1, 100);
    expect(one.epoch(100)).toBe(3);
  });

  it('releases its lease as it leaves, and asks nothing more', () => {
    const one = leader();
    expect(one.leave(100)).toEqual({ kind: 'release', revision: 3 });
    expect(one.dueAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a controller that waits', () => {
  it('takes a lease that has not changed for 15 s, not earlier', () => {
    const one = controller();
    one.ask(0, ofAnother);
    const asked = [2000, 9000, 14_999].map((atMs) => one.ask(atMs, ofAnother)?.kind);
    expect(asked).toEqual(['get', 'get', 'get']);
    expect(one.dueAtMs).toBe(15_000);
    expect(one.due(15_000)).toEqual({ kind: 'acquire', over: 7 });
  });

  it('counts again from a renewal that it has seen, by either way', () => {
    const one = controller();
    one.ask(0, ofAnother);
    one.ask(10_000, { kind: 'found', record: { value: 'another', revision: 8 } });
    one.see('another', 9, 20_000);
    expect(one.ask(34_999, { kind: 'found', record: { value: 'another', revision: 9 } })?.kind).toBe('get');
    expect(one.due(35_000)).toEqual({ kind: 'acquire', over: 9 });
  });

  it('takes a released lease at once', () => {
    const one = controller();
    one.ask(0, ofAnother);
    one.see('', 8, 1000);
    expect(one.due(1000)).toEqual({ kind: 'acquire', over: 8 });
  });

  it('takes a lease at once that is its own by a write whose answer was lost, with another epoch', () => {
    const one = controller();
    one.ask(0, { kind: 'found', record: null });
    expect(one.due(0)).toEqual({ kind: 'acquire', over: 0 });
    expect(one.ask(1500, { kind: 'found', record: { value: 'me', revision: 4 } })).toEqual({ kind: 'get' });
    expect(one.ask(1500, { kind: 'done', revision: 6 })).toEqual({ kind: 'acquire', over: 4 });
    expect(one.epoch(1500)).toBe(6);
  });

  it('waits where a lease has gone that was there: its leader may not know', () => {
    const one = controller();
    one.ask(0, ofAnother);
    one.ask(2000, { kind: 'found', record: null });
    expect(one.ask(16_999, { kind: 'found', record: null })).toEqual({ kind: 'get' });
    expect(one.due(17_000)).toEqual({ kind: 'acquire', over: 0 });
  });

  it('passes over an answer that came after another one has written', () => {
    const one = controller();
    one.ask(0, { kind: 'found', record: null });
    const ask = one.due(0);
    one.see('another', 9, 100);
    one.answer(ask, 0, { kind: 'done', revision: 8 }, 200);
    expect(ask).toEqual({ kind: 'acquire', over: 0 });
    expect(one.epoch(200)).toBeNull();
  });

  it('leads where it has seen the lease that it takes before the answer', () => {
    const one = controller();
    one.ask(0, { kind: 'found', record: null });
    const ask = one.due(0);
    one.see('me', 8, 100);
    one.answer(ask, 0, { kind: 'done', revision: 8 }, 200);
    expect([one.epoch(9999), one.epoch(10_000)]).toEqual([8, null]);
  });

  it('pauses after a request that failed or was refused', () => {
    const one = controller();
    one.ask(0, { kind: 'found', record: null });
    one.ask(0, { kind: 'refused' });
    expect(one.due(times.pauseMs - 1)).toBeNull();
    expect(one.due(times.pauseMs)).toEqual({ kind: 'get' });
  });
});

/** One step of a made-up world: time passes for all, or something on its way arrives, or is lost. */
const move = fc.oneof(
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 4000 }) }),
  fc.record({ kind: fc.constantFrom('arrive' as const, 'lose' as const), which: fc.nat(), who: fc.nat({ max: 2 }) }),
);

it('whatever is late or lost, no two lead at once, with clocks that differ by a fifth', () => {
  fc.assert(
    fc.property(fc.array(move, { minLength: 200, maxLength: 400 }), (moves) => {
      const store = new MemoryFleetStore();
      let trueMs = 0;
      const all = [0.9, 1, 1.1].map((rate, index) => {
        const way: (() => void)[] = [];
        const client = store.open((action) => way.push(action));
        const one = { state: freshLeadership(`controller ${index}`), rate, way, client };
        client.watch('lease', (record) => step({ kind: 'changed', record, nowMs: trueMs * rate }));
        function step(event: LeaseEvent): void {
          const next = stepLeadership(one.state, event, times);
          one.state = next.state;
          if (next.ask !== null) send(next.ask);
        }
        function send(ask: LeaseAsk): void {
          const sentAtMs = trueMs * rate;
          const answered = (answer: Written | Found): void =>
            step({ kind: 'answered', ask, sentAtMs, answer, nowMs: trueMs * rate });
          if (ask.kind === 'get') client.get('lease', answered);
          else if (ask.kind === 'acquire') client.acquire('lease', one.state.me, ask.over, answered);
          else client.renew('lease', one.state.me, ask.revision, answered);
        }
        return { ...one, step, epoch: () => epochLed(one.state, trueMs * rate) };
      });
      let highest = 0;
      for (const one of moves) {
        if (one.kind === 'pass') trueMs += one.ms;
        else {
          const { way } = all[one.who] as (typeof all)[number];
          const [action] = way.splice(one.which % Math.max(1, way.length), 1);
          if (one.kind === 'arrive') action?.();
        }
        for (const { step, rate } of all) step({ kind: 'due', nowMs: trueMs * rate });
        const epochs = all.flatMap(({ epoch }) => epoch() ?? []);
        expect(epochs.length).toBeLessThanOrEqual(1);
        expect(Math.min(...epochs)).toBeGreaterThanOrEqual(highest);
        highest = Math.max(highest, ...epochs);
      }
    }),
  );
});
