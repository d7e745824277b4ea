// Attacks over HTTP of those who have no key, or a wrong one.

import { askRaw, openRaw, type RawHttpRequest, requestHead } from '../access/raw-http.ts';
import { connectRaw } from '../frames/raw-websocket.ts';
import type { Attack } from './attack.ts';
import { asking, atOnce, chatBody, keepSockets, keyLine, post, postInPieces, unfinished } from './http-attacker.ts';
import { inLanes, type Target } from './intruder.ts';

const wrongKey = 'a-guess-of-a-key';
const largeBody = (): Buffer => chatBody({ messages: [{ role: 'user', content: 'a '.repeat(2_000_000) }] });

function get(target: Target, path: string, lines: readonly string[] = []): RawHttpRequest {
  return { method: 'GET', path, from: target.from, lines };
}

/** Requests that two servers in a row might read in two ways; whole, from the first line on. */
function smugglingShapes(): readonly string[] {
  const hidden = 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
  const head = 'POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n';
  return [
    `${head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Content-Length: 6\r\nContent-Length: 5\r\n\r\n123456`,
    `${head}Content-Length: 6, 6\r\n\r\n123456`,
    `${head}Content-Length: +5\r\n\r\n12345`,
    `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    `${head}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n`,
    'GET /health HTTP/1.1\nHost: 127.0.0.1\n\n',
    'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\n\r\n',
    `GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n',
    'GET http://evil.example/v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    'CONNECT evil.example:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
  ];
}

/** In each lane one after the other, each on a connection of its own that is closed when something came, or after `waitMs`. */
function writing(target: Target, lanes: number, texts: readonly string[], waitMs = 200): Promise<void> {
  return inLanes(target, lanes, 2, async (_lane, round) => {
    const socket = openRaw(target.port, target.from);
    socket.write(texts[round % texts.length] as string, 'latin1');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      socket.once('data', done).once('close', done);
    });
    socket.destroy();
  });
}

export const httpStrangers: readonly Attack[] = [
  {
    name: 'wrong-keys',
    words: 'chats with wrong keys on 16 connections',
    run: (target) => asking(target, 16, (lane) => post(target, chatBody(), { key: `${wrongKey}-${lane}` })),
  },
  {
    name: 'wrong-keys-large',
    words: 'chats of 4 MB with wrong keys on 16 connections',
    run: (target) => {
      const body = largeBody();
      return asking(target, 16, (lane) => post(target, body, { key: `${wrongKey}-${lane}` }));
    },
  },
  {
    name: 'wrong-keys-in-pieces',
    words: 'bodies of 4 MB in pieces with wrong keys',
    run: (target) => {
      const pieces = Array.from({ length: 40 }, () => Buffer.alloc(100_000, 'x'));
      const request = postInPieces({ ...target, key: wrongKey }, pieces);
      return asking(target, 4, () => request);
    },
  },
  {
    name: 'unfinished-bodies-no-key',
    leastSeconds: 18,
    words: '300 unfinished bodies of 3.9 MB with a wrong key',
    run: (target) => unfinished(target, 300, 3_900_000, wrongKey),
  },
  {
    name: 'slow-loris',
    leastSeconds: 18,
    words: '1,500 requests that send a letter of their head now and then',
    run: (target) =>
      keepSockets(
        target,
        1500,
        (socket) => void socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: '),
        (socket) => void socket.write('a'),
        3000,
      ),
  },
  {
    name: 'connections-at-once',
    words: '5,000 connections at the same moment, over and over, each of which asks for /health',
    run: (target) => atOnce(target, 5000, get(target, '/health')),
  },
  {
    name: 'smuggling-shapes',
    words: 'heads that two servers in a row might read in two ways',
    run: (target) => writing(target, 8, smugglingShapes()),
  },
  {
    name: 'huge-heads',
    words: 'heads of 70 kB, of 3,000 lines, and just within the limit',
    run: (target) => {
      const lines = [
        [`X-Long: ${'a'.repeat(70_000)}`],
        Array.from({ length: 3000 }, (_, number) => `A${number}: b`),
        [`X-Long: ${'a'.repeat(7500)}`],
      ];
      return asking(target, 8, (_lane, round) => get(target, '/v1/models', lines[round % lines.length]));
    },
  },
  {
    name: 'upgrades-beside-http',
    words: 'requests to become a WebSocket and plain ones in turn',
    run: (target) =>
      inLanes(target, 16, 1, async (_lane, round) => {
        if (round % 2 === 0) await askRaw(target.port, get(target, '/v1/models', keyLine(wrongKey)));
        else (await connectRaw(target.port, { from: target.from }).catch(() => null))?.destroy();
      }),
  },
  {
    name: 'health-flood',
    words: 'GET /health, /metrics and preflights on 16 connections',
    run: (target) => {
      const preflight = { method: 'OPTIONS', path: '/v1/chat/completions', from: target.from };
      const requests = [get(target, '/health'), get(target, '/metrics'), preflight];
      return asking(target, 16, (_lane, round) => requests[round % requests.length] as RawHttpRequest);
    },
  },
  {
    name: 'pipelined-without-key',
    words: 'wrong keys, 200 requests in a row on each connection',
    run: (target) => {
      const request = { ...get(target, '/v1/models', keyLine(wrongKey)), isKept: true };
      return writing(target, 8, [requestHead(target.port, request).repeat(200)]);
    },
  },
];
