// Paces what one end sends: the frames of all its connections wait for their turns on one line of a known rate (core/protocol/wire/byte-pacer.ts). An
// edge shares its downlink so, a device keeps to its uplink. It does not reorder a connection's frames and does not read them.

import { between } from '../../core/basics/check-options.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { ErrorCode } from '../../core/basics/errors.ts';
import { BytePacer, type PacedFlow } from '../../core/protocol/wire/byte-pacer.ts';
import { bytesOnLink, type Direction } from '../../core/protocol/wire/link-model.ts';
import { lostConnection } from './endings.ts';
import { machineClock } from './machine-clock.ts';
import { closeFrameBytes } from './queued-connection.ts';
import type { Accept, CloseReason, Connect, Connection, ConnectionHandler } from './transport.ts';

/**
 * A connection is writable while its waiting frames need no longer than this by its share. Longer, and drafts and commits would be old when
 * they leave; shorter, and the line would be idle between two steps of the edge.
 */
const mostBacklogMs = 50;
/** A close waits no longer than this behind the frames of its connection. */
const longestCloseMs = 2000;

/** One direction of one end. */
export class PacedDirection {
  readonly #direction: Direction;
  readonly #clock: Clock;
  readonly #pacer: BytePacer<() => void>;
  readonly #connections = new Map<PacedFlow, PacedConnection>();
  #cancelTimer: (() => void) | null = null;
  #isSending = false;
  /** Bytes of frames that have left, headers included. */
  sentBytes = 0;

  /** @param bitsPerSecond above 0, WebSocket, TCP and IP headers included */
  constructor(direction: Direction, bitsPerSecond: number, clock: Clock = machineClock) {
    this.#direction = direction;
    this.#clock = clock;
    this.#pacer = new BytePacer(bitsPerSecond);
  }

  setRate(bitsPerSecond: number): void {
    this.#pacer.setRate(this.#clock.nowMs(), bitsPerSecond);
    this.#sendLater();
    for (const connection of this.#connections.values()) connection.noteRoom();
  }

  /** @param accept gets the paced connection in place of `inner` @returns the handler for `inner` */
  join(inner: Connection, accept: (connection: PacedConnection) => ConnectionHandler): ConnectionHandler {
    const flow = this.#pacer.addFlow(1);
    const connection = new PacedConnection(inner, {
      push: (frameBytes, leave) => {
        const bytes = bytesOnLink(this.#direction, frameBytes);
        const go = (): void => {
          this.sentBytes += bytes;
          leave();
        };
        this.#pacer.push(this.#clock.nowMs(), flow, go, bytes);
        this.#sendNow();
      },
      hasRoom: () => this.#pacer.backlogMs(flow) <= mostBacklogMs,
      setWeight: (weight) => {
        this.#pacer.setWeight(flow, weight);
        connection.noteRoom();
      },
      later: (callback) => this.#clock.after(longestCloseMs, callback),
      leave: () => {
        this.#pacer.removeFlow(flow);
        this.#connections.delete(flow);
        // A timer for frames that are gone would keep the process running.
        this.#sendLater();
      },
    });
    this.#connections.set(flow, connection);
    return connection.open(accept);
  }

  /** @param left called for each connection of which a frame has left */
  #send(left: (connection: PacedConnection) => void): void {
    // What a frame's departure causes to be sent is taken by the loop that is running.
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let taken = this.#take(); taken !== undefined; taken = this.#take()) {
        taken.frame();
        const connection = this.#connections.get(taken.flow);
        if (connection !== undefined) left(connection);
      }
    } finally {
      this.#isSending = false;
    }
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const waitMs = this.#pacer.waitMs(this.#clock.nowMs());
    if (waitMs !== undefined) this.#cancelTimer = this.#clock.after(waitMs, () => this.#sendLater());
  }

  #sendLater(): void {
    this.#send((connection) => connection.noteRoom());
  }

  /** Within a holder's own `send`: no holder is notified of room before it has returned. */
  #sendNow(): void {
    this.#send((connection) => {
      if (connection.isBlocked) this.#clock.after(0, () => connection.noteRoom());
    });
  }

  #take() {
    return this.#pacer.take(this.#clock.nowMs());
  }
}

/** A device's uplink. */
export interface PacedUplink {
  readonly connect: Connect;
  /** So far, with WebSocket, TCP and IP headers. */
  readonly sentBytes: number;
  /** From the next frame on. @param bitsPerSecond at least 1; Infinity: no limit @throws OutriderError `bad-argument` */
  setRate(bitsPerSecond: number): void;
}

