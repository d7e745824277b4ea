// The rules of an edge's connections: greeting, rate limit, idle close, refusal. What a message means is for the sessions.

import type { Clock } from '../basics/clock.ts';
import { isOutriderError, OutriderError } from '../basics/errors.ts';
import { type ConnectionEntry, type ConnectionObserver, Connections, type LinkSink } from './connections.ts';
import type { LivenessSettings } from './liveness.ts';
import type { DeviceMessage, EdgeMessage, HelloMessage } from './messages.ts';
import { createRateLimit, type RateLimit, type RateLimitSettings, take } from './rate-limit.ts';
import type { Frame, FrameConnection, FrameHandler, Wire } from './wire.ts';

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
export interface EdgeSink extends LinkSink {
  /** @throws OutriderError when the connection is to be refused */
  receive(link: number, message: DeviceMessage): void;
  /** Whether this connection speaks for a session. */
  isAttached(link: number): boolean;
}

export interface EdgeConnectionObserver<Carrier> extends ConnectionObserver<EdgeMessage, Carrier> {
  received?(carrier: Carrier, message: DeviceMessage): void;
  /** A bug of the edge; the connection on which it showed is refused. */
  fault?(error: unknown): void;
}

interface Own {
  rate: RateLimit;
  cancelIdle: () => void;
}

export class EdgeConnections<Carrier extends FrameConnection<EdgeMessage>> extends Connections<
  EdgeMessage,
  DeviceMessage,
  Carrier,
  Own
> {
  readonly #settings: EdgeConnectionSettings;
  readonly #sink: EdgeSink;
  readonly #observer: EdgeConnectionObserver<Carrier>;

  constructor(
    settings: EdgeConnectionSettings,
    clock: Clock,
    sink: EdgeSink,
    observer: EdgeConnectionObserver<Carrier>,
  ) {
    super(clock, settings.liveness, sink, observer);
    this.#settings = settings;
    this.#sink = sink;
    this.#observer = observer;
  }

  /** The number of the first connection whose carrier is wanted. */
  find(isWanted: (carrier: Carrier) => boolean): number | undefined {
    for (const [id, { carrier }] of this.entries) if (isWanted(carrier)) return id;
    return undefined;
  }

  /** A device has connected: the edge greets it at once. */
  accept(carrier: Carrier): FrameHandler {
    const { wire, rate, hello } = this.#settings;
    const [id, handler] = this.add(carrier, wire.edge(), (number) => ({
      rate: createRateLimit(rate, this.clock.nowMs()),
      cancelIdle: this.#closeIdleLater(number),
    }));
    this.send(id, hello());
    return handler;
  }

  protected override heard(entry: ConnectionEntry<EdgeMessage, DeviceMessage, Carrier, Own>, frame: Frame): void {
    const { id, carrier, wire, own } = entry;
    const taken = take(own.rate, this.clock.nowMs(), frame.length);
    own.rate = taken.state;
    if (!taken.allowed) {
      this.close(id, 'rate-limited', 'more frames or bytes than a draft needs');
      return;
    }
    try {
      const message = wire.unpack(frame);
      this.#observer.received?.(carrier, message);
      if (!this.takePing(entry, message)) this.#sink.receive(id, message);
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  protected override stamp(): number {
    return Math.floor(this.clock.nowMs());
  }

  protected override forgotten({ cancelIdle }: Own): void {
    cancelIdle();
  }

  /** A connection that speaks for no session is closed: a device that only pings may not hold one for ever. */
  #closeIdleLater(id: number): () => void {
    return this.clock.after(this.#settings.liveness.lostAfterMs, () => {
      const entry = this.entries.get(id);
      if (entry === undefined) return;
      if (this.#sink.isAttached(id)) entry.own.cancelIdle = this.#closeIdleLater(id);
      else this.close(id, 'silent', 'it speaks for no session');
    });
  }

  /** One connection's fault closes that connection, never the process. */
  #refuse(id: number, error: unknown): void {
    const { code, message: cause, remedy } = refusalOf(error);
    if (code === 'internal') this.#observer.fault?.(error);
    this.send(id, { kind: 'refused', code, cause, remedy });
    this.close(id, code, cause);
  }
}

/** What the device is told. */
function refusalOf(error: unknown): OutriderError {
  if (isOutriderError(error)) return error;
  const cause = 'the edge has a fault';
  return new OutriderError('internal', cause, 'try again; the operator finds the cause in the log', { cause: error });
}
