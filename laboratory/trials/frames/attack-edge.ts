// A hostile device at a real edge: one seeded case is one connection, whose frames are true traffic after damage, sent without
// waiting. The expected answer is known beforehand, from the rules of the codec and of RFC 6455.

import { ByteWriter } from '../../../src/core/basics/bytes.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { EdgeCodec } from '../../../src/core/protocol/wire/codec.ts';
import { protocolVersion } from '../../../src/core/protocol/wire/messages.ts';
import { connectRaw, type RawPeer } from '../hostile/raw-peer.ts';
import { deviceLie, insertLies } from './field-fuzzing.ts';
import { type Frames, makeShots, mutate, pick, randomFrame, randomPayload, type Shot } from './mutations.ts';
import type { Recording } from './recorded-traffic.ts';

export interface EdgeCase {
  readonly shots: readonly Shot[];
  /** A frame is malformed for certain: the edge has to close. Else it has to close, or to answer a ping after all of them. */
  readonly mustClose: boolean;
  readonly parting: 'polite' | 'rude' | 'rude-at-once';
  /** Pause before the second half, so that texts can end and sessions can be forgotten in between. */
  readonly pauseMs: number;
}

/** How long an answer may take: far more than a machine under load needs. */
export const answerLimitMs = 5000;
/** Behind kind, version, empty credentials and padding. */
const idOffset = 4;
const idBytes = 16;
const kinds = [
  'damaged',
  'damaged',
  'lies',
  'lies',
  'unopened',
  'again',
  'stranger',
  'over',
  'random',
  'flood',
  'broken',
] as const;

/** The same seed, number and recordings make the same case. */
export function makeEdgeCase(seed: number, number: number, recordings: readonly Recording[]): EdgeCase {
  const random = createRandom(seed, number);
  const frames = framesOf(random, seed, number, recordings);
  const { shots, mustClose } = makeShots(random, 'device', frames, new EdgeCodec());
  const parting = random.uniform() < 0.15 ? 'rude-at-once' : pick(random, ['polite', 'rude'] as const);
  return { shots, mustClose, parting, pauseMs: random.uniform() < 0.05 ? 5 + random.integer(250) : 0 };
}

function framesOf(random: Random, seed: number, number: number, recordings: readonly Recording[]): Frames {
  const others = recordings.map(({ up }) => up);
  const own = sessionId(seed, number);
  const frames = pick(random, others).map((bytes) => withSession(bytes, own));
  const [opening = new Uint8Array(0)] = frames;
  const kind = pick(random, kinds);
  if (kind === 'unopened') frames.splice(0, 1 + random.integer(3));
  if (kind === 'again') frames.splice(random.integer(frames.length), 0, opening, resume(random, own));
  if (kind === 'stranger') {
    // The session of a case shortly before, which may be alive, lost or forgotten.
    const foreign = sessionId(seed, number - 1 - random.integer(20));
    frames.splice(
      0,
      random.integer(2),
      random.uniform() < 0.5 ? resume(random, foreign) : withSession(opening, foreign),
    );
  }
  if (kind === 'over') frames.splice(1, frames.length, Uint8Array.of(0x04), ...frames.slice(1));
  if (kind === 'random') return Array.from({ length: 1 + random.integer(8) }, () => noise(random));
  if (kind === 'lies') insertLies(frames, 1 + random.integer(3), random, () => deviceLie(random, own));
  if (kind === 'flood') frames.push(...flood(random));
  if (kind !== 'flood' && kind !== 'lies') mutate(frames, random.integer(5), random, others);
  return frames;
}

function noise(random: Random): Uint8Array {
  const draw = random.uniform();
  if (draw < 0.01) return randomPayload(random, 20_000);
  return draw < 0.5 ? randomFrame(random) : randomPayload(random, 60);
}

/** Well-formed frames in numbers that no honest device sends. */
function flood(random: Random): Frames {
  const frame = pick(random, [[0x05, 0x07], [0x06, 0x07], [0x03, 0x00], [0x04], [0x81, 0x09], [0xc1, 0x00, 0x09]]);
  return Array.from({ length: 100 + random.integer(200) }, () => Uint8Array.from(frame));
}

function sessionId(seed: number, number: number): Uint8Array {
  const id = new Uint8Array(idBytes);
  new DataView(id.buffer).setFloat64(0, seed);
  new DataView(id.buffer).setFloat64(8, number);
  return id;
}

/** A recorded `open` or `resume` for another session; other frames stay what they are. */
function withSession(bytes: Uint8Array, session: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x01 && bytes[0] !== 0x02) return bytes;
  const copy = bytes.slice();
  copy.set(session.subarray(0, Math.max(0, copy.length - idOffset)), idOffset);
  return copy;
}

function resume(random: Random, session: Uint8Array): Uint8Array {
  const writer = new ByteWriter().byte(0x02).varint(protocolVersion).text('').varint(0).raw(session);
  return writer.varint(random.integer(4)).varint(random.integer(60)).finish();
}

type Settled = (mustClose: boolean, limitMs: number) => Promise<boolean>;

/**
 * Must be called before the first shot. The returned function pings if the other side need not close, and waits for the pong or the close;
 * false: neither came. @param onMessage gets every message
 */
export function expectAnswer(peer: RawPeer, number: number, onMessage: (payload: Buffer) => void = () => {}): Settled {
  const stamp = 2 ** 40 + number;
  const pong = new ByteWriter().byte(0x06).varint(stamp).finish();
  let isAnswered = false;
  peer.onMessage = (payload) => {
    // It may be padded, if an attach of the case has asked for that.
    isAnswered ||= payload.subarray(0, pong.length).equals(pong);
    onMessage(payload);
  };
  return (mustClose, limitMs) => {
    if (!mustClose) peer.send(new ByteWriter().byte(0x05).varint(stamp).finish());
    return peer.settled(() => isAnswered && !mustClose, limitMs);
  };
}

/** @returns null if the edge answered as it has to, else the missing answer in words */
export async function runEdgeCase(
  port: number,
  number: number,
  attack: EdgeCase,
  limitMs: number = answerLimitMs,
): Promise<string | null> {
  const peer = await connectRaw(port);
  const settled = expectAnswer(peer, number);
  const middle = attack.pauseMs > 0 ? attack.shots.length >> 1 : 0;
  peer.write(Buffer.concat(attack.shots.slice(0, middle).map(({ wire }) => wire)));
  if (middle > 0) await new Promise((resolve) => setTimeout(resolve, attack.pauseMs));
  peer.write(Buffer.concat(attack.shots.slice(middle).map(({ wire }) => wire)));
  if (attack.parting === 'rude-at-once') {
    peer.destroy();
    return null;
  }
  const isSettled = await settled(attack.mustClose, limitMs);
  if (attack.parting === 'polite') peer.close();
  else peer.destroy();
  if (isSettled) return null;
  return attack.mustClose
    ? 'a malformed frame was neither refused nor was the connection closed'
    : 'no answer to a ping';
}
