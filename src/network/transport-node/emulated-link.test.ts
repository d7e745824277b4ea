import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { LinkSettings } from '../../core/protocol/wire/link-model.ts';
import { idealLink } from '../../core/protocol/wire/link-model-settings.ts';
import { createEmulatedLink } from '../transport/emulated-link.ts';
import { createInMemoryNetwork } from '../transport/in-memory.ts';
import { createManualClock } from '../transport/manual-clock.contract.ts';
import { transportContract, type Witness, witness } from '../transport/transport.contract.ts';
import type { Connection, ConnectionHandler } from '../transport/transport.ts';
import { connectWebSocket } from './websocket-client.ts';
import { listenWebSocket } from './websocket-server.ts';

const quickLink: LinkSettings = {
  ...idealLink,
  roundTripMs: 2,
  jitterMs: 1,
  uplinkBitsPerSecond: 1e9,
  downlinkBitsPerSecond: 1e9,
};

describe('emulated link over WebSocket, cut', () =>
  transportContract(async (accept, maxFrameBytes) => {
    const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, maxFrameBytes }, accept);
    const link = createEmulatedLink(connectWebSocket(`ws://127.0.0.1:${listener.port}`, { maxFrameBytes }), quickLink);
    return { connect: link.connect, vanish: link.cut, close: () => listener.close() };
  }));

describe('emulated link over WebSocket, broken behind the link', () =>
  transportContract(async (accept, maxFrameBytes) => {
    const server = createServer();
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, server, maxFrameBytes }, accept);
    const link = createEmulatedLink(connectWebSocket(`ws://127.0.0.1:${listener.port}`, { maxFrameBytes }), quickLink);
    const vanish = (): void => {
      for (const socket of sockets) socket.destroy();
    };
    return { connect: link.connect, vanish, close: () => listener.close() };
  }));

