// The rules of an edge's connections that time decides, on a clock that the test advances.

import { expect, it } from 'vitest';
import { type ConnectionLimits, defaultConnectionLimits } from '../src/core/protocol/edge/connection-limits.ts';
import { defaultRate, EdgeConnections } from '../src/core/protocol/edge/edge-connections.ts';
import { anyone } from '../src/core/protocol/edge/edge-key.ts';
import { testHello, testOpening } from '../src/core/protocol/edge/edge-session.fixture.ts';
import type { DeviceMessage, EdgeMessage } from '../src/core/protocol/wire/messages.ts';
import { byteWire, type FrameHandler } from '../src/core/protocol/wire/wire.ts';
import { createManualClock } from '../src/network/transport/manual-clock.contract.ts';

function bed(rate = defaultRate, connectionLimits?: ConnectionLimits) {
  const clock = createManualClock();
  const heard: EdgeMessage[] = [];
  const closed: string[] = [];
  const faults: unknown[] = [];
  const state = { isAttached: false, error: null as Error | null, writable: true };
  const deviceEnd = byteWire.device();
  const sink = {
    receive() {
      if (state.error !== null) throw state.error;
    },
    isAttached: () => state.isAttached,
    linkClosed: () => {},
    linkWritable: () => {},
  };
  const liveness = { pingAfterMs: 4000, lostAfterMs: 15_000 };
  const limited = connectionLimits === undefined ? {} : { connectionLimits };
  const settings = { hello: () => testHello, keyOf: () => anyone, rate, liveness, wire: byteWire, ...limited };
  const connections = new EdgeConnections(settings, clock, sink, { fault: (error) => void faults.push(error) });
  const handler: FrameHandler = connections.accept({
    get writable() {
      return state.writable;
    },
    send: (frame) => void heard.push(deviceEnd.unpack(frame)),
    close: (code, detail) => void closed.push(`${code}: ${detail}`),
  });
  const say = (message: DeviceMessage): void => handler.frame(deviceEnd.pack(message));
  return { clock, heard, closed, faults, state, connections, handler, say };
}

it('greets, and closes a connection that opens no session', () => {
  const { clock, heard, closed, say } = bed();
  expect(heard.map(({ kind }) => kind)).toEqual(['hello']);
  for (let atMs = 2000; atMs < 15_000; atMs += 2000) {
    clock.moveTo(atMs);
    say({ kind: 'ping', stamp: atMs });
  }
  clock.moveTo(15_000);
  expect(closed).toEqual(['silent: it is attached to no session']);
  expect(clock.pendingCount).toBe(0);
});

it('asks again later whether an attached connection still is, and closes it when it is silent', () => {
  const { clock, heard, closed, state, say } = bed();
  state.isAttached = true;
  for (let atMs = 4000; atMs <= 28_000; atMs += 4000) {
    clock.moveTo(atMs);
    say({ kind: 'ping', stamp: atMs });
  }
  expect(closed).toEqual([]);
  state.isAttached = false;
  clock.moveTo(30_000);
  expect(closed).toEqual(['silent: it is attached to no session']);
  expect(heard.filter(({ kind }) => kind === 'pong')).toHaveLength(7);

  const silent = bed();
  silent.state.isAttached = true;
  silent.clock.moveTo(15_000);
  expect(silent.closed).toEqual(['silent: nothing was received for too long']);
  expect(silent.heard.filter(({ kind }) => kind === 'ping').length).toBeGreaterThan(1);
});

it('leaves no timer behind when a connection is closed', () => {
  const { clock, connections } = bed();
  expect(clock.pendingCount).toBe(2);
  connections.closeAll('the edge is closing');
  expect(clock.pendingCount).toBe(0);
  expect(connections.count).toBe(0);
});

it('closes a connection that sends faster than an honest device, pings included', () => {
  const { closed, say } = bed({ framesPerSecond: 10, bytesPerSecond: 1e6, burstFrames: 3, burstBytes: 1e6 });
  for (let count = 0; count < 4; count += 1) say({ kind: 'ping', stamp: count });
  expect(closed).toEqual(['rate-limited: more frames or bytes than a draft needs']);
});

it('answers no ping of a peer that does not read', () => {
  const { heard, state, say } = bed();
  say({ kind: 'ping', stamp: 1 });
  state.writable = false;
  for (const stamp of [2, 3, 4]) say({ kind: 'ping', stamp });
  state.writable = true;
  say({ kind: 'ping', stamp: 5 });
  expect(heard.filter(({ kind }) => kind === 'pong')).toMatchObject([{ stamp: 1 }, { stamp: 5 }]);
});

it('tells the device of a refusal, and its operator of a bug', () => {
  const { heard, closed, faults, state, say } = bed();
  state.error = new TypeError('a bug');
  say({ kind: 'bye' });
  expect(heard.at(-1)).toMatchObject({ kind: 'refused', code: 'internal' });
  expect(closed).toHaveLength(1);
  expect(faults).toEqual([state.error]);
});

it('takes few frames, and few pings of any kind, of a connection that has shown no key', () => {
  const limits = { ...defaultConnectionLimits(8), framesBeforeKey: 5 };
  const pinging = bed(defaultRate, limits);
  for (let stamp = 0; stamp < 5; stamp += 1) pinging.say({ kind: 'ping', stamp });
  expect(pinging.closed).toEqual([]);
  pinging.say({ kind: 'ping', stamp: 5 });
  expect(pinging.closed).toEqual(['rate-limited: more frames than an attach needs']);
  expect(pinging.heard.filter(({ kind }) => kind === 'pong')).toHaveLength(5);

  const controlling = bed(defaultRate, limits);
  for (let count = 0; count < 6; count += 1) controlling.handler.control?.(125);
  expect(controlling.closed).toEqual(['rate-limited: more frames than an attach needs']);

  const known = bed(defaultRate, limits);
  known.say(testOpening());
  for (let stamp = 0; stamp < 100; stamp += 1) known.say({ kind: 'ping', stamp });
  expect(known.closed).toEqual([]);
});

it('counts a connection that has left its session among those without one', () => {
  const limits = { ...defaultConnectionLimits(8), unattachedBytes: 1000 };
  const { closed, connections, handler, state, say } = bed(defaultRate, limits);
  expect(connections.unattachedCount).toBe(1);
  state.isAttached = true;
  say(testOpening());
  expect(connections.unattachedCount).toBe(0);
  handler.arriving?.(900);
  expect(closed).toEqual([]);
  state.isAttached = false;
  say({ kind: 'bye' });
  say({ kind: 'ping', stamp: 1 });
  expect(connections.unattachedCount).toBe(1);
  handler.arriving?.(900);
  expect(closed).toEqual([]);
  handler.arriving?.(101);
  expect(closed).toEqual(['edge-unreachable: too many bytes before a session']);
});
