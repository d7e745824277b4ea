// Attacks over HTTP of someone who has a key: requests beside which others have to read.

import { openRaw, requestHead } from '../access/raw-http.ts';
import type { Attack } from './attack.ts';
import {
  asking,
  atOnce,
  chatBody,
  keepSockets,
  keyLine,
  piece,
  post,
  postInPieces,
  posting,
  unfinished,
} from './http-attacker.ts';
import { inLanes, pause, type Target } from './intruder.ts';

const wholeRequest = (target: Target, body: Buffer): Buffer => {
  const request = post(target, body);
  return Buffer.concat([Buffer.from(requestHead(target.port, request)), body]);
};

const metrics = (target: Target) => ({
  method: 'GET',
  path: '/metrics',
  from: target.from,
  lines: keyLine(target.key),
});

export const httpKeyHolders: readonly Attack[] = [
  {
    name: 'trickled-bodies',
    leastSeconds: 18,
    words: '400 bodies of 4 kB that come letter by letter',
    run: (target) => {
      const head = requestHead(target.port, post(target, Buffer.alloc(0), { saidBytes: 4000 }));
      return keepSockets(
        target,
        400,
        (socket) => void socket.write(`${head}{"a":"`),
        (socket) => void socket.write('x'),
      );
    },
  },
  {
    name: 'announced-too-large',
    words: 'bodies of 10 MB that are announced, and begun',
    run: (target) => {
      const request = post(target, Buffer.alloc(1_000_000, 'x'), { saidBytes: 10_000_000 });
      return asking(target, 8, () => request);
    },
  },
  {
    name: 'too-large-in-pieces',
    words: 'bodies of 10 MB in pieces',
    run: (target) => {
      const pieces = Array.from({ length: 100 }, () => Buffer.alloc(100_000, 'x'));
      const request = postInPieces(target, pieces);
      return asking(target, 8, () => request);
    },
  },
  {
    name: 'tiny-pieces',
    words: 'bodies of 20,000 pieces of one byte',
    run: (target) => {
      const small = piece(Buffer.from('1'));
      const request = {
        ...postInPieces(target, []),
        body: [Buffer.concat(Array.from({ length: 20_000 }, () => small))],
      };
      return asking(target, 8, () => request);
    },
  },
  {
    name: 'metrics-flood',
    words: 'GET /metrics on 8 connections',
    run: (target) => asking(target, 8, () => metrics(target)),
  },
  {
    name: 'count-tokens-flood',
    words: 'long texts whose tokens are to be counted',
    run: posting(
      4,
      (scale) => chatBody({ messages: [{ role: 'user', content: 'lorem ipsum '.repeat(scale * 320_000) }] }),
      {
        path: '/v1/messages/count_tokens',
      },
    ),
  },
  {
    name: 'many-answers',
    words: 'requests for 16 answers on eight connections',
    run: (target) => {
      const request = post(target, chatBody({ n: 16, max_tokens: 200 }));
      return asking(target, 8, () => request);
    },
  },
  {
    name: 'requests-at-once',
    words: '3,000 requests at the same moment, over and over',
    run: (target) => atOnce(target, 3000, post(target, chatBody({ max_tokens: 20 }))),
  },
  {
    name: 'requests-left',
    words: 'requests that are left at once',
    run: (target) => {
      const bytes = wholeRequest(target, chatBody({ max_tokens: 1000, stream: true }));
      return inLanes(target, 16, 1, async (_lane, round) => {
        const socket = openRaw(target.port, target.from);
        socket.write(bytes);
        await pause(round % 20);
        socket.destroy();
      });
    },
  },
  {
    name: 'streams-never-read',
    leastSeconds: 13,
    words: '60 streams with log probabilities that nobody reads',
    run: (target) => {
      const bytes = wholeRequest(
        target,
        chatBody({ max_tokens: 2000, stream: true, logprobs: true, top_logprobs: 20 }),
      );
      return keepSockets(
        target,
        60,
        (socket) => {
          socket.write(bytes);
          socket.pause();
        },
        undefined,
        1000,
      );
    },
  },
  {
    name: 'pipelined-requests',
    words: '200 requests for an answer in a row on each connection',
    run: (target) => {
      const body = chatBody();
      const one = Buffer.concat([Buffer.from(requestHead(target.port, { ...post(target, body), isKept: true })), body]);
      const bytes = Buffer.concat(Array.from({ length: 200 }, () => one));
      return keepSockets(target, 8, (socket) => void socket.write(bytes), undefined, 50);
    },
  },
  {
    name: 'unfinished-bodies',
    leastSeconds: 18,
    words: '500 unfinished bodies of 3.9 MB',
    run: (target) => unfinished(target, 500, 3_900_000, target.key),
  },
];
