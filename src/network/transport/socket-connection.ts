// One open WebSocket as a Connection: byte counts, the order of close events, back-pressure, the time limit for a peer's answer to a
// close. RawSocket hides the differences between WebSocket implementations.

import type { ErrorCode } from '../../core/basics/errors.ts';
import { protocolVersion } from '../../core/protocol/wire/messages.ts';
import { lostConnection } from './endings.ts';
import { type Accept, type CloseReason, type Connection, type ConnectionHandler, sendMarkBytes } from './transport.ts';
import { type CloseFrame, fromCloseFrame, toCloseFrame } from './websocket-close.ts';

export const subprotocol: string = `outrider.${protocolVersion}`;

/** Time limit for the peer's answer to a close; a half-open connection never answers. */
const closeTimeoutMs = 2000;
/** Bytes that a peer may still send after this side's close; a flood ends the connection at once. */
const mostLateBytes = 262_144;

/** The WebSocket interface that a connection needs. */
export interface RawSocket {
  readonly isOpen: boolean;
  readonly waitingBytes: number;
  /** The peer's; absent: unknown. */
  readonly address?: string | undefined;
  /** As of {@link Connection}. */
  readonly isPeerChecked?: boolean | undefined;
  /** Sends a binary frame. @param flushed called when fewer bytes wait than before; extra calls have no effect */
  send(bytes: Uint8Array, flushed: () => void): void;
  /** Sends a close frame; {@link SocketConnection.closed} follows. */
  close(frame: CloseFrame): void;
  /** Called when this side ends the connection, and why. */
  readonly ended?: ((reason: CloseReason) => void) | undefined;
  /** Takes nothing more of what the peer sends, if the platform can do that. */
  stopReading?(): void;
  /** Ends the connection at once, if the platform can do that; {@link SocketConnection.closed} follows. */
  drop(): void;
}

/** Its owner reports the events of the socket by `arrive`, `failed` and `closed`. */
export class SocketConnection implements Connection {
  readonly #socket: RawSocket;
  readonly #handler: ConnectionHandler;
  /** One for all frames. */
  readonly #whenFlushed = (): void => this.#flushed();
  /** Set once this side has ended the connection. */
  #ending: CloseReason | undefined;
  #isClosed = false;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #blocked = false;
  #lateBytes = 0;
  sentBytes = 0;
  receivedBytes = 0;
  sentFrames = 0;
  receivedFrames = 0;

  /** Must be created before a frame can arrive, that is, within the event that opened the socket. */
  constructor(socket: RawSocket, accept: Accept) {
    this.#socket = socket;
    this.#handler = accept(this);
  }

  get writable(): boolean {
    return this.#socket.waitingBytes <= sendMarkBytes;
  }

  get address(): string | undefined {
    return this.#socket.address;
  }

  get isPeerChecked(): boolean | undefined {
    return this.#socket.isPeerChecked;
  }

  /** This side has ended it: nothing more is read. */
  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  send(bytes: Uint8Array): void {
    if (!this.#socket.isOpen) return;
    this.sentBytes += bytes.length;
    this.sentFrames += 1;
    this.#socket.send(bytes, this.#whenFlushed);
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
    // What a flood has sent meanwhile would cost as much as before, although it is discarded.
    if (code === 'rate-limited') this.#socket.stopReading?.();
  }

  /** A frame has arrived. @param bytes null: a text frame */
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

  /** Bytes have come from the network. */
  arriving(bytes: number): void {
    if (this.#ending === undefined) {
      this.#handler.arriving?.(bytes);
      return;
    }
    this.#lateBytes += bytes;
    if (this.#lateBytes > mostLateBytes) this.#socket.drop();
  }

  /** A WebSocket ping or pong. */
  control(bytes: number): void {
    if (this.#ending === undefined) this.#handler.control?.(bytes);
  }

  /** The socket has failed; {@link closed} follows. @param brokeRules whether the peer broke the WebSocket protocol or a limit */
  failed(detail: string, brokeRules: boolean): void {
    if (this.#ending !== undefined) return;
    // The implementation has already sent its own close frame.
    if (brokeRules) this.#end({ by: 'us', code: 'protocol-error', detail });
    else this.#ending = { ...lostConnection, detail: `the connection was lost (${detail})` };
  }

  /** The socket is closed. @param frame close frame of the peer; ignored if this side has ended the connection */
  closed(frame: CloseFrame): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#closeTimer);
    this.#ending ??= fromCloseFrame(frame);
    this.#handler.closed(this.#ending);
  }

  #end(reason: CloseReason): void {
    this.#ending = reason;
    this.#socket.ended?.(reason);
    this.#closeTimer = setTimeout(() => this.#socket.drop(), closeTimeoutMs);
  }

  #flushed(): void {
    if (!this.#blocked || this.#ending !== undefined || !this.writable) return;
    this.#blocked = false;
    this.#handler.writable();
  }
}
