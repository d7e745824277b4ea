// Seeded damage to true traffic: what bit errors, bugs and bad intentions make of the frames of an honest connection. Pure.

import { isOutriderError } from '../../../src/core/basics/errors.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import { limits } from '../../../src/core/protocol/wire/limits.ts';
import { finalBit, opcode, wireFrame } from '../hostile/raw-peer.ts';

/** What is sent as one WebSocket frame. */
export interface Shot {
  readonly wire: Buffer;
  /** No WebSocket may accept it. */
  readonly isBroken: boolean;
}

export type Frames = Uint8Array[];

/** Every kind of both directions, counts from short to long, and kinds that do not exist. */
const heads: readonly number[] = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x3f, 0x40, 0x41, 0x42, 0x43,
  0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x80, 0x81, 0x84, 0xa0, 0xa1, 0xa5, 0xbf, 0xc0, 0xc1, 0xc4, 0xe0, 0xe1,
  0xe4, 0xff,
];
const edgeBytes: readonly number[] = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xff];
/** Varints: 0, 1, 300, 2^22 - 1, 2^22, 2^53 - 1, too long, superfluous. */
const varints: readonly (readonly number[])[] = [
  [0],
  [1],
  [0xac, 0x02],
  [0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x02],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x00],
];

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.integer(items.length)] as Item;
}

export function randomPayload(random: Random, maxBytes: number): Uint8Array {
  return Uint8Array.from({ length: random.integer(maxBytes + 1) }, () => random.integer(256));
}

/** A frame of a kind that exists, with fields that mean nothing. */
export function randomFrame(random: Random): Uint8Array {
  return Uint8Array.of(pick(random, heads), ...randomPayload(random, 12));
}

type Mutation = (frames: Frames, at: number, random: Random, others: readonly Frames[]) => void;

function change(frames: Frames, at: number, edit: (bytes: number[]) => void): void {
  const bytes = [...(frames[at] ?? [])];
  edit(bytes);
  frames[at] = Uint8Array.from(bytes);
}

const mutations: readonly Mutation[] = [
  function flipBits(frames, at, random) {
    change(frames, at, (bytes) => {
      for (let left = 1 + random.integer(3); left > 0 && bytes.length > 0; left -= 1) {
        const index = random.integer(bytes.length);
        bytes[index] = (bytes[index] as number) ^ (1 << random.integer(8));
      }
    });
  },
  function setByte(frames, at, random) {
    change(frames, at, (bytes) => {
      if (bytes.length > 0) bytes[random.integer(bytes.length)] = pick(random, edgeBytes);
    });
  },
  function truncate(frames, at, random) {
    frames[at] = (frames[at] ?? new Uint8Array(0)).slice(0, random.integer((frames[at]?.length ?? 0) + 1));
  },
  function extend(frames, at, random) {
    change(frames, at, (bytes) => bytes.push(...randomPayload(random, 8)));
  },
  function putVarint(frames, at, random) {
    change(frames, at, (bytes) =>
      bytes.splice(random.integer(bytes.length + 1), random.integer(3), ...pick(random, varints)),
    );
  },
  function duplicate(frames, at) {
    frames.splice(at, 0, frames[at] ?? new Uint8Array(0));
  },
  function drop(frames, at) {
    frames.splice(at, 1);
  },
  function swap(frames, at, random) {
    const other = random.integer(frames.length);
    [frames[at], frames[other]] = [frames[other] as Uint8Array, frames[at] as Uint8Array];
  },
  function splice(frames, at, random, others) {
    const tail = pick(random, pick(random, others));
    change(frames, at, (bytes) => bytes.splice(random.integer(bytes.length + 1), bytes.length, ...tail.slice(0, 400)));
  },
  function insertOther(frames, at, random, others) {
    frames.splice(at, 0, pick(random, pick(random, others)));
  },
  function changeKind(frames, at, random) {
    change(frames, at, (bytes) => {
      bytes[0] = pick(random, heads);
    });
  },
  function insertRandom(frames, at, random) {
    frames.splice(at, 0, randomFrame(random));
  },
  function insertNoise(frames, at, random) {
    frames.splice(at, 0, randomPayload(random, 40));
  },
];

/** Damages `count` places of a list of frames. */
export function mutate(frames: Frames, count: number, random: Random, others: readonly Frames[]): void {
  for (let left = count; left > 0 && frames.length > 0; left -= 1) {
    pick(random, mutations)(frames, random.integer(frames.length), random, others);
  }
}

export function shotOf(payload: Uint8Array, masked: boolean): Shot {
  return { wire: wireFrame(finalBit | opcode.binary, payload, masked), isBroken: false };
}

type Side = 'device' | 'edge';
/** The share of cases of an attacker of this side with a broken frame. */
const brokenShare = { device: 0.06, edge: 0.08 };
const maxFrameBytes = { device: limits.openBytes, edge: limits.edgeFrameBytes };

/** What an attacker of this side sends. @param mirror of the receiving end, which decodes all frames */
export function makeShots(
  random: Random,
  side: Side,
  frames: Frames,
  mirror: { decode(bytes: Uint8Array): unknown },
): { readonly shots: readonly Shot[]; readonly mustClose: boolean } {
  const shots: Shot[] = [];
  let mustClose = false;
  const brokenAt = random.uniform() < brokenShare[side] ? random.integer(frames.length + 1) : -1;
  for (const [index, payload] of frames.entries()) {
    if (index === brokenAt) shots.push(brokenShot(random, side));
    shots.push(shotOf(payload, side === 'device'));
    mustClose ||= index === brokenAt || isMalformed(mirror, payload);
    // What follows a malformed frame is not read; a few show that it is not.
    if (mustClose && random.uniform() < 0.3) break;
  }
  if (brokenAt === frames.length) shots.push(brokenShot(random, side));
  return { shots, mustClose: mustClose || brokenAt === frames.length };
}

function isMalformed(mirror: { decode(bytes: Uint8Array): unknown }, payload: Uint8Array): boolean {
  try {
    mirror.decode(payload);
    return false;
  } catch (error) {
    if (isOutriderError(error)) return true;
    throw error;
  }
}

/** A frame that breaks the WebSocket protocol or a limit below ours. */
function brokenShot(random: Random, side: Side): Shot {
  const masked = side === 'device';
  const some = randomPayload(random, 20);
  const nothing = new Uint8Array(0);
  const wires: readonly (() => Buffer)[] = [
    () => wireFrame(finalBit | opcode.text, Buffer.from('{"kind":"open"}'), masked),
    () => wireFrame(finalBit | opcode.binary, some, masked, maxFrameBytes[side] + 1 + random.integer(1000)),
    () => wireFrame(finalBit | pick(random, [3, 4, 7, 11, 15]), some, masked),
    () => wireFrame(finalBit | 0x40 | opcode.binary, some, masked),
    () => wireFrame(finalBit | opcode.binary, some, !masked),
    () => wireFrame(finalBit | opcode.ping, new Uint8Array(200), masked),
    () => wireFrame(opcode.ping, some, masked),
    () => wireFrame(finalBit | opcode.continuation, some, masked),
    () => wireFrame(finalBit | opcode.close, Uint8Array.of(3), masked),
    () => wireFrame(finalBit | opcode.close, Uint8Array.of(0x03, 0xee, 0xff, 0xfe), masked),
    () => Buffer.concat([wireFrame(opcode.binary, some, masked), wireFrame(finalBit | opcode.text, nothing, masked)]),
  ];
  return { wire: pick(random, wires)(), isBroken: true };
}
