import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../network/transport/manual-clock.contract.ts';
import { type EdgeLogEvent, levelOf } from './edge-events.ts';
import { EventThrottle } from './event-throttle.ts';

const settings = { windowMs: 10_000, perAddress: 2, perKind: 5 };

function refusal(address: string, connection = 1): EdgeLogEvent {
  return { kind: 'refused', connection, address, code: 'unauthorized', cause: 'no such key', key: null };
}

function throttled() {
  const clock = createManualClock();
  const events: EdgeLogEvent[] = [];
  const throttle = new EventThrottle((event) => events.push(event), clock, settings);
  return { clock, events, throttle };
}

describe('EventThrottle', () => {
  it('says how many events of an address it held back, at the end of the window', () => {
    const { clock, events, throttle } = throttled();
    for (let count = 0; count < 1_000_000; count += 1) throttle.take(refusal('a'));
    expect(events).toHaveLength(2);
    clock.moveTo(10_000);
    expect(events.slice(2)).toEqual([
      { kind: 'more', of: 'refused', level: 'warn', code: 'unauthorized', address: 'a', count: 999_998, inMs: 10_000 },
    ]);
    throttle.take(refusal('a'));
    expect(events).toHaveLength(4);
  });

  it('lets other addresses pass, up to a number in all', () => {
    const { clock, events, throttle } = throttled();
    for (let address = 0; address < 100; address += 1) throttle.take(refusal(`${address}`));
    expect(events).toHaveLength(5);
    clock.moveTo(10_000);
    expect(events.slice(5)).toMatchObject([{ kind: 'more', address: null, count: 95 }]);
  });

  it('says the rest when it is closed, then nothing, and leaves no timer', () => {
    const { clock, events, throttle } = throttled();
    for (let count = 0; count < 3; count += 1) throttle.take(refusal('a'));
    throttle.close({ kind: 'closed' });
    throttle.take(refusal('a'));
    clock.moveTo(100_000);
    expect(events.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'more', 'closed']);
  });

  it('holds back no fault and nothing that an operator has to act on', () => {
    const { events, throttle } = throttled();
    for (let count = 0; count < 100; count += 1) throttle.take({ kind: 'engine-stalled' });
    expect(events).toHaveLength(100);
  });

  it('counts closings for what a device did as gravely as it tells them, apart from ordinary ones', () => {
    const { clock, events, throttle } = throttled();
    const closing = (by: 'device' | 'edge'): EdgeLogEvent => ({
      kind: 'connection-closed',
      connection: 1,
      address: 'a',
      code: 'rate-limited',
      detail: '',
      by,
      wasRefused: false,
    });
    for (let count = 0; count < 5; count += 1) throttle.take(closing('device'));
    for (let count = 0; count < 4; count += 1) throttle.take(closing('edge'));
    clock.moveTo(10_000);
    expect(events.slice(4)).toMatchObject([
      { kind: 'more', level: 'debug', count: 3 },
      { kind: 'more', level: 'warn', count: 2 },
    ]);
    expect(events.slice(4).map(levelOf)).toEqual(['debug', 'warn']);
  });

  it('tells refusals of one kind apart by code or reason, and those of no known address as one', () => {
    const { clock, events, throttle } = throttled();
    const request = (reason: string): EdgeLogEvent => ({ kind: 'upgrade-refused', address: null, reason, detail: '' });
    for (let count = 0; count < 4; count += 1) {
      throttle.take(request('origin'));
      throttle.take(request('subprotocol'));
      throttle.take(refusal('a'));
    }
    expect(events).toHaveLength(6);
    clock.moveTo(10_000);
    const more = { kind: 'more', level: 'warn', count: 2, inMs: 10_000 };
    expect(events.slice(6)).toEqual([
      { ...more, of: 'upgrade-refused', code: 'origin', address: 'unknown' },
      { ...more, of: 'upgrade-refused', code: 'subprotocol', address: 'unknown' },
      { ...more, of: 'refused', code: 'unauthorized', address: 'a' },
    ]);
  });

  it('lets more events of sessions pass than of strangers, but not any number', () => {
    const { events, throttle } = throttled();
    for (let session = 0; session < 3000; session += 1) throttle.take({ kind: 'session-lost', session, address: 'a' });
    expect(events).toHaveLength(2000);
  });

  it('passes on what says how many were held back elsewhere', () => {
    const { events, throttle, clock } = throttled();
    const more: EdgeLogEvent = {
      kind: 'more',
      of: 'refused',
      level: 'warn',
      code: null,
      address: null,
      count: 5,
      inMs: 1,
    };
    for (let count = 0; count < 10; count += 1) throttle.take(more);
    expect(events).toHaveLength(10);
    expect(clock.pendingCount).toBe(0);
  });

  it('has one timer for a window, and begins another window with the next event', () => {
    const { clock, events, throttle } = throttled();
    throttle.take(refusal('a'));
    throttle.take(refusal('b'));
    expect(clock.pendingCount).toBe(1);
    throttle.flush();
    expect(clock.pendingCount).toBe(0);
    clock.moveTo(5000);
    for (let count = 0; count < 3; count += 1) throttle.take(refusal('a'));
    clock.moveTo(14_999);
    expect(events).toHaveLength(4);
    clock.moveTo(15_000);
    expect(events.slice(4)).toMatchObject([{ kind: 'more', count: 1 }]);
  });
});
