// Attacks over HTTP with a valid key: requests that may slow the answers of other keys.

import { askRaw, RawPeer } from '../hostile/raw-peer.ts';
import type { Attacks, Target } from './attack.ts';
import { asking, atOnce, connections, inLanes, inTurn, pause, posting, unfinished } from './floods.ts';
import { chatBody, get, piece, post, postInPieces, wholeRequest } from './requests.ts';

/** A complete chat request, as bytes. */
const chat = (target: Target, fields: object = {}, isKept = false): Buffer =>
  wholeRequest(target.port, { ...post(target, chatBody(fields)), isKept });

export const httpKeyHolders: Attacks = {
  'trickled-bodies': {
    leastSeconds: 18,
    words: '400 bodies of 4 kB that come letter by letter',
    run: connections(
      400,
      100,
      (peer, target) => peer.write(wholeRequest(target.port, post(target, Buffer.from('{"a":"'), { saidBytes: 4000 }))),
      (peer) => peer.write('x'),
    ),
  },
  'announced-too-large': {
    words: 'bodies of 10 MB that are announced, and begun',
    run: asking(8, (target) => post(target, Buffer.alloc(1_000_000, 'x'), { saidBytes: 10_000_000 })),
  },
  'too-large-in-pieces': {
    words: 'bodies of 10 MB in pieces',
    run: asking(8, (target) => postInPieces(target, new Array(100).fill(Buffer.alloc(100_000, 'x')))),
  },
  'tiny-pieces': {
    words: 'bodies of 20,000 pieces of one byte',
    run: asking(8, (target) => {
      const pieces = Buffer.concat(new Array(20_000).fill(piece(Buffer.from('1'))));
      return { ...postInPieces(target, []), body: [pieces] };
    }),
  },
  'metrics-flood': {
    words: 'GET /metrics on 8 connections',
    run: asking(8, (target) => get(target, '/metrics', target.key)),
  },
  'weights-in-ranges': {
    words: 'the bytes that a tab loads, one by one, by ranges that there are not, and whole, on 16 connections',
    run: async (target) => {
      const { body } = (await askRaw(target.port, get(target, '/weights', target.key))) ?? { body: '' };
      const path = `/weights/${/"sha256":"([0-9a-f]{64})"/.exec(body)?.[1]}`;
      const ranges = ['bytes=0-0', 'bytes=1-', 'bytes=-1', 'bytes=9-1', `bytes=${'0-0,'.repeat(1500)}0-0`, 'lines=1'];
      const requests = ranges.map((range) => get(target, path, target.key, [`Range: ${range}`]));
      await asking(16, () => inTurn(requests))(target);
    },
  },
  'weights-never-read': {
    leastSeconds: 13,
    words: '200 connections that ask for those bytes 100 times and read nothing',
    run: connections(200, 1000, (peer, target) => {
      const request = { ...get(target, '/weights', target.key), isKept: true };
      peer.write(Buffer.concat(new Array(100).fill(wholeRequest(target.port, request))));
      peer.stopReading();
    }),
  },
  'count-tokens-flood': {
    words: 'long texts whose tokens are to be counted',
    run: posting(
      4,
      (scale) => chatBody({ messages: [{ role: 'user', content: 'lorem ipsum '.repeat(scale * 320_000) }] }),
      { path: '/v1/messages/count_tokens' },
    ),
  },
  'many-answers': {
    words: 'requests for 16 answers on eight connections',
    run: asking(8, (target) => post(target, chatBody({ n: 16, max_tokens: 200 }))),
  },
  'requests-at-once': {
    words: '3,000 requests at the same moment, over and over',
    run: atOnce(3000, (target) => post(target, chatBody({ max_tokens: 20 }))),
  },
  'requests-left': {
    words: 'requests that are left at once',
    run: (target) => {
      const bytes = chat(target, { max_tokens: 1000, stream: true });
      return inLanes(target, 16, 1, async (_lane, round) => {
        const peer = RawPeer.open(target.port, target.from);
        peer.write(bytes);
        await pause(round % 20);
        peer.destroy();
      });
    },
  },
  'streams-abandoned': {
    isKept: true,
    words: 'streams that outlive their connections, and that nobody comes back for',
    run: (target) =>
      inLanes(target, 16, 1, async (lane, round) => {
        const request = post(target, chatBody({ max_tokens: 2000, stream: true, logprobs: true, top_logprobs: 20 }));
        const lines = [...(request.lines ?? []), `X-Conversation-Id: ${lane}-${round}`];
        const peer = RawPeer.open(target.port, target.from);
        peer.write(wholeRequest(target.port, { ...request, lines }));
        await pause(20 + (round % 20));
        peer.destroy();
      }),
  },
  'streams-never-read': {
    leastSeconds: 13,
    words: '60 streams with log probabilities that nobody reads',
    run: connections(60, 1000, (peer, target) => {
      peer.write(chat(target, { max_tokens: 2000, stream: true, logprobs: true, top_logprobs: 20 }));
      peer.stopReading();
    }),
  },
  'pipelined-requests': {
    words: '200 requests for an answer in a row on each connection',
    run: connections(8, 50, (peer, target) => peer.write(Buffer.concat(new Array(200).fill(chat(target, {}, true))))),
  },
  'unfinished-bodies': {
    leastSeconds: 18,
    words: '500 unfinished bodies of 3.9 MB',
    run: unfinished(500, 3_900_000),
  },
};
