// What a port does with requests that ask for no connection, or ask in a wrong way.

import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { until, witness } from '../transport/transport.contract.ts';
import type { Connection, Listener } from '../transport/transport.ts';
import type { UpgradeRefusal } from './upgrade-guard.ts';
import { type ListenSettings, listenWebSocket } from './websocket-server.ts';

const opened: Listener[] = [];

afterEach(async () => {
  for (const listener of opened.splice(0)) await listener.close();
});

async function listen(settings: Partial<ListenSettings>): Promise<Listener> {
  const accept = (connection: Parameters<typeof witness>[0]) => witness(connection).handler;
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, ...settings }, accept);
  opened.push(listener);
  return listener;
}

async function openRaw(port: number, protocol: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, protocol);
  await once(socket, 'open');
}

describe('bytes that are no request', () => {
  it('are answered with 400, and reported', async () => {
    const refusals: UpgradeRefusal[] = [];
    const { port } = await listen({ onRefused: (refusal: UpgradeRefusal) => void refusals.push(refusal) });
    const socket = connectTcp(port, '127.0.0.1');
    socket.write('\u0000\u0001no http\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    expect(refusals).toMatchObject([{ reason: 'request', address: '127.0.0.1' }]);
    socket.destroy();
  });

  it('which never become a request are answered with 408 in time, and reported', async () => {
    const refusals: UpgradeRefusal[] = [];
    const onRefused = (refusal: UpgradeRefusal): void => void refusals.push(refusal);
    const { port } = await listen({ onRefused, portLimits: { requestMs: 100 } });
    const socket = connectTcp(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
    expect(refusals).toMatchObject([{ reason: 'request', detail: 'a request that was not complete in time' }]);
    socket.destroy();
  });

  it('that ask for no connection are answered once a connection, however many come', async () => {
    let count = 0;
    const { port } = await listen({
      onRequest: (_request, response) => {
        count += 1;
        response.end('here');
      },
    });
    await new Promise<void>((closed) => {
      const socket = connectTcp(port, '127.0.0.1').resume();
      socket.on('error', () => {}).on('close', () => closed());
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100));
    });
    expect(count).toBe(1);
  });

  it('which ask for a tunnel, or for a WebSocket in a wrong way, are refused, and reported', async () => {
    const refusals: UpgradeRefusal[] = [];
    const { port } = await listen({ onRefused: (refusal: UpgradeRefusal) => void refusals.push(refusal) });
    const upgrade =
      'Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: outrider.3\r\n\r\n';
    for (const request of [`GET / HTTP/1.1\r\n${upgrade}`, 'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n']) {
      await new Promise<void>((closed) => {
        const socket = connectTcp(port, '127.0.0.1');
        socket.on('error', () => {}).on('close', () => closed());
        socket.write(request);
        socket.resume();
      });
    }
    expect(refusals).toEqual([
      { reason: 'request', address: '127.0.0.1', detail: 'the handshake is not that of a WebSocket' },
      { reason: 'request', address: '127.0.0.1', detail: 'a request for a tunnel' },
    ]);
  });
});

it('takes the address of the socket where the function for it fails, or finds none', async () => {
  const refusals: UpgradeRefusal[] = [];
  let fail = true;
  const addressOf = (): string => {
    if (fail) throw new Error('a request without that header');
    return undefined as unknown as string;
  };
  const { port } = await listen({ addressOf, onRefused: (refusal: UpgradeRefusal) => void refusals.push(refusal) });
  for (const failing of [true, false]) {
    fail = failing;
    await expect(openRaw(port, 'outrider.0')).rejects.toThrow('400');
  }
  expect(refusals.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.1']);
});

it('reads nothing more of a connection that was closed for its rate', async () => {
  const held: Connection[] = [];
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0 }, (connection) => {
    held.push(connection);
    return { frame: () => {}, writable: () => {}, closed: () => {} };
  });
  const socket = connectTcp(listener.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: outrider.3\r\n\r\n',
  );
  await once(socket, 'data');
  await until(() => held.length === 1);
  held[0]?.close('rate-limited', 'too much');
  const frame = Buffer.concat([Buffer.of(0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0), Buffer.alloc(65_535)]);
  // More than the buffers of both sockets hold.
  const sentBytes = 48_000_000;
  socket.write(Buffer.concat(Array.from({ length: Math.ceil(sentBytes / frame.length) }, () => frame)));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(socket.writableLength).toBeGreaterThan(sentBytes / 2);
  socket.destroy();
  await listener.close();
});
