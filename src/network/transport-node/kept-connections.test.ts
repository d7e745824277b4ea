// Connections that are kept for more than one request: what they save, in which order they are answered, and when they end.

import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { subprotocol } from '../transport/socket-connection.ts';
import { until, witness } from '../transport/transport.contract.ts';
import type { UpgradeRefusal } from './upgrade-guard.ts';
import { type ListenSettings, listenWebSocket, type WebSocketListener } from './websocket-server.ts';

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listen(settings: Partial<ListenSettings>): Promise<WebSocketListener> {
  const accept = (connection: Parameters<typeof witness>[0]) => witness(connection).handler;
  const listener = await listenWebSocket({ host: '127.0.0.1', port: 0, ...settings }, accept);
  ends.push(() => listener.close());
  return listener;
}

interface Client {
  readonly socket: Socket;
  readonly text: () => string;
  /** The bodies of the answers so far. */
  readonly bodies: () => readonly string[];
}

async function dial({ port }: WebSocketListener, localAddress = '127.0.0.1'): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  ends.push(() => socket.destroy());
  let text = '';
  socket
    .on('error', () => {})
    .on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
  await once(socket, 'connect');
  return { socket, text: () => text, bodies: () => [...text.matchAll(/<([^>]*)>/g)].map(([, body]) => body as string) };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const post = (path: string, body: string, length = body.length): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${body}`;
const upgrade =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`;

/** Answers with the path, the earlier ones later; counts those that are answered at a time. */
function slowly(): { readonly onRequest: RequestListener; readonly most: () => number; readonly begun: string[] } {
  let running = 0;
  let most = 0;
  let delayMs = 40;
  const begun: string[] = [];
  const onRequest: RequestListener = (request, response) => {
    begun.push(request.url ?? '');
    running += 1;
    most = Math.max(most, running);
    response.once('finish', () => {
      running -= 1;
    });
    delayMs -= 10;
    const answer = async (): Promise<void> => {
      let body = '';
      if (request.method === 'POST') for await (const chunk of request) body += String(chunk);
      await setTimeout(Math.max(0, delayMs));
      response.end(`<${request.url}${body}>`);
    };
    void answer().catch(() => {});
  };
  return { onRequest, most: () => most, begun };
}

describe('requests that a connection sends at once', () => {
  it.each([
    ['three GETs', get('/1') + get('/2') + get('/3'), ['/1', '/2', '/3']],
    ['a POST and a GET', post('/1', 'abc') + get('/2'), ['/1abc', '/2']],
    ['eight', [1, 2, 3, 4, 5, 6, 7, 8].map((n) => get(`/${n}`)).join(''), [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `/${n}`)],
  ])('%s are answered in their order, one at a time', async (_, text, expected) => {
    const { onRequest, most } = slowly();
    const { socket, bodies } = await dial(await listen({ onRequest }));
    socket.write(text);
    await until(() => bodies().length === expected.length);
    expect([bodies(), most()]).toEqual([expected, 1]);
    socket.write(get('/more'));
    await until(() => bodies().at(-1) === '/more');
  });

  it('are all refused where they are too many', async () => {
    const { onRequest, begun } = slowly();
    const { socket, text } = await dial(await listen({ onRequest }));
    socket.write(get('/').repeat(9));
    await once(socket, 'close');
    expect([text().split(' ')[1], text().match(/HTTP\/1.1/g)?.length, begun.length]).toEqual(['429', 1, 1]);
  });

  it.each([
    ['no HTTP', '\u0000\u0001no http\r\n\r\n', '400'],
    ['a body that never comes', post('/2', 'a', 5), '408'],
    ['an upgrade', upgrade, '101'],
  ])('do not take the first answer away if the second one is %s', async (_, second, status) => {
    const refusals: UpgradeRefusal[] = [];
    const onRefused = (refusal: UpgradeRefusal): void => void refusals.push(refusal);
    const onRequest: RequestListener = ({ url }, response) => {
      response.write('<');
      void setTimeout(600).then(() => response.end(`${url}>`));
    };
    const listener = await listen({ onRequest, onRefused, portLimits: { requestMs: 200 } });
    const { socket, text } = await dial(listener);
    socket.write(get('/1') + second);
    await until(() => text().includes(`HTTP/1.1 ${status}`));
    expect(text()).toMatch(/^HTTP\/1.1 200 .*<.*\/1>.*0\r\n\r\nHTTP\/1.1 (400|408|101) /s);
    expect(refusals).toHaveLength(status === '101' ? 0 : 1);
  });
});

describe('a kept connection', () => {
  it('ends when it has asked for nothing in its time', async () => {
    const { socket, bodies } = await dial(
      await listen({ onRequest: slowly().onRequest, portLimits: { requestMs: 100 } }),
    );
    socket.write(get('/1'));
    await until(() => bodies().length === 1);
    await setTimeout(50);
    expect(socket.closed).toBe(false);
    await once(socket, 'close');
  });

  it('ends with the answer to a request whose body was not read', async () => {
    const onRequest: RequestListener = (_, response) => void response.end('<no>');
    const { socket, text } = await dial(await listen({ onRequest }));
    socket.write(post('/1', 'a', 100_000));
    await once(socket, 'close');
    expect(text()).toMatch(/Connection: close/i);
  });

  it('gives way to a newcomer where there is no room, the oldest first, and before one that has never asked', async () => {
    const limits = [{ connections: 3 }, { requests: 3 }];
    for (const portLimits of limits) {
      const listener = await listen({ onRequest: slowly().onRequest, portLimits });
      const kept = [await dial(listener), await dial(listener)];
      for (const { socket, bodies } of kept) {
        socket.write(get('/kept'));
        await until(() => bodies().length === 1);
      }
      await setTimeout(20);
      const silent = await dial(listener, '127.0.0.2');
      const newcomer = await dial(listener, '127.0.0.2');
      await until(() => kept[0]?.socket.closed === true);
      newcomer.socket.write(get('/new'));
      await until(() => newcomer.bodies().length === 1);
      expect([kept[1]?.socket.closed, silent.socket.closed]).toEqual([false, false]);
    }
  });

  it('does not hold up the end of its port', async () => {
    const listener = await listen({ onRequest: slowly().onRequest });
    const { socket, bodies } = await dial(listener);
    socket.write(get('/1'));
    await until(() => bodies().length === 1);
    const end = once(socket, 'close');
    await Promise.race([
      listener.close(),
      setTimeout(2000).then(() => {
        throw new Error('it waits for connections that ask for nothing');
      }),
    ]);
    await end;
  });
});

it('ends nothing else where a connection is reset while its upgrade waits for an answer', async () => {
  const answers: (() => unknown)[] = [];
  const faults: unknown[] = [];
  const note = (fault: unknown): void => void faults.push(fault);
  process.on('uncaughtExceptionMonitor', note);
  ends.push(() => process.off('uncaughtExceptionMonitor', note));
  const server = await listen({ onRequest: (_, response) => void answers.push(() => response.end('<late>')) });
  const { socket } = await dial(server);
  socket.write(get('/') + upgrade);
  await until(() => answers.length === 1);
  await setTimeout(50);
  socket.resetAndDestroy();
  await setTimeout(50);
  for (const answer of answers) answer();
  expect(faults).toEqual([]);
});
