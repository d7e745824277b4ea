// What an edge keeps of its connections, and what it tells of them.

import { describe, expect, it } from 'vitest';
import type { ConnectionLimits } from '../src/core/protocol/edge/connection-limits.ts';
import { defaultRate, EdgeConnections } from '../src/core/protocol/edge/edge-connections.ts';
import { anyone, type EdgeKey, edgeKey } from '../src/core/protocol/edge/edge-key.ts';
import { testHello, testOpening } from '../src/core/protocol/edge/edge-session.fixture.ts';
import { type DeviceMessage, type EdgeMessage, protocolVersion } from '../src/core/protocol/wire/messages.ts';
import { byteWire, type Frame, type FrameConnection, type FrameHandler } from '../src/core/protocol/wire/wire.ts';
import { createManualClock } from '../src/network/transport/manual-clock.contract.ts';

const unlimited: ConnectionLimits = {
  connections: 1000,
  unattached: 1000,
  unattachedBytes: 1e9,
  attachMs: 15_000,
  framesBeforeKey: 1000,
};

/** Several connections at an edge with limits. A connection is attached to a session as soon as a test says so. */
function limitedBed(limits: Partial<ConnectionLimits> = {}, keyOf = (_shown: string): EdgeKey | null => anyone) {
  const clock = createManualClock();
  const attached = new Set<number>();
  const told: unknown[] = [];
  const sink = {
    receive: (link: number, message: DeviceMessage, key: EdgeKey | null) => void told.push([link, message, key]),
    isAttached: (link: number) => attached.has(link),
    linkClosed: (link: number) => void told.push([link, 'closed']),
    linkWritable: (link: number, isWritable: boolean) => void told.push([link, isWritable ? 'writable' : 'full']),
  };
  const noted: unknown[] = [];
  const liveness = { pingAfterMs: 4000, lostAfterMs: 15_000 };
  const connectionLimits = { ...unlimited, ...limits };
  const settings = { hello: () => testHello, keyOf, rate: defaultRate, liveness, wire: byteWire, connectionLimits };
  const connections = new EdgeConnections<Stranger['carrier']>(settings, clock, sink, {
    received: ({ name }, { kind }) => noted.push([name, 'received', kind]),
    sending: ({ name }, { kind }, isWritable) => noted.push([name, 'sending', kind, isWritable]),
    closing: ({ name }, code, detail) => noted.push([name, 'closing', code, detail]),
    admitted: ({ name }, key) => noted.push([name, 'admitted', key.id]),
    fault: (error) => noted.push(['fault', error]),
  });
  const connect = (name: string, address?: string): Stranger => {
    const wire = byteWire.device();
    const heard: EdgeMessage[] = [];
    const closed: string[] = [];
    const carrier = {
      name,
      address,
      writable: true,
      send: (frame: Frame) => void heard.push(wire.unpack(frame)),
      close: (code: string, detail: string) => void closed.push(`${code}: ${detail}`),
    };
    const handler = connections.accept(carrier);
    const say = (message: DeviceMessage): void => handler.frame(wire.pack(message));
    return { carrier, handler, heard, closed, say };
  };
  return { clock, connections, connect, attached, told, noted };
}

interface Stranger {
  readonly carrier: FrameConnection<EdgeMessage> & { readonly name: string; writable: boolean };
  readonly handler: FrameHandler;
  readonly heard: EdgeMessage[];
  readonly closed: string[];
  readonly say: (message: DeviceMessage) => void;
}

