// One open WebSocket as a Connection, whichever implementation is behind it: counting, the order of endings, backpressure, the time
// that a peer has to answer a close. What an implementation does in its own way is behind RawSocket.

import type { ErrorCode } from '../basics/errors.ts';
import { lostConnection } from './endings.ts';
import { type Accept, type CloseReason, type Connection, type ConnectionHandler, sendMarkBytes } from './transport.ts';
import { type CloseFrame, fromCloseFrame, toCloseFrame } from './websocket-close.ts';

export const subprotocol = 'outrider.1';

/** How long a peer may take to answer a close; a half-open connection never does. */
const closeTimeoutMs = 2000;

/** What a connection asks of a WebSocket. */
export interface RawSocket {
  readonly isOpen: boolean;
  /** Bytes that wait to leave. */
  readonly waitingBytes: number;
  /** Sends a binary frame. @param flushed called when fewer bytes wait than before; more often than needed does no harm */
  send(bytes: Uint8Array, flushed: () => void): void;
  /** Sends a close frame; {@link SocketConnection.closed} follows. */
  close(frame: CloseFrame): void;
  /** Ends the connection at once, as far as the platform can; {@link SocketConnection.closed} follows. */
  drop(): void;
}

/** Its owner tells it what comes from the socket: `arrive`, `failed`, `closed`. */
export class SocketConnection implements Connection {
  readonly #socket: RawSocket;
  readonly #handler: ConnectionHandler;
  /** Set once we have ended it ourselves. */
  #ending: CloseReason | undefined;
  #isClosed = false;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #blocked = false;
  sentBytes = 0;
  receivedBytes = 0;
  sentFrames = 0;
  receivedFrames = 0;

  /** Must be made while no frame can have arrived, that is from within the event that opened the socket. */
  constructor(socket: RawSocket, accept: Accept) {
    this.#socket = socket;
    this.#handler = accept(this);
  }

  get writable(): boolean {
    return this.#socket.waitingBytes <= sendMarkBytes;
  }

  send(bytes: Uint8Array): void {
    if (!this.#socket.isOpen) return;
    this.sentBytes += bytes.length;
    this.sentFrames += 1;
    this.#socket.send(bytes, () => this.#flushed());
    if (!this.writable) this.#blocked = true;
  }

  close(code: ErrorCode | 'done', detail: string): void {
    if (this.#ending !== undefined) return;
    if (code === 'edge-unreachable') {
      this.#ending = lostConnection;
      this.#socket.drop();
      return;
    }
    this.#end({ by: 'us', code, detail });
    this.#socket.close(toCloseFrame(code, detail));
  }

  /** A frame has come. @param bytes null: a text frame */
  arrive(bytes: Uint8Array | null): void {
    if (this.#ending !== undefined) return;
    if (bytes === null) {
      this.close('protocol-error', 'a text frame; all frames are binary');
      return;
    }
    this.receivedBytes += bytes.length;
    this.receivedFrames += 1;
    this.#handler.frame(bytes);
  }

  /** The socket has failed; {@link closed} follows. @param brokeRules whether the peer broke the WebSocket protocol or a limit */
  failed(detail: string, brokeRules: boolean): void {
    if (this.#ending !== undefined) return;
    // The implementation has sent its own close frame by now.
    if (brokeRules) this.#end({ by: 'us', code: 'protocol-error', detail });
    else this.#ending = { ...lostConnection, detail: `the connection was lost (${detail})` };
  }

  /** The socket is closed. @param frame of the peer; counts unless we have ended the connection ourselves */
  closed(frame: CloseFrame): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#closeTimer);
    this.#ending ??= fromCloseFrame(frame);
    this.#handler.closed(this.#ending);
  }

  #end(reason: CloseReason): void {
    this.#ending = reason;
    this.#closeTimer = setTimeout(() => this.#socket.drop(), closeTimeoutMs);
  }

  #flushed(): void {
    if (!this.#blocked || this.#ending !== undefined || !this.writable) return;
    this.#blocked = false;
    this.#handler.writable();
  }
}
