// The ways in which attacks of trial abuse use many connections: over and over, kept open, or all at the same moment.

import { RawDevice } from '../hostile/raw-device.ts';
import { askRaw, type RawAnswer, RawPeer, type RawRequest } from '../hostile/raw-peer.ts';
import type { Attack, Target } from './attack.ts';
import { type Post, piece, post, postInPieces, wholeRequest } from './requests.ts';

type Run = Attack['run'];

/** Bytes that a link of 1 Gbit/s carries in a millisecond. */
const linkBytesPerMs = 120_000;
/** An attacker waits no longer for an answer, ms. */
const answerMs = 5000;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Repeats `work` in `count` lanes at the same time until the attack is over, at most every `everyMs` in each. */
export async function inLanes(
  target: Target,
  count: number,
  everyMs: number,
  work: (lane: number, round: number) => Promise<void> | void,
): Promise<void> {
  const lane = async (number: number): Promise<void> => {
    for (let round = 0; !target.isOver(); round += 1) {
      await work(number, round);
      await pause(everyMs);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, number) => lane(number)));
}

interface Closable {
  readonly isClosed: boolean;
  destroy(): void;
}

/** Keeps `count` connections open until the attack is over; one that is closed is opened again. */
async function keep<Peer extends Closable>(
  target: Target,
  count: number,
  everyMs: number,
  open: (lane: number) => Promise<Peer | null> | Peer,
  meanwhile: (peer: Peer, lane: number) => void,
): Promise<void> {
  const kept = new Map<number, Peer>();
  await inLanes(target, count, everyMs, async (lane) => {
    const peer = kept.get(lane);
    if (peer !== undefined && !peer.isClosed) return meanwhile(peer, lane);
    const fresh = await open(lane);
    if (fresh !== null) kept.set(lane, fresh);
  });
  for (const peer of kept.values()) peer.destroy();
}

type Act = (device: RawDevice, target: Target, lane: number) => void;

/** Keeps `count` WebSocket connections open. @param begin done once with each @param meanwhile done every `everyMs` */
export function devices(count: number, everyMs: number, meanwhile: Act = () => {}, begin: Act = () => {}): Run {
  return (target) => {
    const open = async (lane: number): Promise<RawDevice | null> => {
      const device = await RawDevice.connect(target.port, target.from);
      if (device !== null) begin(device, target, lane);
      return device;
    };
    return keep(target, count, everyMs, open, (device, lane) => meanwhile(device, target, lane));
  };
}

/** Opens a WebSocket connection in each lane over and over, which ends after the visit. */
export function visits(
  lanes: number,
  everyMs: number,
  visit: (device: RawDevice, target: Target, lane: number, round: number) => Promise<unknown>,
): Run {
  return (target) =>
    inLanes(target, lanes, everyMs, async (lane, round) => {
      const device = await RawDevice.connect(target.port, target.from);
      if (device === null) return;
      await visit(device, target, lane, round);
      device.destroy();
    });
}

/** Keeps `count` plain connections open. @param begin done once with each @param meanwhile done every `everyMs` */
export function connections(
  count: number,
  everyMs: number,
  begin: (peer: RawPeer, target: Target) => void,
  meanwhile: (peer: RawPeer) => void = () => {},
): Run {
  return (target) => {
    const open = (): RawPeer => {
      const peer = RawPeer.open(target.port, target.from);
      begin(peer, target);
      return peer;
    };
    return keep(target, count, everyMs, open, meanwhile);
  };
}

/** Opens a plain connection in each lane over and over and writes one of the texts; it ends when something came, or after `waitMs`. */
export function writing(lanes: number, textsOf: (target: Target) => readonly string[], waitMs = 200): Run {
  return (target) => {
    const texts = textsOf(target);
    return inLanes(target, lanes, 2, async (_lane, round) => {
      const peer = RawPeer.open(target.port, target.from);
      let hasAnswer = false;
      peer.onBytes = () => {
        hasAnswer = true;
      };
      peer.write(texts[round % texts.length] as string);
      await peer.settled(() => hasAnswer, waitMs);
      peer.destroy();
    });
  };
}

type Requests = RawRequest | ((lane: number, round: number) => RawRequest);

/** Sends requests in `lanes` at the same time, one after the other, as fast as they are answered or the link allows. */
export function asking(
  lanes: number,
  requestsOf: (target: Target) => Requests,
  onAnswer: (answer: RawAnswer | null) => void = () => {},
): Run {
  return (target) => {
    const requests = requestsOf(target);
    return inLanes(target, lanes, 1, async (lane, round) => {
      const request = typeof requests === 'function' ? requests(lane, round) : requests;
      const bytes = (request.body ?? []).reduce((sum, { length }) => sum + length, 0);
      const link = pause((lanes * bytes) / linkBytesPerMs);
      onAnswer(await askRaw(target.port, request, answerMs));
      await link;
    });
  };
}

/** Each lane begins with another one of these requests. */
export function inTurn(requests: readonly RawRequest[]): (lane: number, round: number) => RawRequest {
  return (lane, round) => requests[(lane + round) % requests.length] as RawRequest;
}

/** A limit on bodies may refuse the largest before anybody reads it: then smaller ones come. */
const shrinking = [1, 1 / 4, 1 / 16];

/** Posts the largest body of this kind that is read. @param bodyOf a body of about `scale` of its largest size */
export function posting(lanes: number, bodyOf: (scale: number) => Buffer, how?: Post): Run {
  return (target) => {
    const requests = shrinking.map((scale) => post(target, bodyOf(scale), how));
    let size = 0;
    const onAnswer = (answer: RawAnswer | null): void => {
      if (answer === null || answer.status === 413) size += 1;
    };
    return asking(lanes, () => () => requests[size % requests.length] as RawRequest, onAnswer)(target);
  };
}

/** Sends so many requests at the same moment, over and over. */
export function atOnce(count: number, requestOf: (target: Target) => RawRequest): Run {
  return async (target) => {
    const request = requestOf(target);
    while (!target.isOver()) {
      await Promise.all(Array.from({ length: count }, () => askRaw(target.port, request, answerMs)));
    }
  };
}

/** Bodies that never end, as large as they are accepted: where one is too large, the next ones are a little smaller. */
export function unfinished(count: number, mostBytes: number, ownKey?: string): Run {
  // A letter beyond latin-1 in each piece: a text that is kept takes two bytes a character.
  const part = piece(Buffer.from('\u2603'.padEnd(50_000, 'x')));
  return (target) => {
    const first = wholeRequest(target.port, postInPieces(target, [Buffer.from('{"a":"')], ownKey));
    const sentBytes = new WeakMap<RawPeer, number>();
    let most = mostBytes;
    const begin = (peer: RawPeer): void => {
      peer.write(first);
      peer.onBytes = (answer) => {
        const isTooLarge = answer.toString('latin1').startsWith('HTTP/1.1 413');
        if (isTooLarge) most = Math.min(most, Math.max(0, (sentBytes.get(peer) ?? 0) - part.length));
      };
    };
    const more = (peer: RawPeer): void => {
      const sent = (sentBytes.get(peer) ?? 0) + part.length;
      if (sent > most) return;
      sentBytes.set(peer, sent);
      peer.write(part);
    };
    return connections(count, (count * part.length) / linkBytesPerMs, begin, more)(target);
  };
}
