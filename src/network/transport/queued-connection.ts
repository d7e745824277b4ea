// One end of a connection whose outgoing frames wait in a link queue: byte counts, back-pressure, the order of close events. The wire
// (in-memory.ts, emulated-link.ts) takes frames and closes from the queue.

import type { ErrorCode } from '../../core/basics/errors.ts';
import type { LinkQueue } from './link-queue.ts';
import {
  type Accept,
  type CloseReason,
  type Connection,
  type ConnectionHandler,
  defaultMaxFrameBytes,
  sendMarkBytes,
} from './transport.ts';

/** The far end of the queue. It ignores calls after the end of the connection. */
export interface Wire {
  /** False while too much waits in the wire itself; `QueuedConnection.wireDrained` reports the end of that. */
  readonly writable: boolean;
  frame(bytes: Uint8Array): void;
  close(code: ErrorCode | 'done', detail: string): void;
  /** Drops the connection at once, both ways. */
  cut(): void;
  /** This end of the connection is over. */
  finished?(): void;
}

/** Approximate size of a WebSocket close frame. */
export const closeFrameBytes = 32;

export class QueuedConnection implements Connection {
  readonly #outgoing: LinkQueue;
  readonly #wire: Wire;
  readonly #maxFrameBytes: number;
  #handler: ConnectionHandler | undefined;
  /** Set once the holder gets no more frames; 'cut' until `finish` gives the reason. */
  #ending: CloseReason | 'cut' | undefined;
  #finished = false;
  #blocked = false;
  sentBytes = 0;
  receivedBytes = 0;
  sentFrames = 0;
  receivedFrames = 0;

  constructor(outgoing: LinkQueue, wire: Wire, maxFrameBytes: number = defaultMaxFrameBytes) {
    this.#outgoing = outgoing;
    this.#wire = wire;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Must be called before the first frame arrives. */
  open(accept: Accept): void {
    this.#handler = accept(this);
  }

  get writable(): boolean {
    return this.#queueWritable && this.#wire.writable;
  }

  get #queueWritable(): boolean {
    return this.#outgoing.waitingBytes() <= sendMarkBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#ending !== undefined) return;
    this.sentBytes += bytes.length;
    this.sentFrames += 1;
    this.#outgoing.push(bytes.length, () => this.#wire.frame(bytes));
    if (this.#blocked || this.#queueWritable) return;
    this.#blocked = true;
    this.#outgoing.whenDrainedTo(sendMarkBytes, () => this.#queueDrained());
  }

  close(code: ErrorCode | 'done', detail: string): void {
    if (this.#ending !== undefined) return;
    if (code === 'edge-unreachable') {
      this.#wire.cut();
      return;
    }
    this.#ending = { by: 'us', code, detail };
    this.#outgoing.push(closeFrameBytes, () => this.#wire.close(code, detail));
  }

  arrive(bytes: Uint8Array): void {
    if (this.#ending !== undefined) return;
    if (bytes.length > this.#maxFrameBytes) {
      this.close('protocol-error', `a frame of ${bytes.length} bytes is over the limit of ${this.#maxFrameBytes}`);
      return;
    }
    this.receivedBytes += bytes.length;
    this.receivedFrames += 1;
    this.#handler?.frame(bytes);
  }

  /** From now on nothing is sent or received; `finish` follows. */
  stop(): void {
    this.#ending ??= 'cut';
  }

  /** Ends the connection. If the holder has closed it before, its own reason counts. */
  finish(reason: CloseReason): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#ending === undefined || this.#ending === 'cut') this.#ending = reason;
    this.#wire.finished?.();
    this.#handler?.closed(this.#ending);
  }

  /** Extra calls have no effect. */
  wireDrained(): void {
    if (this.#ending === undefined && this.writable) this.#handler?.writable();
  }

  #queueDrained(): void {
    if (!this.#queueWritable) {
      this.#outgoing.whenDrainedTo(sendMarkBytes, () => this.#queueDrained());
      return;
    }
    this.#blocked = false;
    this.wireDrained();
  }
}