/** An emulated link in virtual time in front of an ideal network. */
function virtualLink(changes: Partial<LinkSettings>) {
  const clock = createManualClock();
  const edges: Witness[] = [];
  const devices: Witness[] = [];
  const network = createInMemoryNetwork(
    (connection) => {
      const edge = witness(connection, (bytes) => connection.send(bytes));
      edges.push(edge);
      return edge.handler;
    },
    { clock },
  );
  const link = createEmulatedLink(network.connect, { ...idealLink, ...changes }, clock);
  const connect = (signal?: AbortSignal) =>
    link.connect(
      (connection) => {
        const device = witness(connection);
        devices.push(device);
        return device.handler;
      },
      signal === undefined ? {} : { signal },
    );
  /** Advances time in small steps, with turns of the event loop between them for promises. */
  const moveTo = async (untilMs: number): Promise<void> => {
    for (let atMs = clock.nowMs(); atMs <= untilMs; atMs += 0.5) {
      clock.moveTo(atMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, edges, devices, link, connect, moveTo };
}

describe('emulated link', () => {
  it('takes two round trips to connect, then delivers the first frames of the edge, and takes one round trip for an answer', async () => {
    const { connect, devices, edges, moveTo } = virtualLink({ roundTripMs: 20 });
    const connecting = connect();
    await moveTo(29);
    expect(edges).toHaveLength(0);
    await moveTo(30);
    edges[0]?.connection.send(Uint8Array.of(9));
    await moveTo(39);
    expect(devices).toHaveLength(0);
    await moveTo(40);
    expect(devices[0]?.frames.map((bytes) => [...bytes])).toEqual([[9]]);
    (await connecting).send(Uint8Array.of(1));
    await moveTo(49);
    expect(edges[0]?.frames).toHaveLength(0);
    await moveTo(50);
    expect(edges[0]?.frames).toHaveLength(1);
    await moveTo(59);
    expect(devices[0]?.connection.receivedFrames).toBe(1);
    await moveTo(60);
    expect(devices[0]?.connection.receivedFrames).toBe(2);
  });

  it('delays the closes of both sides like frames', async () => {
    const { connect, devices, edges, moveTo } = virtualLink({ roundTripMs: 20 });
    const connecting = connect();
    await moveTo(40);
    const connection = await connecting;
    connection.close('done', '');
    await moveTo(49);
    expect(edges[0]?.reasons).toHaveLength(0);
    await moveTo(50);
    expect(edges[0]?.reasons).toMatchObject([{ by: 'peer', code: 'done' }]);
    await moveTo(59);
    expect(devices[0]?.reasons).toHaveLength(0);
    await moveTo(60);
    expect(devices[0]?.reasons).toMatchObject([{ by: 'us', code: 'done' }]);
  });

  it('holds frames of both directions during an outage, and loses none', async () => {
    const { connect, devices, edges, moveTo } = virtualLink({ outages: [{ startMs: 10, endMs: 200 }] });
    const connection = await Promise.all([connect(), moveTo(5)]).then(([made]) => made);
    connection.send(Uint8Array.of(1));
    await moveTo(10);
    edges[0]?.connection.send(Uint8Array.of(2));
    connection.send(Uint8Array.of(3));
    await moveTo(199);
    expect([edges[0]?.frames.length, devices[0]?.frames.length]).toEqual([1, 1]);
    await moveTo(202);
    expect(edges[0]?.frames.map((bytes) => bytes[0])).toEqual([1, 3]);
    expect(devices[0]?.frames.map((bytes) => bytes[0])).toEqual([1, 2, 3]);
  });

  it('shares its rate between the connections of a device', async () => {
    // 950 bytes and 50 of headers take one millisecond.
    const { connect, edges, moveTo } = virtualLink({ uplinkBitsPerSecond: 8e6 });
    const [first, second] = await Promise.all([connect(), connect(), moveTo(10)]);
    for (let count = 0; count < 5; count++) first.send(new Uint8Array(950));
    second.send(new Uint8Array(950));
    await moveTo(15);
    expect(edges.map((edge) => edge.frames.length)).toEqual([5, 0]);
    await moveTo(16);
    expect(edges.map((edge) => edge.frames.length)).toEqual([5, 1]);
  });

  it('is writable only while the network behind it is', async () => {
    const clock = createManualClock();
    let innerWritable = true;
    let innerHandler: ConnectionHandler | undefined;
    const inner = { send: () => {}, close: () => {} } as unknown as Connection;
    Object.defineProperty(inner, 'writable', { get: () => innerWritable });
    const link = createEmulatedLink(
      async (accept) => {
        innerHandler = accept(inner);
        return inner;
      },
      idealLink,
      clock,
    );
    let device: Witness | undefined;
    const connecting = link.connect((connection) => {
      const made = witness(connection);
      device = made;
      return made.handler;
    });
    clock.moveTo(1);
    const connection = await connecting;
    expect(connection.writable).toBe(true);
    innerWritable = false;
    expect(connection.writable).toBe(false);
    innerWritable = true;
    innerHandler?.writable();
    expect([connection.writable, device?.writableCount]).toEqual([true, 1]);
  });

  it('loses frames in flight and attempts to connect when it is cut, and works again afterwards', async () => {
    const { connect, devices, edges, link, moveTo } = virtualLink({ roundTripMs: 20 });
    const connecting = connect();
    await moveTo(40);
    (await connecting).send(Uint8Array.of(1));
    edges[0]?.connection.send(Uint8Array.of(2));
    const attempt = connect();
    await moveTo(45);
    link.cut();
    await expect(attempt).rejects.toMatchObject({ code: 'edge-unreachable' });
    await moveTo(100);
    expect([edges[0]?.frames, devices[0]?.frames]).toEqual([[], []]);
    for (const end of [edges[0], devices[0]]) expect(end?.reasons).toMatchObject([{ by: 'network' }]);
    const again = connect();
    await moveTo(140);
    (await again).send(Uint8Array.of(4));
    await moveTo(160);
    expect(devices[1]?.frames).toHaveLength(1);
  });

  it.each([
    ['before the edge knows of it', 20, 0],
    ['before the edge’s answer is here', 35, 1],
  ])('can be aborted or cut while it connects, %s', async (_when, atMs, edgeCount) => {
    for (const end of ['abort', 'cut'] as const) {
      const { connect, devices, edges, link, moveTo } = virtualLink({ roundTripMs: 20 });
      const controller = new AbortController();
      const attempt = connect(controller.signal);
      await moveTo(atMs);
      if (end === 'abort') controller.abort();
      else link.cut();
      await expect(attempt).rejects.toMatchObject({ code: end === 'abort' ? 'interrupted' : 'edge-unreachable' });
      await moveTo(100);
      expect(devices).toHaveLength(0);
      expect(edges.map((edge) => edge.reasons.map(({ by }) => by))).toEqual(edgeCount === 0 ? [] : [['network']]);
    }
  });

  it('makes no attempt that was aborted before it began, and waits for nothing then', async () => {
    const { connect, edges, moveTo } = virtualLink({ roundTripMs: 20 });
    let code: unknown;
    connect(AbortSignal.abort()).catch((error) => {
      code = error.code;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(code).toBe('interrupted');
    await moveTo(100);
    expect(edges).toHaveLength(0);
  });

  it('closes a connection that comes after the attempt was given up', async () => {
    const clock = createManualClock();
    const closes: string[] = [];
    const inner = { writable: true, send: () => {}, close: (code: string) => closes.push(code) };
    const reached = Promise.withResolvers<void>();
    const link = createEmulatedLink(
      async (accept) => {
        await reached.promise;
        accept(inner as unknown as Connection);
        return inner as unknown as Connection;
      },
      idealLink,
      clock,
    );
    const aborted = new AbortController();
    const attempt = link.connect(() => ({ frame: () => {}, writable: () => {}, closed: () => {} }), {
      signal: aborted.signal,
    });
    clock.moveTo(1);
    aborted.abort();
    await expect(attempt).rejects.toMatchObject({ code: 'interrupted' });
    expect(closes).toEqual([]);
    reached.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(closes).toEqual(['edge-unreachable']);
  });
});
