// Attacks of those who have no key: connections, handshakes, frames and guesses.

import { DeviceCodec } from '../../../src/core/protocol/wire/codec.ts';
import type { DeviceMessage } from '../../../src/core/protocol/wire/messages.ts';
import { ids } from '../../readers/toy-reader.ts';
import { opening, type RawDevice } from '../hostile/raw-device.ts';
import { connectRaw, finalBit, opcode, RawPeer, type RawUpgrade, wireFrame } from '../hostile/raw-peer.ts';
import type { Attack, Attacks, Target } from './attack.ts';
import { devices, inLanes, visits } from './floods.ts';

type Run = Attack['run'];

/** Bytes of a flood in five ms: 120 MB a second, as fast as a link of 1 Gbit/s. */
const floodBytes = 600_000;
const plainHead = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n';

/** Opens plain TCP connections that write `text` once, and `again` every 250 ms. */
function plainly(count: number, text: string, again = ''): Run {
  return async (target) => {
    const peers = Array.from({ length: count }, () => RawPeer.open(target.port, target.from));
    for (const peer of peers) peer.write(text);
    await inLanes(target, 1, 250, () => {
      for (const peer of peers) peer.write(again);
    });
    for (const peer of peers) peer.destroy();
  };
}

/** Asks for connections that no honest device asks for, as fast as they are refused. */
function upgrades(request: RawUpgrade): Run {
  return (target) =>
    inLanes(target, 8, 5, async () => {
      const peer = await connectRaw(target.port, { ...request, from: target.from }).catch(() => null);
      peer?.destroy();
    });
}

/** Many connections in turn, each of which writes this once. */
function writings(lanes: number, bytesOf: (round: number) => Uint8Array): Run {
  return visits(lanes, 5, ({ peer }, _target, _lane, round) => {
    peer.write(bytesOf(round));
    return peer.settled(() => false, 500);
  });
}

/** Many connections in turn, each of which sends one message. */
function messages(lanes: number, payloadOf: (round: number) => Uint8Array): Run {
  return writings(lanes, (round) => masked(finalBit | opcode.binary, payloadOf(round)));
}

/** Many connections in turn, each of which sends one message of the protocol. */
function guesses(lanes: number, messageOf: (round: number, target: Target) => DeviceMessage): Run {
  return (target) => messages(lanes, (round) => new DeviceCodec().encode(messageOf(round, target)))(target);
}

/** One connection in each of `lanes`, which writes this over and over, as fast as it is read or the link allows. */
function flooding(lanes: number, frame: Buffer, count: number): Run {
  const wire = Buffer.concat(new Array(count).fill(frame));
  return devices(lanes, 5, ({ peer }) => {
    for (let bytes = 0; bytes < floodBytes / lanes && !peer.isClosed && peer.waitingBytes < floodBytes; ) {
      peer.write(wire);
      bytes += wire.length;
    }
  });
}

/** A message of 0.9 MB comes in nine parts, without its last byte. */
function unfinishedMessages(): Run {
  const part = Buffer.alloc(100_000, 1);
  const counts = new WeakMap<RawDevice, number>();
  const more = (device: RawDevice): void => {
    const count = counts.get(device) ?? 0;
    counts.set(device, count + 1);
    if (count < 9) device.peer.write(part.subarray(0, count === 8 ? 99_999 : 100_000));
  };
  return devices(300, 250, more, ({ peer }) =>
    peer.write(masked(finalBit | opcode.binary, Buffer.alloc(1, 1), 900_001)),
  );
}

const masked = (firstByte: number, payload: Uint8Array, saidBytes?: number): Buffer =>
  wireFrame(firstByte, payload, true, saidBytes);

const pingFrame = masked(finalBit | opcode.binary, Uint8Array.of(0x05, 0x07));
const fragments = Buffer.concat(new Array(1000).fill(masked(opcode.continuation, new Uint8Array(0))));
const unattachedFrames = [[0x03, 0], [0x07, 0], [0x04], [0xc1, 0, 9]].map((bytes) => Uint8Array.from(bytes));
const brokenFrames: readonly Buffer[] = [
  masked(0xf0 | opcode.binary, Uint8Array.of(5, 7)),
  wireFrame(finalBit | opcode.binary, Uint8Array.of(5, 7), false),
  masked(finalBit | 0x0b, new Uint8Array(2)),
  masked(finalBit | opcode.close, Uint8Array.of(0, 1)),
];

