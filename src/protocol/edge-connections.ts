// The rules of an edge's connections: greeting, rate limit, proof of life, idle close, refusal, back-pressure. What a message means is
// the sessions' business; what carries the frames is the caller's. The same code serves sockets and virtual links.

import type { Clock } from '../basics/clock.ts';
import { type ErrorCode, isOutriderError, OutriderError } from '../basics/errors.ts';
import { type Liveness, type LivenessSettings, watchLiveness } from './liveness.ts';
import type { DeviceMessage, EdgeMessage, HelloMessage } from './messages.ts';
import { createRateLimit, type RateLimit, type RateLimitSettings, take } from './rate-limit.ts';
import type { FrameConnection, FrameHandler, Wire, WireEnd } from './wire.ts';

/** An honest device sends a frame or two a token; this leaves room for bursts after an outage and for a long prompt. */
export const defaultRate: RateLimitSettings = {
  framesPerSecond: 400,
  bytesPerSecond: 262_144,
  burstFrames: 1200,
  burstBytes: 4_194_304,
};

export interface EdgeConnectionSettings {
  readonly hello: () => HelloMessage;
  readonly rate: RateLimitSettings;
  readonly liveness: LivenessSettings;
  readonly wire: Wire;
}

/** Where messages go. */
export interface MessageSink {
  /** @throws OutriderError when the connection is to be refused */
  receive(link: number, message: DeviceMessage): void;
  /** Whether this connection speaks for a session. */
  isAttached(link: number): boolean;
  linkClosed(link: number): void;
  linkWritable(link: number, writable: boolean): void;
}

/** Told of what happens, before it happens. */
export interface EdgeConnectionObserver<Carrier> {
  received?(carrier: Carrier, message: DeviceMessage): void;
  /** `isWritable`: as far as the edge has been told. */
  sending?(carrier: Carrier, message: EdgeMessage, isWritable: boolean): void;
  closing?(carrier: Carrier, code: ErrorCode | 'done', detail: string): void;
  /** A fault that is no device's: a bug. The connection on which it showed is refused. */
  fault?(error: unknown): void;
}

interface Link<Carrier> {
  readonly carrier: Carrier;
  readonly wire: WireEnd<EdgeMessage, DeviceMessage>;
  readonly liveness: Liveness;
  rate: RateLimit;
  isBlocked: boolean;
  cancelIdle: () => void;
}

export class EdgeConnections<Carrier extends FrameConnection<EdgeMessage>> {
  readonly #settings: EdgeConnectionSettings;
  readonly #clock: Clock;
  readonly #sink: MessageSink;
  readonly #observer: EdgeConnectionObserver<Carrier>;
  readonly #links = new Map<number, Link<Carrier>>();
  #lastLink = 0;

  constructor(
    settings: EdgeConnectionSettings,
    clock: Clock,
    sink: MessageSink,
    observer: EdgeConnectionObserver<Carrier>,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#sink = sink;
    this.#observer = observer;
  }

  get count(): number {
    return this.#links.size;
  }

  carrier(id: number): Carrier | undefined {
    return this.#links.get(id)?.carrier;
  }

  /** The first connection whose carrier is wanted. */
  find(isWanted: (carrier: Carrier) => boolean): number | undefined {
    for (const [id, { carrier }] of this.#links) if (isWanted(carrier)) return id;
    return undefined;
  }

  /** A device has connected: it is greeted at once. */
  accept(carrier: Carrier): FrameHandler {
    const id = ++this.#lastLink;
    const { wire, rate, liveness, hello } = this.#settings;
    const watched = watchLiveness(this.#clock, liveness, {
      ping: () => this.send(id, { kind: 'ping', stamp: Math.floor(this.#clock.nowMs()) }),
      lost: () => this.close(id, 'silent', 'nothing was heard for too long'),
    });
    this.#links.set(id, {
      carrier,
      wire: wire.edge(),
      liveness: watched,
      rate: createRateLimit(rate, this.#clock.nowMs()),
      isBlocked: false,
      cancelIdle: this.#closeIdleLater(id),
    });
    this.send(id, hello());
    return {
      frame: (frame) => this.#frame(id, frame),
      writable: (isWritable) => this.#writable(id, isWritable),
      closed: () => this.#closed(id),
    };
  }

  send(id: number, message: EdgeMessage): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#observer.sending?.(link.carrier, message, !link.isBlocked);
    link.carrier.send(link.wire.pack(message), message);
    link.liveness.said();
    if (!link.carrier.writable) this.#writable(id, false);
  }

  /** Afterwards the link is gone, whatever the network says later. */
  close(id: number, code: ErrorCode | 'done', detail: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#observer.closing?.(link.carrier, code, detail);
    link.carrier.close(code, detail);
    this.#closed(id);
  }

  closeAll(detail: string): void {
    for (const id of [...this.#links.keys()]) this.close(id, 'done', detail);
  }

  /** The process has died, and its timers with it: nobody is told. @returns what carried the connections */
  abandon(): Carrier[] {
    const carriers = [...this.#links.values()].map(({ carrier }) => carrier);
    this.#links.clear();
    return carriers;
  }

  /** A connection that speaks for no session is closed: a device that only pings may not hold one for ever. */
  #closeIdleLater(id: number): () => void {
    return this.#clock.after(this.#settings.liveness.lostAfterMs, () => {
      const link = this.#links.get(id);
      if (link === undefined) return;
      if (this.#sink.isAttached(id)) link.cancelIdle = this.#closeIdleLater(id);
      else this.close(id, 'silent', 'it speaks for no session');
    });
  }

  #frame(id: number, frame: Parameters<FrameHandler['frame']>[0]): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.liveness.heard();
    const taken = take(link.rate, this.#clock.nowMs(), frame.length);
    link.rate = taken.state;
    if (!taken.allowed) {
      this.close(id, 'rate-limited', 'more frames or bytes than a draft needs');
      return;
    }
    try {
      const message = link.wire.unpack(frame);
      this.#observer.received?.(link.carrier, message);
      if (message.kind !== 'ping') this.#sink.receive(id, message);
      // A device that pings and never reads fills no buffer.
      else if (link.carrier.writable) this.send(id, { kind: 'pong', stamp: message.stamp });
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  /** One connection's fault closes that connection, never the process. */
  #refuse(id: number, error: unknown): void {
    const { code, message: cause, remedy } = refusalOf(error);
    if (code === 'internal') this.#observer.fault?.(error);
    this.send(id, { kind: 'refused', code, cause, remedy });
    this.close(id, code, cause);
  }

  #writable(id: number, isWritable: boolean): void {
    const link = this.#links.get(id);
    if (link === undefined || link.isBlocked === !isWritable) return;
    link.isBlocked = !isWritable;
    this.#sink.linkWritable(id, isWritable);
  }

  #closed(id: number): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.liveness.stop();
    link.cancelIdle();
    this.#links.delete(id);
    this.#sink.linkClosed(id);
  }
}

/** The refusal that a device is told of. */
function refusalOf(error: unknown): OutriderError {
  if (isOutriderError(error)) return error;
  const cause = 'the edge has a fault';
  return new OutriderError('internal', cause, 'try again; the operator finds the cause in the log', { cause: error });
}
