// A peer that keeps no rules: it writes any bytes over plain TCP, as HTTP or as WebSocket frames (RFC 6455), and reports what comes back. The
// clients of a library cannot send what a hostile one does.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { subprotocol } from '../../../src/network/transport/socket-connection.ts';

/** RFC 6455, 5.2. */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const headEnd = '\r\n\r\n';
/** The longest timer. */
const foreverMs = 2 ** 31 - 1;

/** Bits of the first byte of a frame. */
export const finalBit = 0x80;

/** One WebSocket frame. A device's are masked, with a key of zeros, so that the payload stays legible. */
export function wireFrame(
  firstByte: number,
  payload: Uint8Array,
  masked: boolean,
  saidBytes: number = payload.length,
): Buffer {
  const lengthBytes = saidBytes < 126 ? 0 : saidBytes < 65_536 ? 2 : 8;
  const lengthCode = lengthBytes === 0 ? saidBytes : lengthBytes === 2 ? 126 : 127;
  const head = Buffer.alloc(2 + lengthBytes + (masked ? 4 : 0));
  head[0] = firstByte;
  head[1] = (masked ? 0x80 : 0) | lengthCode;
  if (lengthBytes === 2) head.writeUInt16BE(saidBytes, 2);
  if (lengthBytes === 8) head.writeUInt32BE(saidBytes, 6);
  return Buffer.concat([head, payload]);
}

/** A connection, and the WebSocket over it where there is one. */
export class RawPeer {
  readonly #socket: Socket;
  /** Whether its frames are masked, as those of a device are. */
  readonly #masked: boolean;
  #unread: Buffer = Buffer.alloc(0);
  #isClosed = false;
  readonly #checks = new Set<() => void>();
  /** The text of the other side's close frame; empty: none has come. */
  closeText = '';
  /** Called with all bytes, except those of a WebSocket. */
  onBytes: (bytes: Buffer) => void = () => {};
  /** Called with each binary message of a WebSocket. */
  onMessage: (payload: Buffer) => void = () => {};