describe('limits of connections', () => {
  it('are kept in total: a further one is refused, and takes nobody’s place', () => {
    const { connect, connections } = limitedBed({ connections: 2 });
    const [one, two, three] = ['1', '2', '3'].map((name) => connect(name));
    expect(one?.closed).toEqual([]);
    expect(two?.closed).toEqual([]);
    expect(three?.heard.map(({ kind }) => kind)).toEqual(['hello', 'refused']);
    expect(three?.heard[1]).toMatchObject({ code: 'edge-full', cause: 'the edge has 2 connections' });
    expect(three?.closed).toEqual(['edge-full: the edge has 2 connections']);
    expect(connections.count).toBe(2);
  });

  it('are kept for those without a session: the oldest of the address with the most is dropped', () => {
    const { connect, connections, attached, noted, told } = limitedBed({ unattached: 2 });
    const served = connect('served', 'a');
    attached.add(1);
    served.say({ kind: 'ping', stamp: 1 });
    const [lonely, first] = [connect('lonely', 'b'), connect('first', 'c')];
    expect(connections.unattachedCount).toBe(2);
    lonely.say({ kind: 'ping', stamp: 1 });
    expect([connections.unattachedCount, told]).toEqual([2, []]);
    const second = connect('second', 'c');
    expect([served, lonely, first, second].map(({ closed }) => closed)).toEqual([
      [],
      [],
      ['edge-unreachable: too many connections without a session'],
      [],
    ]);
    expect(noted).toContainEqual(['first', 'closing', 'edge-full', 'too many connections without a session']);
    expect([connections.count, connections.unattachedCount]).toEqual([3, 2]);
    // What was dropped says and brings nothing more.
    first.say({ kind: 'ping', stamp: 1 });
    first.handler.control?.(1e9);
    first.handler.arriving?.(1e9);
    expect(first.closed).toHaveLength(1);
    expect(first.heard).toHaveLength(1);
    second.handler.closed();
    expect(connections.unattachedCount).toBe(1);
  });

  it('take connections whose address is unknown for those of one', () => {
    const { connect } = limitedBed({ unattached: 2 });
    const [known, unknown] = [connect('known', 'a'), connect('unknown')];
    connect('another');
    expect(known.closed).toEqual([]);
    expect(unknown.closed).toHaveLength(1);
  });

  it('are kept for bytes before a session, frames and unfinished ones together', () => {
    const { connect, noted } = limitedBed({ unattachedBytes: 1000 });
    const [small, large] = [connect('small', 'a'), connect('large', 'b')];
    small.handler.arriving?.(400);
    large.handler.arriving?.(600);
    expect(large.closed).toEqual([]);
    small.handler.arriving?.(1);
    expect(small.closed).toEqual([]);
    expect(large.closed).toEqual(['edge-unreachable: too many bytes before a session']);
    expect(noted).toContainEqual(['large', 'closing', 'edge-full', 'too many bytes before a session']);
  });

  it('end for a connection that is attached; then only an unfinished frame has a limit', () => {
    const { connect, connections, attached, noted } = limitedBed({ unattachedBytes: 1000 });
    const device = connect('device', 'a');
    attached.add(1);
    device.say({ kind: 'ping', stamp: 1 });
    expect(connections.unattachedCount).toBe(0);
    device.handler.arriving?.(262_144);
    device.say({ kind: 'ping', stamp: 2 });
    device.handler.arriving?.(200_000);
    device.handler.arriving?.(62_144);
    expect(device.closed).toEqual([]);
    device.handler.arriving?.(1);
    expect(device.closed).toEqual(['edge-unreachable: an unfinished frame over the limit']);
    expect(noted).toContainEqual(['device', 'closing', 'protocol-error', 'an unfinished frame over the limit']);
    device.handler.arriving?.(1);
    expect(device.closed).toHaveLength(1);
  });

  it('let an opening be larger than other frames while it arrives', () => {
    const { connect } = limitedBed();
    const stranger = connect('stranger');
    stranger.handler.arriving?.(1_000_000);
    expect(stranger.closed).toEqual([]);
  });

  it('count a carrier’s own frames as any other', () => {
    const { connect } = limitedBed();
    const { handler, closed } = connect('pinging');
    handler.control?.(defaultRate.burstBytes);
    expect(closed).toEqual([]);
    handler.control?.(1);
    expect(closed).toEqual(['rate-limited: more frames or bytes than a draft needs']);
  });

  it('give a new connection attachMs, and an attached one the time of a silent one', () => {
    const { clock, connect, attached } = limitedBed({ attachMs: 5000 });
    const [stranger, device] = [connect('stranger'), connect('device')];
    attached.add(2);
    clock.moveTo(4999);
    expect(stranger.closed).toEqual([]);
    clock.moveTo(5000);
    expect(stranger.closed).toEqual(['silent: it is attached to no session']);
    attached.delete(2);
    for (const atMs of [10_000, 19_999]) {
      clock.moveTo(atMs);
      device.say({ kind: 'ping', stamp: 1 });
    }
    expect(device.closed).toEqual([]);
    clock.moveTo(20_000);
    expect(device.closed).toEqual(['silent: it is attached to no session']);
  });
});

