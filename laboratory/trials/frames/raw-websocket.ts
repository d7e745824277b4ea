// A WebSocket peer that keeps no rules (RFC 6455): it sends whatever bytes it is told to over plain TCP, and tells what comes
// back. Well-behaved sockets can't send what a hostile one does.

import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { subprotocol } from '../../../src/network/transport/socket-connection.ts';

/** RFC 6455, 5.2. */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const headEnd = Buffer.from('\r\n\r\n');

/** Bits of the first byte. */
export const finalBit = 0x80;

/** One WebSocket frame. A device's are masked, with a key of zeros, so that the payload stays legible. */
export function wireFrame(
  firstByte: number,
  payload: Uint8Array,
  masked: boolean,
  saidBytes: number = payload.length,
): Buffer {
  const head = [firstByte];
  const maskBit = masked ? 0x80 : 0;
  if (saidBytes < 126) head.push(maskBit | saidBytes);
  else if (saidBytes < 65_536) head.push(maskBit | 126, saidBytes >> 8, saidBytes & 0xff);
  else {
    const length = Buffer.alloc(8);
    length.writeUInt32BE(saidBytes, 4);
    head.push(maskBit | 127, ...length);
  }
  if (masked) head.push(0, 0, 0, 0);
  return Buffer.concat([Buffer.from(head), payload]);
}

export class RawPeer {
  readonly #socket: Socket;
  readonly #masked: boolean;
  #unread: Buffer;
  #isClosed = false;
  readonly #waiting = new Set<() => void>();
  /** What the other side said when it closed, or empty. */
  closeText = '';
  /** Called with each binary message. */
  onMessage: (payload: Buffer) => void = () => {};

  constructor(socket: Socket, masked: boolean, unread: Buffer) {
    this.#socket = socket;
    this.#masked = masked;
    this.#unread = unread;
    socket.on('data', (part) => this.#read(part));
    socket.on('close', () => this.#close());
    if (socket.destroyed) this.#close();
    queueMicrotask(() => this.#read(Buffer.alloc(0)));
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

  write(bytes: Buffer): void {
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(bytes);
  }

  send(payload: Uint8Array): void {
    this.write(wireFrame(finalBit | opcode.binary, payload, this.#masked));
  }

  /** A close frame, as a polite peer sends it. */
  close(): void {
    this.write(wireFrame(finalBit | opcode.close, Uint8Array.of(0x03, 0xe8), this.#masked));
    setTimeout(() => this.destroy(), 1000).unref();
  }

  /** Without a word. */
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
        this.#waiting.delete(check);
        resolve(isSettled());
      };
      const check = (): void => {
        if (isSettled()) done();
      };
      const timer = setTimeout(done, limitMs);
      this.#waiting.add(check);
    });
  }

  #close(): void {
    this.#isClosed = true;
    for (const check of [...this.#waiting]) check();
  }

  #read(part: Buffer): void {
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
    for (const check of [...this.#waiting]) check();
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

/** Collects an HTTP head and what follows it. */
function readHead(socket: Socket, done: (head: string, rest: Buffer) => void): void {
  let bytes = Buffer.alloc(0);
  const read = (part: Buffer): void => {
    bytes = Buffer.concat([bytes, part]);
    const end = bytes.indexOf(headEnd);
    if (end === -1) return;
    socket.off('data', read);
    done(bytes.subarray(0, end).toString('latin1'), bytes.subarray(end + headEnd.length));
  };
  socket.on('data', read);
}

/** How a raw device asks to be let in. */
export interface RawRequest {
  /** Source address. */
  readonly from?: string;
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly protocol?: string;
  /** Further lines of the head. */
  readonly headers?: readonly string[];
}

/** A device that has been let in. @throws Error when the edge does not upgrade */
export function connectRaw(port: number, request: RawRequest = {}): Promise<RawPeer> {
  const { from, method = 'GET', path = '/', host = '127.0.0.1', protocol = subprotocol, headers = [] } = request;
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the edge closed instead of upgrading')));
    readHead(socket, (head, rest) => {
      if (head.startsWith('HTTP/1.1 101')) {
        resolve(new RawPeer(socket, true, rest));
        return;
      }
      reject(new Error(`the edge answered ${head.slice(0, 40)}`));
      socket.destroy();
    });
    const key = randomBytes(16).toString('base64');
    const lines = [
      `${method} ${path} HTTP/1.1`,
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      `Sec-WebSocket-Protocol: ${protocol}`,
      ...headers,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
}

/** An edge that keeps no rules, on a free port. */
export function listenRaw(accept: (peer: RawPeer) => void): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    readHead(socket, (head, rest) => {
      const key = /sec-websocket-key: (.*)/i.exec(head)?.[1]?.trim() ?? '';
      const answer = createHash('sha1').update(`${key}${acceptGuid}`).digest('base64');
      const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${answer}`;
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`);
      accept(new RawPeer(socket, false, rest));
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const close = (): void => {
        server.close();
        for (const socket of sockets) socket.destroy();
      };
      resolve({ port: typeof address === 'object' && address !== null ? address.port : 0, close });
    });
  });
}
