// Attacks of those who have no key: connections, handshakes, frames and guesses.

import { connect } from 'node:net';
import { DeviceCodec } from '../../../src/core/protocol/wire/codec.ts';
import { connectRaw, finalBit, opcode, type RawRequest, wireFrame } from '../frames/raw-websocket.ts';
import type { Attack } from './attack.ts';
import { Intruder, ids, inLanes, keepOpen, opening, pause, type Target } from './intruder.ts';

/** Of a flood in five ms: 120 MB a second, as fast as a link of 1 Gbit/s. */
const floodBytes = 600_000;

/** Plain TCP connections that write `text` once, or every 250 ms. */
async function plainly(target: Target, count: number, text: string, again: string | null = null): Promise<void> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ port: target.port, host: '127.0.0.1', localAddress: target.from });
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.write(text);
    return socket;
  });
  await inLanes(target, 1, 250, () => {
    for (const socket of sockets) if (again !== null && socket.writable) socket.write(again);
  });
  for (const socket of sockets) socket.destroy();
}

/** Asks for connections that no honest device asks for, as fast as they are refused. */
function asking(target: Target, request: RawRequest): Promise<void> {
  return inLanes(target, 8, 5, async () => {
    const peer = await connectRaw(target.port, { ...request, from: target.from }).catch(() => null);
    peer?.destroy();
  });
}

/** Many connections in turn, each of which sends this once. */
function sending(target: Target, lanes: number, payload: (round: number) => Uint8Array | Buffer, isWire = false) {
  return inLanes(target, lanes, 5, async (_lane, round) => {
    const intruder = await Intruder.connect(target);
    if (intruder === null) return;
    const bytes = payload(round);
    if (isWire) intruder.peer.write(bytes as Buffer);
    else intruder.peer.send(bytes);
    await intruder.peer.settled(() => false, 500);
    intruder.peer.destroy();
  });
}

/** One connection in each of `lanes`, which writes this over and over, as fast as it is taken or the link allows. */
function flooding(target: Target, lanes: number, wire: Buffer): Promise<void> {
  return keepOpen(
    target,
    lanes,
    () => {},
    ({ peer }) => {
      for (let bytes = 0; bytes < floodBytes / lanes && !peer.isClosed && peer.waitingBytes < floodBytes; ) {
        peer.write(wire);
        bytes += wire.length;
      }
    },
    5,
  );
}

const masked = (firstByte: number, payload: Uint8Array, saidBytes?: number): Buffer =>
  wireFrame(firstByte, payload, true, saidBytes);

const pingFrame = masked(finalBit | opcode.binary, Uint8Array.of(0x05, 0x07));