describe('a connection of an edge', () => {
  it('shows its key once; the session gets the key, and nobody the credentials', () => {
    const key = edgeKey('k');
    const { connect, told, noted } = limitedBed({}, (shown) => (shown === 'secret' ? key : null));
    const [device, other] = [connect('device'), connect('other')];
    device.say(testOpening({ credentials: 'secret' }));
    device.say({ kind: 'ack', length: 3 });
    expect(told).toEqual([
      [1, testOpening({ credentials: '' }), key],
      [1, { kind: 'ack', length: 3 }, key],
    ]);
    expect(noted).toContainEqual(['device', 'admitted', 'k']);
    expect(noted).toContainEqual(['device', 'received', 'open']);
    const resume = { kind: 'resume', version: protocolVersion, padding: 0, session: '11'.repeat(16) } as const;
    device.say({ ...resume, credentials: 'secret', attempt: 2, length: 3 });
    expect(told.at(-1)).toEqual([1, { ...resume, credentials: '', attempt: 2, length: 3 }, key]);
    other.say(testOpening({ credentials: 'wrong' }));
    expect(other.closed).toEqual(['unauthorized: the edge does not know this key']);
    expect(told.at(-1)).toEqual([2, 'closed']);
    expect(noted).not.toContainEqual(['other', 'admitted', 'k']);
    expect(noted.some((note) => (note as unknown[])[0] === 'fault')).toBe(false);
  });

  it('reports a queue that a frame has filled, once, and again when it has room', () => {
    const { connections, connect, told, noted } = limitedBed();
    const device = connect('device');
    device.carrier.writable = false;
    connections.send(1, { kind: 'gone' });
    connections.send(1, { kind: 'gone' });
    expect(told).toEqual([[1, 'full']]);
    device.handler.writable(true);
    device.handler.writable(true);
    expect(told).toEqual([
      [1, 'full'],
      [1, 'writable'],
    ]);
    expect(noted.slice(-2)).toEqual([
      ['device', 'sending', 'gone', true],
      ['device', 'sending', 'gone', false],
    ]);
  });

  it('is not heard, told or closed after its end', () => {
    const { connections, connect, told, noted } = limitedBed();
    const device = connect('device');
    connections.close(1, 'done', 'enough');
    expect(noted.at(-1)).toEqual(['device', 'closing', 'done', 'enough']);
    noted.length = 0;
    device.say({ kind: 'ping', stamp: 1 });
    device.handler.writable(false);
    device.handler.closed();
    connections.send(1, { kind: 'gone' });
    connections.close(1, 'done', 'again');
    expect([device.heard.length, device.closed, noted]).toEqual([1, ['done: enough'], []]);
    expect(told).toEqual([[1, 'closed']]);
    expect(connections.carrier(1)).toBeUndefined();
  });

  it('has a number of its own, by which it is found', () => {
    const { connections, connect } = limitedBed();
    const [, two] = [connect('one'), connect('two')];
    expect(connections.carrier(2)).toBe(two?.carrier);
    expect(connections.find(({ name }) => name === 'two')).toBe(2);
    expect(connections.find(({ name }) => name === 'three')).toBeUndefined();
  });

  it('pings with whole milliseconds, and only when it has sent nothing for a while', () => {
    const { clock, connections, connect } = limitedBed();
    clock.moveTo(0.75);
    const device = connect('device');
    clock.moveTo(2000);
    connections.send(1, { kind: 'gone' });
    clock.moveTo(8000);
    expect(device.heard.map(({ kind }) => kind)).toEqual(['hello', 'gone']);
    clock.moveTo(8001);
    expect(device.heard.at(-1)).toEqual({ kind: 'ping', stamp: 8000 });
  });

  it('leaves nothing when the process crashes', () => {
    const { clock, connections, connect, attached, told } = limitedBed({ unattached: 1 });
    const { carrier, closed } = connect('device');
    attached.add(1);
    expect(connections.abandon()).toEqual([carrier]);
    clock.moveTo(60_000);
    expect([connections.count, connections.unattachedCount, closed, told]).toEqual([0, 0, [], []]);
  });
});
