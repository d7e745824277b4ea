// Attacks over HTTP without a key, or with a wrong one.

import { askRaw, connectRaw, requestHead } from '../hostile/raw-peer.ts';
import type { Attacks, Target } from './attack.ts';
import { asking, atOnce, connections, inLanes, inTurn, unfinished, writing } from './floods.ts';
import { chatBody, get, post, postInPieces, wrongKey } from './requests.ts';

/** Request smuggling: complete requests that a proxy and the server behind it may parse in two ways. */
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

/** Heads that are too large, or just within the limit. */
const hugeHeads: readonly (readonly string[])[] = [
  [`X-Long: ${'a'.repeat(70_000)}`],
  Array.from({ length: 3000 }, (_, number) => `A${number}: b`),
  [`X-Long: ${'a'.repeat(7500)}`],
];

/** The same body with another wrong key in each lane. */
const wrongKeys = (fields: object) => (target: Target) => {
  const body = chatBody(fields);
  return (lane: number) => post(target, body, { key: `${wrongKey}-${lane}` });
};

export const httpStrangers: Attacks = {
  'wrong-keys': { words: 'chats with wrong keys on 16 connections', run: asking(16, wrongKeys({})) },
  'wrong-keys-large': {
    words: 'chats of 4 MB with wrong keys on 16 connections',
    run: asking(16, wrongKeys({ messages: [{ role: 'user', content: 'a '.repeat(2_000_000) }] })),
  },
  'wrong-keys-in-pieces': {
    words: 'bodies of 4 MB in pieces with wrong keys',
    run: asking(4, (target) => postInPieces(target, new Array(40).fill(Buffer.alloc(100_000, 'x')), wrongKey)),
  },
  'unfinished-bodies-no-key': {
    leastSeconds: 18,
    words: '300 unfinished bodies of 3.9 MB with a wrong key',
    run: unfinished(300, 3_900_000, wrongKey),
  },
  'weights-without-key': {
    words: 'weights by ranges, with wrong keys on 16 connections',
    run: asking(16, (target) => (lane) => {
      const path = `/weights/${`${lane}`.padStart(64, '0')}`;
      return get(target, path, `${wrongKey}-${lane}`, ['Range: bytes=0-0']);
    }),
  },
  'slow-loris': {
    leastSeconds: 18,
    words: '1,500 requests that send a letter of their head now and then',
    run: connections(
      1500,
      3000,
      (peer) => peer.write('POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: '),
      (peer) => peer.write('a'),
    ),
  },
  'connections-at-once': {
    words: '5,000 connections at the same moment, over and over, each of which asks for /health',
    run: atOnce(5000, (target) => get(target, '/health')),
  },
  'smuggling-shapes': {
    words: 'heads that two servers in a row might read in two ways',
    run: writing(8, smugglingShapes),
  },
  'huge-heads': {
    words: 'heads of 70 kB, of 3,000 lines, and just within the limit',
    run: asking(8, (target) => inTurn(hugeHeads.map((lines) => get(target, '/v1/models', undefined, lines)))),
  },
  'upgrades-beside-http': {
    words: 'requests to become a WebSocket and plain ones in turn',
    run: (target) =>
      inLanes(target, 16, 1, async (_lane, round) => {
        if (round % 2 === 0) await askRaw(target.port, get(target, '/v1/models', wrongKey));
        else (await connectRaw(target.port, { from: target.from }).catch(() => null))?.destroy();
      }),
  },
  'health-flood': {
    words: 'GET /health, /metrics and preflights on 16 connections',
    run: asking(16, (target) => {
      const preflight = { ...get(target, '/v1/chat/completions'), method: 'OPTIONS' };
      return inTurn([get(target, '/health'), get(target, '/metrics'), preflight]);
    }),
  },
  'pipelined-without-key': {
    words: 'wrong keys, 200 requests in a row on each connection',
    run: writing(8, (target) => {
      const request = { ...get(target, '/v1/models', wrongKey), isKept: true };
      return [requestHead(target.port, request).repeat(200)];
    }),
  },
};
