import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../transport/manual-clock.contract.ts';
import { subprotocol } from '../transport/socket-connection.ts';
import { until, witness } from '../transport/transport.contract.ts';
import type { Listener } from '../transport/transport.ts';
import { defaultPortLimits, limitRequests, peerAddress, UpgradeRate } from './port-limits.ts';
import type { UpgradeRefusal } from './upgrade-guard.ts';
import { bindServer, type ListenSettings, listenWebSocket } from './websocket-server.ts';

const listeners: Listener[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const listener of listeners.splice(0)) await listener.close();
});

async function listen(settings: Partial<ListenSettings>): Promise<number> {
  const accept = (connection: Parameters<typeof witness>[0]) => witness(connection).handler;
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, ...settings }, accept);
  listeners.push(listener);
  return listener.port;
}

async function dial(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Dials, and sends this at once. */
async function say(port: number, text: string, localAddress?: string): Promise<Socket> {
  const socket = await dial(port, localAddress);
  socket.write(text);
  return socket;
}

const isClosed = (socket: Socket): Promise<void> => until(() => socket.resume().closed);

/** A server with limits alone, and the addresses whose connections it has closed. */
async function limited(onRequest: RequestListener, clock?: ManualClock) {
  const evicted: string[] = [];
  const server = createServer();
  limitRequests(server, defaultPortLimits, (address) => void evicted.push(address), onRequest, clock);
  const port = await bindServer(server, '127.0.0.1', 0).then(() => (server.address() as AddressInfo).port);
  listeners.push({ port, close: async () => void server.close() } as Listener);
  return { port, evicted };
}

const asking =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`;

async function status(socket: Socket): Promise<number> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  return Number(data.toString('latin1').split(' ')[1]);
}

describe('peerAddress', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::1', '::1'],
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, ''],
  ])('%s is %s', (address, expected) => expect(peerAddress(address)).toBe(expected));
});

describe('UpgradeRate', () => {
  it('counts each address for itself, and refills', () => {
    const clock = createManualClock();
    const rate = new UpgradeRate({ ...defaultPortLimits, upgradesPerSecond: 10, burstUpgrades: 2 }, clock);
    expect([1, 2, 3].map(() => rate.take('a'))).toEqual([true, true, false]);
    expect(rate.take('b')).toBe(true);
    clock.moveTo(100);
    expect([rate.take('a'), rate.take('a')]).toEqual([true, false]);
  });

  it('counts a connection that has no place more than once, and one that ends in order once', () => {
    const rate = new UpgradeRate({ ...defaultPortLimits, burstUpgrades: 6 }, createManualClock());
    const asks = (address: string): boolean[] => [1, 2, 3].map(() => rate.take(address));
    expect(rate.take('a') && rate.take('b')).toBe(true);
    rate.ended('a', 'edge-full');
    rate.ended('b', 'done');
    expect([asks('a'), asks('b')]).toEqual([
      [true, false, false],
      [true, true, true],
    ]);
  });
});

describe('a port', () => {
  it('answers 429 to an address that asks too often, and says so', async () => {
    const refused: UpgradeRefusal[] = [];
    const onRefused = (refusal: UpgradeRefusal): void => {
      refused.push(refusal);
      throw new Error('a log that fails');
    };
    const port = await listen({ onRefused, portLimits: { upgradesPerSecond: 0.001, burstUpgrades: 2 } });
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push(await status(await say(port, asking)));
    expect(statuses).toEqual([101, 101, 429]);
    expect(refused).toMatchObject([{ reason: 'rate', address: '127.0.0.1' }]);
  });

  it('closes a connection whose request does not end', async () => {
    const port = await listen({ portLimits: { requestMs: 100 } });
    await isClosed(await say(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n'));
  });

  it('answers 429 to connections for which there is no room, and others at once from another address', async () => {
    const refused: UpgradeRefusal[] = [];
    const port = await listen({ onRefused: (refusal) => void refused.push(refusal), portLimits: { requests: 3 } });
    const flood = [];
    for (let count = 0; count < 10; count += 1) flood.push(await dial(port));
    const honest = await dial(port, '127.0.0.2');
    await setTimeout(50);
    const statuses = [honest, ...flood].map((socket) => {
      socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc');
      return status(socket);
    });
    // What has room is answered that it has to open a WebSocket.
    expect(await Promise.all(statuses)).toEqual([426, ...Array.from({ length: 8 }, () => 429), 426, 426]);
    expect(refused.filter(({ reason }) => reason === 'requests')).toHaveLength(8);
  });

  it('opens no WebSocket on a connection for which there is no room', async () => {
    const port = await listen({ portLimits: { requests: 1 } });
    const [first, second] = [await dial(port), await dial(port)];
    await setTimeout(50);
    for (const socket of [first, second]) socket.write(asking);
    expect([await status(first), await status(second)]).toEqual([429, 101]);
  });

  it('has a limit for all connections, running answers included', async () => {
    const running: Socket[] = [];
    const onRequest = (request: { readonly socket: Socket }): void => void running.push(request.socket);
    const port = await listen({ onRequest, portLimits: { connections: 2 } });
    const asks = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
    for (let count = 0; count < 2; count += 1) await say(port, asks);
    await until(() => running.length === 2);
    expect(await status(await say(port, asks))).toBe(429);
    expect(running.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  });

  it('has room for another address than that which takes it all', async () => {
    const onRequest: RequestListener = ({ url }, response) => void (url === '/short' && response.end('ok'));
    const port = await listen({ onRequest, portLimits: { connections: 3 } });
    const flood: Socket[] = [];
    const asks = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    for (let count = 0; count < 3; count += 1) flood.push(await say(port, asks('/long')));
    expect(await status(await say(port, asks('/short'), '127.0.0.2'))).toBe(200);
    await until(() => flood[2]?.resume().closed === true);
    expect(flood.map(({ closed }) => closed)).toEqual([false, false, true]);
  });

  it('closes the oldest connection without a request where there are too many, and no WebSocket', async () => {
    const refused: UpgradeRefusal[] = [];
    const port = await listen({ onRefused: (refusal) => void refused.push(refusal), portLimits: { requests: 2 } });
    const open = await say(port, asking);
    expect(await status(open)).toBe(101);
    const first = await dial(port);
    const closed = once(first, 'close');
    await dial(port);
    await dial(port);
    await closed;
    expect(open.destroyed).toBe(false);
    expect(refused).toMatchObject([{ reason: 'requests', address: '127.0.0.1' }]);
  });

  it('closes connections whose bodies come in tiny chunks, and lets their address rest where it sends several', async () => {
    const read: number[] = [];
    const clock = createManualClock();
    const count: RequestListener = (request, response) => {
      if (request.method === 'GET') {
        response.end('ok');
        return;
      }
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => {
        read.push(bytes);
        response.end('ok');
      });
    };
    const { port, evicted } = await limited(count, clock);
    const head = ' / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
    const send = (chunks: number, bytes: number, localAddress: string): Promise<Socket> => {
      const body = `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`.repeat(chunks);
      return say(port, `POST${head}${body}0\r\n\r\n`, localAddress);
    };
    expect(await status(await send(2000, 1, '127.0.0.2'))).toBe(200);
    expect(await status(await send(6000, 100, '127.0.0.2'))).toBe(200);
    const [open, foreign] = [await dial(port, '127.0.0.3'), await dial(port, '127.0.0.2')];
    // The body of such a request is not read.
    await isClosed(await say(port, `GET${head}${'1\r\nx\r\n'.repeat(10_000)}`, '127.0.0.4'));
    expect(evicted.splice(0)).toEqual(['127.0.0.4']);
    for (let sent = 0; sent < 17; sent += 1) await isClosed(await send(10_000, 1, '127.0.0.3'));
    expect(evicted).toEqual(Array.from({ length: 17 }, () => '127.0.0.3'));
    await isClosed(open);
    // It is not read.
    await isClosed(await dial(port, '127.0.0.3'));
    expect(foreign.destroyed).toBe(false);
    clock.moveTo(clock.nowMs() + 5000);
    expect(await status(await send(10, 1, '127.0.0.3'))).toBe(200);
    expect(read).toEqual([2000, 600_000, 10]);
  });

  it('closes connections with many requests in a row, and lets their address rest where it sends several', async () => {
    const clock = createManualClock();
    const { port, evicted } = await limited((_request, response) => void response.end('ok'), clock);
    const ask = (count: number, localAddress: string): Promise<Socket> =>
      say(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count), localAddress);
    for (let sent = 0; sent < 17; sent += 1) await isClosed(await ask(100, '127.0.0.3'));
    expect(evicted).toEqual(Array.from({ length: 17 }, () => '127.0.0.3'));
    // It is not read.
    await isClosed(await dial(port, '127.0.0.3'));
    expect(await status(await ask(2, '127.0.0.2'))).toBe(200);
    clock.moveTo(clock.nowMs() + 5000);
    expect(await status(await ask(2, '127.0.0.3'))).toBe(200);
    expect(evicted).toHaveLength(17);
  });

  it('begins one request in a turn, of one address after the other', async () => {
    const begun: string[] = [];
    const server = createServer();
    limitRequests(
      server,
      defaultPortLimits,
      () => {},
      ({ url = '' }) => void begun.push(url),
    );
    const ask = (remoteAddress: string, url: string): void => {
      const socket = Object.assign(new EventEmitter(), { remoteAddress });
      const request = { socket, url, method: 'POST', headers: {}, push: () => true };
      server.emit('connection', socket);
      server.emit('request', request, new EventEmitter());
    };
    for (const url of ['/1', '/2', '/3']) ask('127.0.0.2', url);
    ask('127.0.0.1', '/other');
    expect(begun).toEqual(['/1']);
    await until(() => begun.length === 4);
    expect(begun).toEqual(['/1', '/2', '/other', '/3']);
  });

  it('counts a request that its client leaves as eight, and one that is answered as one', async () => {
    const requests: string[] = [];
    const port = await listen({
      onRequest: ({ url }, response) => {
        requests.push(`${url} begins`);
        response.once('close', () => requests.push(`${url} ends`));
        if (url === '/whole') response.end('ok');
      },
      portLimits: { requestsPerSecond: 0.001, burstRequests: 10 },
    });
    const asks = (path: string): Promise<Socket> =>
      say(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(await status(await asks('/whole'))).toBe(200);
    const left = await asks('/never');
    await until(() => requests.includes('/never begins'));
    left.destroy();
    await until(() => requests.includes('/never ends'));
    expect(await status(await asks('/whole'))).toBe(200);
    const waits = await Promise.race([status(await asks('/whole')), setTimeout(200)]);
    expect(waits).toBeUndefined();
  });

  it('closes connections that ask on while a request of theirs waits for its turn', async () => {
    let begun = 0;
    const { port } = await limited(() => {
      begun += 1;
    });
    const flood = await Promise.all([1, 2, 3].map(() => dial(port)));
    const asks = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'.repeat(500);
    for (const socket of flood) socket.resume().write(asks);
    await until(() => flood.every(({ closed }) => closed));
    expect(begun).toBeLessThan(10);
  });

  it('reads on what a connection without room asks, and tells it so in its turn', async () => {
    const server = createServer();
    const [begun, events]: [string[], string[]] = [[], []];
    const onRequest: RequestListener = ({ url = '' }) => void begun.push(url);
    limitRequests(server, { ...defaultPortLimits, connections: 1 }, (address) => void events.push(address), onRequest);
    const ask = (url: string): Promise<number> => {
      const socket = Object.assign(new EventEmitter(), { remoteAddress: '127.0.0.2', destroy: () => events.push(url) });
      const request = Object.assign(new EventEmitter(), { socket, url, method: 'POST', headers: {}, push: () => true });
      const answer = Promise.withResolvers<number>();
      const response = Object.assign(new EventEmitter(), { writeHead: answer.resolve, end: () => {} });
      server.emit('connection', socket);
      server.emit('request', Object.assign(request, { resume: () => events.push(`${url} is read`) }), response);
      return answer.promise;
    };
    void ask('/1');
    const status = ask('/2');
    expect([begun, events]).toEqual([['/1'], ['127.0.0.2', '/2 is read']]);
    expect(await status).toBe(429);
    expect(begun).toEqual(['/1']);
  });
});