const rateCheck = between(1, Number.POSITIVE_INFINITY);

/**
 * All connections of `connect` together send no faster than the rate, bit/s with WebSocket, TCP and IP headers.
 * @throws OutriderError `bad-argument` for a rate below 1
 */
export function paceUplink(connect: Connect, bitsPerSecond: number, clock: Clock = machineClock): PacedUplink {
  rateCheck('paceUplink: bitsPerSecond', bitsPerSecond);
  const line = new PacedDirection('up', bitsPerSecond, clock);
  return {
    get sentBytes() {
      return line.sentBytes;
    },
    setRate(next) {
      rateCheck('setRate: bitsPerSecond', next);
      line.setRate(next);
    },
    async connect(accept: Accept, options) {
      let paced: Connection | undefined;
      const inner = await connect(
        (raw) =>
          line.join(raw, (connection) => {
            paced = connection;
            return accept(connection);
          }),
        options,
      );
      return paced ?? inner;
    },
  };
}

/** A connection's place on its line. */
interface Place {
  push(frameBytes: number, leave: () => void): void;
  hasRoom(): boolean;
  setWeight(weight: number): void;
  /** @returns a function that cancels the callback */
  later(callback: () => void): () => void;
  leave(): void;
}

/** A connection whose frames wait for their turns. */
export class PacedConnection implements Connection {
  readonly #inner: Connection;
  readonly #place: Place;
  #handler: ConnectionHandler | undefined;
  /** Its holder was notified that there is no room, and not yet that there is. */
  isBlocked = false;
  /** This side has closed it, and the close waits behind the frames. */
  #ending: CloseReason | undefined;
  #isOver = false;
  #cancelClose = (): void => {};
  sentBytes = 0;
  sentFrames = 0;

  constructor(inner: Connection, place: Place) {
    this.#inner = inner;
    this.#place = place;
  }

  /** Called once, before anything else. @returns the handler for the inner connection */
  open(accept: (connection: PacedConnection) => ConnectionHandler): ConnectionHandler {
    const handler = accept(this);
    this.#handler = handler;
    const { arriving, control } = handler;
    return {
      frame: (bytes) => {
        if (this.#ending === undefined) handler.frame(bytes);
      },
      writable: () => this.noteRoom(),
      closed: (reason) => {
        this.#leave();
        handler.closed(this.#ending ?? reason);
      },
      ...(arriving === undefined ? {} : { arriving: (bytes) => arriving.call(handler, bytes) }),
      ...(control === undefined ? {} : { control: (bytes) => control.call(handler, bytes) }),
    };
  }

  get address(): string | undefined {
    return this.#inner.address;
  }

  get writable(): boolean {
    const writable = this.#place.hasRoom() && this.#inner.writable;
    if (!writable) this.isBlocked = true;
    return writable;
  }

  get receivedBytes(): number {
    return this.#inner.receivedBytes;
  }

  get receivedFrames(): number {
    return this.#inner.receivedFrames;
  }

  /** Its part of the line, relative to the other connections; above 0. At first 1. */
  setWeight(weight: number): void {
    if (!this.#isOver) this.#place.setWeight(weight);
  }

  send(bytes: Uint8Array): void {
    if (this.#ending !== undefined || this.#isOver) return;
    this.sentBytes += bytes.length;
    this.sentFrames += 1;
    this.#place.push(bytes.length, () => this.#inner.send(bytes));
    if (!this.writable) this.isBlocked = true;
  }

  close(code: ErrorCode | 'done', detail: string): void {
    if (this.#ending !== undefined || this.#isOver) return;
    this.#ending = code === 'edge-unreachable' ? lostConnection : { by: 'us', code, detail };
    const end = (): void => {
      if (this.#isOver) return;
      this.#leave();
      this.#inner.close(code, detail);
    };
    // Who floods this side is to be stopped at once.
    if (code === 'edge-unreachable' || code === 'rate-limited') end();
    else {
      this.#cancelClose = this.#place.later(end);
      this.#place.push(closeFrameBytes, end);
    }
  }

  /** There may be room again; without effect while there is not, and unless this side was notified that there is none. */
  noteRoom(): void {
    if (!this.isBlocked || this.#ending !== undefined || this.#isOver) return;
    if (!this.#place.hasRoom() || !this.#inner.writable) return;
    this.isBlocked = false;
    this.#handler?.writable();
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelClose();
    this.#place.leave();
  }
}