  constructor(socket: Socket, masked: boolean) {
    this.#socket = socket.setNoDelay(true);
    this.#masked = masked;
    // Callers see what came.
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      this.onBytes(bytes);
      this.#check();
    });
    socket.on('close', () => this.#close());
  }

  /** @param from source address */
  static open(port: number, from?: string): RawPeer {
    return new RawPeer(connect({ port, host: '127.0.0.1', localAddress: from }), true);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Stops reading, as a peer whose buffers are full. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** @param bytes a text is written as latin-1 */
  write(bytes: Uint8Array | string): void {
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(bytes, 'latin1');
  }

  send(payload: Uint8Array): void {
    this.write(wireFrame(finalBit | opcode.binary, payload, this.#masked));
  }

  /** Sends a close frame, as a polite peer does. */
  close(): void {
    this.write(wireFrame(finalBit | opcode.close, Uint8Array.of(0x03, 0xe8), this.#masked));
    setTimeout(() => this.destroy(), 1000).unref();
  }

  /** Ends the connection without a close frame. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Whether `condition` holds or the other side has closed, within `limitMs`. */
  async settled(condition: () => boolean, limitMs: number): Promise<boolean> {
    const isSettled = (): boolean => this.#isClosed || condition();
    if (isSettled()) return true;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#checks.delete(check);
        resolve(isSettled());
      };
      const check = (): void => {
        if (isSettled()) done();
      };
      const timer = setTimeout(done, limitMs);
      this.#checks.add(check);
    });
  }

  /** Waits for the head of a request or an answer; what follows it is read as WebSocket frames. @returns null: the other side closed before */
  async head(): Promise<string | null> {
    let bytes = Buffer.alloc(0);
    this.onBytes = (part) => {
      bytes = Buffer.concat([bytes, part]);
    };
    await this.settled(() => bytes.includes(headEnd), foreverMs);
    const end = bytes.indexOf(headEnd);
    if (end === -1) return null;
    this.onBytes = (part) => this.#readFrames(part);
    // By then the caller has set `onMessage`.
    setImmediate(() => this.#readFrames(Buffer.alloc(0)));
    this.#unread = bytes.subarray(end + headEnd.length);
    return bytes.subarray(0, end).toString('latin1');
  }

  #check(): void {
    for (const check of [...this.#checks]) check();
  }

  #close(): void {
    this.#isClosed = true;
    this.#check();
  }

  #readFrames(part: Buffer): void {
    this.#unread = this.#unread.length === 0 ? part : Buffer.concat([this.#unread, part]);
    for (let frame = cutFrame(this.#unread); frame !== null; frame = cutFrame(this.#unread)) {
      this.#unread = this.#unread.subarray(frame.wireBytes);
      if (frame.opcode === opcode.binary) this.onMessage(frame.payload);
      if (frame.opcode === opcode.close) {
        this.closeText = frame.payload.subarray(2).toString('utf8');
        this.write(wireFrame(finalBit | opcode.close, frame.payload.subarray(0, 2), this.#masked));
        this.#socket.end();
        this.#close();
      }
    }
    this.#check();
  }
}

function cutFrame(bytes: Buffer): { opcode: number; payload: Buffer; wireBytes: number } | null {
  if (bytes.length < 2) return null;
  const lengthCode = (bytes[1] as number) & 0x7f;
  const lengthBytes = lengthCode === 126 ? 2 : lengthCode === 127 ? 8 : 0;
  const maskBytes = ((bytes[1] as number) & 0x80) === 0 ? 0 : 4;
  const headBytes = 2 + lengthBytes + maskBytes;
  if (bytes.length < headBytes) return null;
  const length = lengthBytes === 2 ? bytes.readUInt16BE(2) : lengthBytes === 8 ? bytes.readUInt32BE(6) : lengthCode;
  if (bytes.length < headBytes + length) return null;
  const payload = Buffer.from(bytes.subarray(headBytes, headBytes + length));
  const mask = bytes.subarray(headBytes - maskBytes, headBytes);
  if (maskBytes > 0)
    for (let index = 0; index < length; index += 1) (payload[index] as number) ^= mask[index % 4] as number;
  return { opcode: (bytes[0] as number) & 0x0f, payload, wireBytes: headBytes + length };
}

/** Any request, with any head and body. */
export interface RawRequest {
  /** Default: GET. */
  readonly method?: string;
  /** Default: "/". */
  readonly path?: string;
  readonly host?: string;
  /** Source address. */
  readonly from?: string;
  /** Others may follow on the same connection; default: it is the last one. */
  readonly isKept?: boolean;
  /** Lines of the head after "Host". */
  readonly lines?: readonly string[];
  /** What follows the head, as it is. */
  readonly body?: readonly (string | Uint8Array)[];
}

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The head of a request, its empty line included. */
export function requestHead(port: number, request: RawRequest): string {
  const { method = 'GET', path = '/', host = `127.0.0.1:${port}`, isKept = false, lines = [] } = request;
  const own = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...(isKept ? [] : ['Connection: close'])];
  return `${[...own, ...lines].join('\r\n')}${headEnd}`;
}

/** @returns null: the other side closed, or sent nothing in time, without an answer */
export async function askRaw(port: number, request: RawRequest, limitMs = 10_000): Promise<RawAnswer | null> {
  const peer = RawPeer.open(port, request.from);
  let text = '';
  peer.onBytes = (bytes) => {
    text += bytes.toString('latin1');
  };
  peer.write(requestHead(port, request));
  for (const part of request.body ?? []) peer.write(part);
  // What was read before a close counts: a server may answer and close before it has read all.
  await peer.settled(() => isWhole(answerOf(text), request.method), limitMs);
  peer.destroy();
  return answerOf(text);
}

/** An answer without a length ends with the connection. */
function isWhole(answer: RawAnswer | null, method: string | undefined): boolean {
  if (answer === null) return false;
  const { status, headers, body } = answer;
  return method === 'HEAD' || status === 204 || body.length >= Number(headers['content-length'] ?? Number.NaN);
}

function answerOf(text: string): RawAnswer | null {
  const end = text.indexOf(headEnd);
  if (!text.startsWith('HTTP/1.1 ') || end === -1) return null;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
  });
  const status = Number(first.split(' ')[1]);
  return { status, headers: Object.fromEntries(headers), body: text.slice(end + headEnd.length) };
}

export interface RawUpgrade extends RawRequest {
  readonly protocol?: string;
}

/** A device that has been let in. @throws Error when the other side does not upgrade */
export async function connectRaw(port: number, request: RawUpgrade = {}): Promise<RawPeer> {
  const { protocol = subprotocol, lines = [] } = request;
  const upgrade = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
  ];
  const peer = RawPeer.open(port, request.from);
  peer.write(requestHead(port, { ...request, isKept: true, lines: [...upgrade, ...lines] }));
  const head = await peer.head();
  if (head?.startsWith('HTTP/1.1 101')) return peer;
  peer.destroy();
  throw new Error(head === null ? 'closed instead of an upgrade' : `answered with ${head.slice(0, 40)}`);
}

/** An edge that keeps no rules, on a free port. */
export async function listenRaw(accept: (peer: RawPeer) => void): Promise<{ readonly port: number; close(): void }> {
  const peers = new Set<RawPeer>();
  const server = createServer(async (socket) => {
    const peer = new RawPeer(socket, false);
    peers.add(peer);
    const head = await peer.head();
    const key = /sec-websocket-key: (.*)/i.exec(head ?? '')?.[1]?.trim() ?? '';
    const answer = createHash('sha1').update(`${key}${acceptGuid}`).digest('base64');
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${answer}`;
    peer.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\nSec-WebSocket-Protocol: ${subprotocol}${headEnd}`);
    if (head !== null) accept(peer);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = (): void => {
    server.close();
    for (const peer of peers) peer.destroy();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
