// One open WebSocket of the `ws` package as a Connection. Nothing of `ws` gets out of the websocket files.

import type { RawData, WebSocket } from 'ws';
import type { ErrorCode } from '../basics/errors.ts';
import { lostConnection } from './endings.ts';
import {
  type Accept,
  type CloseReason,
  type Connection,
  type ConnectionHandler,
  defaultMaxFrameBytes,
  sendMarkBytes,
} from './transport.ts';
import { fromCloseFrame, toCloseFrame } from './websocket-close.ts';

export const subprotocol = 'outrider.1';

/** How long a peer may take to answer a close; a half-open connection never does. */
const closeTimeoutMs = 2000;

/** What both ends ask of `ws`. Frames are a few bytes, so compression would only add latency; `ws` sets TCP_NODELAY. */
export function socketOptions(maxFrameBytes: number = defaultMaxFrameBytes): SocketOptions {
  return { perMessageDeflate: false, maxPayload: maxFrameBytes, autoPong: false };
}

interface SocketOptions {
  readonly perMessageDeflate: false;
  readonly maxPayload: number;
  readonly autoPong: false;
}

/** Must be called while no frame can have arrived, that is from within the event that opened the socket. */
export function adoptSocket(socket: WebSocket, accept: Accept): Connection {
  return new SocketConnection(socket, accept);
}

class SocketConnection implements Connection {
  readonly #socket: WebSocket;
  readonly #handler: ConnectionHandler;
  /** Set once we have ended it ourselves. */
  #ending: CloseReason | undefined;
  #blocked = false;
  sentBytes = 0;
  receivedBytes = 0;
  sentFrames = 0;
  receivedFrames = 0;

  constructor(socket: WebSocket, accept: Accept) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#arrive(data, isBinary));
    socket.on('ping', (payload) => {
      // Answered by hand, so that a peer which pings and never reads fills no buffer.
      if (this.writable) socket.pong(payload);
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', (closeCode, reason) => {
      this.#finish(this.#ending ?? fromCloseFrame({ closeCode, reasonText: reason.toString('utf8') }));
    });
    this.#handler = accept(this);
  }

  get writable(): boolean {
    return this.#socket.bufferedAmount <= sendMarkBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.sentBytes += bytes.length;
    this.sentFrames += 1;
    this.#socket.send(bytes, { binary: true }, () => this.#flushed());
    if (!this.writable) this.#blocked = true;
  }

  close(code: ErrorCode | 'done', detail: string): void {
    if (this.#ending !== undefined) return;
    if (code === 'edge-unreachable') {
      this.#ending = lostConnection;
      this.#socket.terminate();
      return;
    }
    const { closeCode, reasonText } = toCloseFrame(code, detail);
    this.#end({ by: 'us', code, detail });
    this.#socket.close(closeCode, reasonText);
  }

  #end(reason: CloseReason): void {
    this.#ending = reason;
    const timer = setTimeout(() => this.#socket.terminate(), closeTimeoutMs);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #arrive(data: RawData, isBinary: boolean): void {
    if (this.#ending !== undefined) return;
    if (!isBinary || !(data instanceof Uint8Array)) {
      this.close('protocol-error', 'a text frame; all frames are binary');
      return;
    }
    this.receivedBytes += data.length;
    this.receivedFrames += 1;
    // Node's Buffer.slice shares memory where Uint8Array.slice copies; the holder gets what its type says.
    this.#handler.frame(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  #flushed(): void {
    if (!this.#blocked || this.#ending !== undefined || !this.writable) return;
    this.#blocked = false;
    this.#handler.writable();
  }

  /** `ws` has sent the close frame by now if the peer broke the WebSocket protocol or a limit; else the socket broke. */
  #fail(error: Error & { readonly code?: string }): void {
    if (this.#ending !== undefined) return;
    if (error.code?.startsWith('WS_ERR') === true) {
      this.#end({ by: 'us', code: 'protocol-error', detail: error.message });
    } else {
      this.#ending = { ...lostConnection, detail: `the connection was lost (${error.message})` };
    }
  }

  #finish(reason: CloseReason): void {
    this.#ending ??= reason;
    this.#handler.closed(reason);
  }
}