export const strangers: Attacks = {
  'idle-connections': {
    leastSeconds: 13,
    words: '600 connections that say nothing',
    run: devices(600, 1000),
  },
  'pings-without-key': {
    leastSeconds: 13,
    words: '100 connections that only ping and show no key',
    run: devices(100, 500, ({ peer }) => peer.write(pingFrame)),
  },
  'half-handshakes': {
    leastSeconds: 18,
    words: '400 requests whose head never ends',
    run: plainly(400, plainHead),
  },
  'slow-heads': {
    leastSeconds: 18,
    words: '200 requests that send a header now and then',
    run: plainly(200, plainHead, 'X-A: b\r\n'),
  },
  'plain-requests': {
    words: 'plain HTTP requests on the port, pipelined',
    run: plainly(20, '', `${plainHead}\r\n`.repeat(200)),
  },
  'no-http': {
    words: 'bytes that are no HTTP',
    run: (target) =>
      inLanes(target, 10, 20, async () => {
        const endMs = performance.now() + 200;
        await plainly(5, '\u0000\u0001no http\r\n\r\n')({ ...target, isOver: () => performance.now() >= endMs });
      }),
  },
  'foreign-origin': {
    words: 'a page of a foreign origin asks for connections',
    run: upgrades({ lines: ['Origin: https://evil.example'] }),
  },
  'foreign-host': {
    words: 'connections under a foreign host name, as after DNS rebinding',
    run: upgrades({ host: 'evil.example' }),
  },
  'wrong-subprotocol': { words: 'connections of another subprotocol', run: upgrades({ protocol: 'outrider.0' }) },
  'connection-churn': { words: 'connections that are opened and dropped at once', run: visits(16, 1, async () => {}) },
  'unfinished-messages': {
    words: '300 messages of 0.9 MB whose last byte never comes, over a link of 1 Gbit/s',
    run: unfinishedMessages(),
  },
  'byte-by-byte': {
    leastSeconds: 13,
    words: '100 messages of 1 MB that come byte by byte',
    run: devices(
      100,
      100,
      ({ peer }) => peer.write(Buffer.of(0)),
      ({ peer }) => peer.write(masked(finalBit | opcode.binary, Uint8Array.of(1), 1_000_000)),
    ),
  },
  'endless-fragments': {
    words: 'messages of endless fragments without content',
    run: devices(
      8,
      5,
      ({ peer }) => {
        if (peer.waitingBytes < floodBytes) peer.write(fragments);
      },
      ({ peer }) => peer.write(masked(opcode.binary, Uint8Array.of(5))),
    ),
  },
  'websocket-pings': {
    words: 'control frames as fast as they are taken',
    run: flooding(4, masked(finalBit | opcode.ping, new Uint8Array(100)), 100),
  },
  'ping-flood': { words: 'pings of the protocol as fast as they are taken', run: flooding(4, pingFrame, 200) },
  'text-messages': {
    words: 'messages of text instead of bytes',
    run: writings(8, () => masked(finalBit | opcode.text, Buffer.from('hello'))),
  },
  'too-large-messages': {
    words: 'messages of 4 MB',
    run: (target) => {
      const large = masked(finalBit | opcode.binary, Buffer.alloc(4_000_000));
      return writings(4, () => large)(target);
    },
  },
  'broken-frames': {
    words: 'frames that break the WebSocket protocol: reserved bits, no mask, unknown opcodes',
    run: writings(8, (round) => brokenFrames[round % brokenFrames.length] as Buffer),
  },
  'no-frames': {
    words: 'messages that are no frames of the protocol',
    run: messages(8, (round) => Buffer.alloc(1 + (round % 60), (round * 37) % 256)),
  },
  'wrong-version': {
    words: 'openings of another version of the protocol',
    run: messages(8, () => Uint8Array.of(0x01, 99, ...ids(200).map((id) => id % 256))),
  },
  'guessed-keys': {
    words: 'openings with guessed keys',
    run: guesses(16, (round) => opening(`guess-${round}`)),
  },
  'guessed-keys-large': {
    words: 'openings of 0.5 MB with guessed keys',
    run: (target) => {
      const frame = new DeviceCodec().encode(opening('a-guess-of-a-key', { prompt: ids(250_000) }));
      return messages(8, () => frame)(target);
    },
  },
  'withdrawn-key': {
    words: 'openings with a key that has been withdrawn',
    run: guesses(8, (_round, { withdrawnKey }) => opening(withdrawnKey)),
  },
  'guessed-sessions': {
    words: 'resumes of guessed sessions with a guessed key',
    run: guesses(8, () => {
      const { version, session } = opening('');
      return { kind: 'resume', version, credentials: 'guess', padding: 0, session, attempt: 9, length: 8 };
    }),
  },
  'drafts-without-attach': {
    words: 'drafts, acknowledgements and verdict requests before any attach',
    run: devices(8, 20, ({ peer }) => {
      for (const frame of unattachedFrames) peer.send(frame);
    }),
  },
  'never-reads': {
    leastSeconds: 13,
    words: 'connections that ping and never read the answers',
    run: devices(
      20,
      5,
      ({ peer }) => {
        if (peer.waitingBytes < floodBytes) peer.write(pingFrame);
      },
      ({ peer }) => peer.stopReading(),
    ),
  },
};
