// A hostile client over HTTP of trial abuse: requests with whatever head and body, over plain TCP.

import type { Socket } from 'node:net';
import { askRaw, openRaw, type RawHttpAnswer, type RawHttpRequest, requestHead } from '../access/raw-http.ts';
import { inLanes, pause, type Target, toySeed } from './intruder.ts';

/** Bytes that a link of 1 Gbit/s carries in a millisecond. */
const linkBytesPerMs = 120_000;
/** An attacker waits no longer for an answer, ms. */
const answerMs = 5000;
const chatPath = '/v1/chat/completions';

/** A body of JSON. @param fields those of a short chat but for these */
export function chatBody(fields: object = {}): Buffer {
  const question = { messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 };
  return Buffer.from(JSON.stringify({ model: `toy:${toySeed}`, ...question, ...fields }));
}

export interface Post {
  readonly path?: string;
  /** Default: the attacker's own. */
  readonly key?: string;
  /** That is said to come; default: what comes. */
  readonly saidBytes?: number;
}

export function post(target: Target, body: Buffer, { path = chatPath, key, saidBytes }: Post = {}): RawHttpRequest {
  const lines = [...keyLine(key ?? target.key), 'Content-Type: application/json'];
  const from = target.from;
  return { method: 'POST', path, from, lines: [...lines, `Content-Length: ${saidBytes ?? body.length}`], body: [body] };
}

export function keyLine(key: string): readonly string[] {
  return [`Authorization: Bearer ${key}`];
}

/** The same, in pieces whose sum nobody says. */
export function postInPieces(target: Target, pieces: readonly Buffer[]): RawHttpRequest {
  const lines = [...keyLine(target.key), 'Content-Type: application/json', 'Transfer-Encoding: chunked'];
  return { method: 'POST', path: chatPath, from: target.from, lines, body: pieces.map(piece) };
}

/** One piece of a chunked body. */
export function piece(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** Asks in `lanes` at the same time, one request after the other, as fast as they are answered or the link allows. */
export function asking(
  target: Target,
  lanes: number,
  requestOf: (lane: number, round: number) => RawHttpRequest,
  heard: (answer: RawHttpAnswer | null) => void = () => {},
): Promise<void> {
  return inLanes(target, lanes, 1, async (lane, round) => {
    const request = requestOf(lane, round);
    const bytes = (request.body ?? []).reduce((sum, { length }) => sum + length, 0);
    const link = pause((lanes * bytes) / linkBytesPerMs);
    heard(await askRaw(target.port, request, answerMs));
    await link;
  });
}

/** A limit on bodies may refuse the largest before anybody looks at it: then smaller ones come. */
const shrinking = [1, 1 / 4, 1 / 16];

/** Posts the largest body of this kind that is read. @param bodyOf a body of about `scale` of its largest size */
export function posting(
  lanes: number,
  bodyOf: (scale: number) => Buffer,
  how?: Post,
): (target: Target) => Promise<void> {
  return (target) => {
    const requests = shrinking.map((scale) => post(target, bodyOf(scale), how));
    let size = 0;
    const heard = (answer: RawHttpAnswer | null): void => {
      if (answer === null || answer.status === 413) size += 1;
    };
    return asking(target, lanes, () => requests[size % requests.length] as RawHttpRequest, heard);
  };
}

/** So many requests at the same moment, over and over. */
export async function atOnce(target: Target, count: number, request: RawHttpRequest): Promise<void> {
  while (!target.isOver()) {
    await Promise.all(Array.from({ length: count }, () => askRaw(target.port, request, answerMs)));
  }
}

/** Keeps `count` connections open until the attack is over; one that is closed is opened again. */
export async function keepSockets(
  target: Target,
  count: number,
  begin: (socket: Socket, lane: number) => void,
  meanwhile: (socket: Socket, lane: number) => void = () => {},
  everyMs = 100,
): Promise<void> {
  const open = new Map<number, Socket>();
  await inLanes(target, count, everyMs, (lane) => {
    const socket = open.get(lane);
    if (socket?.writable) return meanwhile(socket, lane);
    socket?.destroy();
    const fresh = openRaw(target.port, target.from);
    open.set(lane, fresh);
    begin(
      fresh.on('data', () => {}),
      lane,
    );
  });
  for (const socket of open.values()) socket.destroy();
}

/** Bodies that never end, as large as they are taken: where one is too large, the next ones are a little smaller. */
export function unfinished(target: Target, count: number, mostBytes: number, key: string): Promise<void> {
  const lines = [...keyLine(key), 'Content-Type: application/json', 'Transfer-Encoding: chunked'];
  const head = requestHead(target.port, { method: 'POST', path: chatPath, lines });
  // A letter beyond latin-1 in each piece: a text that is kept takes two bytes a character.
  const part = piece(Buffer.from('\u2603'.padEnd(50_000, 'x')));
  const sentBytes = new WeakMap<Socket, number>();
  let most = mostBytes;
  const begin = (socket: Socket): void => {
    socket.write(head);
    socket.write(piece(Buffer.from('{"a":"')));
    socket.once('data', (answer) => {
      const isTooLarge = answer.toString('latin1').startsWith('HTTP/1.1 413');
      if (isTooLarge) most = Math.min(most, Math.max(0, (sentBytes.get(socket) ?? 0) - part.length));
    });
  };
  const more = (socket: Socket): void => {
    const sent = (sentBytes.get(socket) ?? 0) + part.length;
    if (sent > most) return;
    sentBytes.set(socket, sent);
    socket.write(part);
  };
  return keepSockets(target, count, begin, more, (count * part.length) / linkBytesPerMs);
}
