// Strangers at a real port: what they may hold and send before they have shown a key, beside a device that is served.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { neutralSampling } from '../../src/core/decoding/sampling.ts';
import { subprotocol } from '../../src/network/transport/socket-connection.ts';
import { startTurn } from '../../src/processes/device/turn.ts';
import { startToyEdge, type ToyEdge, toyReference, toyTurn } from './toy-edge.ts';

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A WebSocket by hand; resolves after the edge's greeting. */
async function stranger({ port }: ToyEdge): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
  );
  await once(socket, 'data');
  return socket;
}

/** All but the last bytes of a frame of 1 MiB. */
function unfinishedFrame(bytes: number): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x82;
  head[1] = 0xff;
  head.writeBigUInt64BE(1_048_576n, 2);
  return Buffer.concat([head, Buffer.alloc(bytes, 1)]);
}

function received(socket: Socket): () => string {
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
  });
  return () => text;
}

async function expectServed(edge: ToyEdge): Promise<void> {
  expect((await startTurn(toyTurn(edge)).report).tokens).toEqual(await toyReference(neutralSampling, 60));
}

describe('connections without a session', () => {
  it('hold a bounded number of bytes of unfinished frames', async () => {
    await using edge = await startToyEdge({ connectionLimits: { unattachedBytes: 300_000 } });
    const strangers = await Promise.all(Array.from({ length: 4 }, () => stranger(edge)));
    const closes = strangers.map((socket) => once(socket, 'close'));
    for (const socket of strangers) socket.write(unfinishedFrame(140_000));
    // Two of them fit.
    await Promise.race(closes);
    await expect.poll(() => edge.edge.status.connections).toBe(2);
    await expectServed(edge);
  });

  it('are bounded in number, and a device is served beside them', async () => {
    await using edge = await startToyEdge({ connectionLimits: { unattached: 3 } });
    const strangers: Socket[] = [];
    for (let count = 0; count < 4; count += 1) strangers.push(await stranger(edge));
    await expect.poll(() => edge.edge.status.connections).toBe(3);
    await expect.poll(() => strangers[0]?.destroyed || strangers[0]?.readableEnded || strangers[0]?.closed).toBe(true);
    await expectServed(edge);
  });

  it('are closed when they do not attach in time, however they ping', async () => {
    await using edge = await startToyEdge({ connectionLimits: { attachMs: 150 } });
    const socket = await stranger(edge);
    const text = received(socket);
    // A masked frame with the protocol's own ping.
    const pinging = setInterval(() => socket.write(Buffer.from([0x82, 0x82, 0, 0, 0, 0, 0x05, 0x01])), 20);
    await expect.poll(text).toContain('silent');
    clearInterval(pinging);
  });

  it('may not flood with WebSocket pings', async () => {
    const rate = { framesPerSecond: 10, bytesPerSecond: 1e6, burstFrames: 50, burstBytes: 1e6 };
    await using edge = await startToyEdge({ rate });
    const socket = await stranger(edge);
    const text = received(socket);
    socket.write(Buffer.concat(Array.from({ length: 100 }, () => Buffer.from([0x89, 0x80, 0, 0, 0, 0]))));
    await expect.poll(text).toContain('rate-limited');
  });
});

describe('connections in total', () => {
  it('are refused beyond the limit, with a code', async () => {
    await using edge = await startToyEdge({ connectionLimits: { connections: 2, unattached: 2 } });
    await stranger(edge);
    await stranger(edge);
    const { outcome } = await startTurn(toyTurn(edge, { giveUpAfterMs: 100 })).report;
    expect(outcome).toMatchObject({ kind: 'failed', code: 'edge-full' });
  });
});