export const strangers: readonly Attack[] = [
  {
    name: 'idle-connections',
    leastSeconds: 13,
    words: '600 connections that say nothing',
    run: (target) => keepOpen(target, 600, () => {}, undefined, 1000),
  },
  {
    name: 'pings-without-key',
    leastSeconds: 13,
    words: '100 connections that only ping and show no key',
    run: (target) =>
      keepOpen(
        target,
        100,
        () => {},
        ({ peer }) => peer.write(pingFrame),
        500,
      ),
  },
  {
    name: 'half-handshakes',
    leastSeconds: 18,
    words: '400 requests whose head never ends',
    run: (target) => plainly(target, 400, 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n'),
  },
  {
    name: 'slow-heads',
    leastSeconds: 18,
    words: '200 requests that send a header now and then',
    run: (target) => plainly(target, 200, 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'X-A: b\r\n'),
  },
  {
    name: 'plain-requests',
    words: 'plain HTTP requests on the port, pipelined',
    run: (target) => plainly(target, 20, '', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(200)),
  },
  {
    name: 'no-http',
    words: 'bytes that are no HTTP',
    run: (target) =>
      inLanes(target, 10, 20, async () => {
        const endMs = performance.now() + 200;
        await plainly({ ...target, isOver: () => performance.now() >= endMs }, 5, '\u0000\u0001no http\r\n\r\n');
      }),
  },
  {
    name: 'foreign-origin',
    words: 'a page of a foreign origin asks for connections',
    run: (target) => asking(target, { headers: ['Origin: https://evil.example'] }),
  },
  {
    name: 'foreign-host',
    words: 'connections under a foreign host name, as after DNS rebinding',
    run: (target) => asking(target, { host: 'evil.example' }),
  },
  {
    name: 'wrong-subprotocol',
    words: 'connections of another subprotocol',
    run: (target) => asking(target, { protocol: 'outrider.0' }),
  },
  {
    name: 'connection-churn',
    words: 'connections that are opened and dropped at once',
    run: (target) =>
      inLanes(target, 16, 1, async () => {
        (await Intruder.connect(target))?.peer.destroy();
      }),
  },
  {
    name: 'unfinished-messages',
    words: '300 messages of 0.9 MB whose last byte never comes, over a link of 1 Gbit/s',
    run: (target) => {
      const head = masked(finalBit | opcode.binary, Buffer.alloc(1, 1), 900_001);
      const part = Buffer.alloc(100_000, 1);
      const parts = new WeakMap<Intruder, number>();
      return keepOpen(
        target,
        300,
        ({ peer }) => peer.write(head),
        (intruder) => {
          const count = parts.get(intruder) ?? 0;
          parts.set(intruder, count + 1);
          if (count < 9) intruder.peer.write(part.subarray(0, count === 8 ? 99_999 : 100_000));
        },
        250,
      );
    },
  },
  {
    name: 'byte-by-byte',
    leastSeconds: 13,
    words: '100 messages of 1 MB that come byte by byte',
    run: (target) => {
      const head = masked(finalBit | opcode.binary, Uint8Array.of(1), 1_000_000);
      return keepOpen(
        target,
        100,
        ({ peer }) => peer.write(head),
        ({ peer }) => peer.write(Buffer.of(0)),
        100,
      );
    },
  },
  {
    name: 'endless-fragments',
    words: 'messages of endless fragments without content',
    run: (target) => {
      const fragments = Buffer.concat(
        Array.from({ length: 1000 }, () => masked(opcode.continuation, new Uint8Array(0))),
      );
      return keepOpen(
        target,
        8,
        ({ peer }) => peer.write(masked(opcode.binary, Uint8Array.of(5))),
        ({ peer }) => {
          if (peer.waitingBytes < floodBytes) peer.write(fragments);
        },
        5,
      );
    },
  },
  {
    name: 'websocket-pings',
    words: 'control frames as fast as they are taken',
    run: (target) => {
      const ping = masked(finalBit | opcode.ping, new Uint8Array(100));
      return flooding(target, 4, Buffer.concat(Array.from({ length: 100 }, () => ping)));
    },
  },
  {
    name: 'ping-flood',
    words: 'pings of the protocol as fast as they are taken',
    run: (target) => flooding(target, 4, Buffer.concat(Array.from({ length: 200 }, () => pingFrame))),
  },
  {
    name: 'text-messages',
    words: 'messages of text instead of bytes',
    run: (target) => sending(target, 8, () => masked(finalBit | opcode.text, new TextEncoder().encode('hello')), true),
  },
  {
    name: 'too-large-messages',
    words: 'messages of 4 MB',
    run: (target) => {
      const large = masked(finalBit | opcode.binary, Buffer.alloc(4_000_000));
      return sending(target, 4, () => large, true);
    },
  },
  {
    name: 'broken-frames',
    words: 'frames that break the WebSocket protocol: reserved bits, no mask, unknown opcodes',
    run: (target) =>
      sending(
        target,
        8,
        (round) =>
          [
            masked(0xf0 | opcode.binary, Uint8Array.of(5, 7)),
            wireFrame(finalBit | opcode.binary, Uint8Array.of(5, 7), false),
            masked(finalBit | 0x0b, new Uint8Array(2)),
            masked(finalBit | opcode.close, Uint8Array.of(0, 1)),
          ][round % 4] as Buffer,
        true,
      ),
  },
  {
    name: 'no-frames',
    words: 'messages that are no frames of the protocol',
    run: (target) => sending(target, 8, (round) => Buffer.alloc(1 + (round % 60), (round * 37) % 256)),
  },
  {
    name: 'wrong-version',
    words: 'openings of another version of the protocol',
    run: (target) => sending(target, 8, () => Uint8Array.of(0x01, 99, ...ids(200).map((id) => id % 256))),
  },
  {
    name: 'guessed-keys',
    words: 'openings with guessed keys',
    run: (target) => sending(target, 16, (round) => new DeviceCodec().encode(opening(`guess-${round}`))),
  },
  {
    name: 'guessed-keys-large',
    words: 'openings of 0.5 MB with guessed keys',
    run: (target) => {
      const prompt = ids(250_000);
      const frame = new DeviceCodec().encode(opening('a-guess-of-a-key', { prompt }));
      return sending(target, 8, () => frame);
    },
  },
  {
    name: 'withdrawn-key',
    words: 'openings with a key that has been withdrawn',
    run: (target) => sending(target, 8, () => new DeviceCodec().encode(opening(target.withdrawnKey))),
  },
  {
    name: 'guessed-sessions',
    words: 'resumes of guessed sessions with a guessed key',
    run: (target) => {
      const { version, session } = opening('');
      const resume = { kind: 'resume', version, credentials: 'guess', padding: 0, attempt: 9, length: 8 } as const;
      return sending(target, 8, () => new DeviceCodec().encode({ ...resume, session }));
    },
  },
  {
    name: 'drafts-without-attach',
    words: 'drafts, acknowledgements and verdict requests before any attach',
    run: (target) =>
      keepOpen(
        target,
        8,
        () => {},
        ({ peer }) => {
          for (const frame of [[0x03, 0], [0x07, 0], [0x04], [0xc1, 0, 9]]) peer.send(Uint8Array.from(frame));
        },
        20,
      ),
  },
  {
    name: 'never-reads',
    leastSeconds: 13,
    words: 'connections that ping and never read the answers',
    run: async (target) => {
      const peers: Intruder[] = [];
      for (let count = 0; count < 20; count += 1) {
        const intruder = await Intruder.connect(target);
        intruder?.peer.stopReading();
        if (intruder !== null) peers.push(intruder);
      }
      while (!target.isOver()) {
        for (const { peer } of peers) if (peer.waitingBytes < floodBytes) peer.write(pingFrame);
        await pause(5);
      }
      for (const { peer } of peers) peer.destroy();
    },
  },
];
