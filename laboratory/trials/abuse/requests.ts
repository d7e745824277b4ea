// Requests over HTTP of the attacker of trial abuse.

import { toySeed } from '../hostile/raw-device.ts';
import { type RawRequest, requestHead } from '../hostile/raw-peer.ts';
import type { Target } from './attack.ts';

const chatPath = '/v1/chat/completions';
export const wrongKey = 'a-guess-of-a-key';

/** A body of JSON. @param fields those of a short chat but for these */
export function chatBody(fields: object = {}): Buffer {
  const question = { messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 };
  return Buffer.from(JSON.stringify({ model: `toy:${toySeed}`, ...question, ...fields }));
}

/** A request without a body. @param key none: it shows no key */
export function get({ from }: Target, path: string, key?: string, lines: readonly string[] = []): RawRequest {
  return { path, from, lines: key === undefined ? lines : [`Authorization: Bearer ${key}`, ...lines] };
}

export interface Post {
  readonly path?: string;
  /** Default: the attacker's own. */
  readonly key?: string;
  /** The announced length; default: that of the body. */
  readonly saidBytes?: number;
}

export function post(target: Target, body: Buffer, how: Post = {}): RawRequest {
  const { path = chatPath, key = target.key, saidBytes = body.length } = how;
  const lines = ['Content-Type: application/json', `Content-Length: ${saidBytes}`];
  return { ...get(target, path, key, lines), method: 'POST', body: [body] };
}

/** The same, in pieces whose sum is not announced. */
export function postInPieces(target: Target, pieces: readonly Buffer[], key: string = target.key): RawRequest {
  const lines = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
  return { ...get(target, chatPath, key, lines), method: 'POST', body: pieces.map(piece) };
}

/** One piece of a chunked body. */
export function piece(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** The bytes of a request, from its first line on. */
export function wholeRequest(port: number, request: RawRequest): Buffer {
  const parts = [requestHead(port, request), ...(request.body ?? [])];
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}
