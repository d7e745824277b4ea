// The rules of a device's connections of one turn: proof of life, back-pressure, a guard against what no honest edge says, round
// trips, byte counts. What a message means is the turn's business; what carries the frames is the caller's. The same code serves sockets
// and virtual links.

import type { Clock } from '../basics/clock.ts';
import type { ErrorCode } from '../basics/errors.ts';
import { type Liveness, type LivenessSettings, watchLiveness } from './liveness.ts';
import type { ConnectionRecord } from './message-guard.ts';
import type { DeviceMessage, EdgeMessage } from './messages.ts';
import type { Frame, FrameConnection, FrameHandler, Wire, WireEnd } from './wire.ts';

/** What the connections of a turn have carried, without WebSocket and TCP/IP headers. */
export interface Traffic {
  /** The edge's greetings; not counted as payload. */
  readonly helloBytes: number;
  /** `open` and `resume` frames: they carry the prompt. */
  readonly attachBytes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentFrames: number;
  readonly receivedFrames: number;
}

export const noTraffic: Traffic = {
  helloBytes: 0,
  attachBytes: 0,
  sentBytes: 0,
  receivedBytes: 0,
  sentFrames: 0,
  receivedFrames: 0,
};

export interface DeviceConnectionSettings {
  readonly liveness: LivenessSettings;
  readonly wire: Wire;
  /** Whether each connection begins with a ping, so that the round trip is known early. */
  readonly measuresRoundTrip: boolean;
}

/** Where connections and messages go. */
export interface DeviceConnectionSink<Carrier> {
  /** What is wrong with a message that has arrived; null: nothing. */
  guard(connection: ConnectionRecord, message: EdgeMessage): string | null;
  opened(link: number, edge: string): void;
  received(link: number, message: EdgeMessage): void;
  writable(link: number, writable: boolean): void;
  closed(link: number): void;
  /** Told before it happens. `isWritable`: as far as the device has been told. */
  sending?(carrier: Carrier, message: DeviceMessage, isWritable: boolean): void;
  closing?(carrier: Carrier, code: ErrorCode | 'done', detail: string): void;
}

interface Link<Carrier> extends ConnectionRecord {
  readonly carrier: Carrier;
  readonly edge: string;
  readonly wire: WireEnd<DeviceMessage, EdgeMessage>;
  readonly liveness: Liveness;
  isBlocked: boolean;
  isGreeted: boolean;
  saidOpen: boolean;
}

export class DeviceConnections<Carrier extends FrameConnection<DeviceMessage>> {
  readonly #settings: DeviceConnectionSettings;
  readonly #clock: Clock;
  readonly #sink: DeviceConnectionSink<Carrier>;
  readonly #links = new Map<number, Link<Carrier>>();
  /** Stamps of pings: a device that measures by them needs finer ones. */
  readonly #stampsPerMs: number;
  readonly #traffic: { -readonly [Key in keyof Traffic]: Traffic[Key] } = { ...noTraffic };
  #lastLink = 0;
  /** Smallest of the measured ones; undefined before the first. */
  roundTripMs: number | undefined;
  /** The last that was measured. */
  recentRoundTripMs: number | undefined;

  constructor(settings: DeviceConnectionSettings, clock: Clock, sink: DeviceConnectionSink<Carrier>) {
    this.#settings = settings;
    this.#stampsPerMs = settings.measuresRoundTrip ? 10 : 1;
    this.#clock = clock;
    this.#sink = sink;
  }

  get traffic(): Traffic {
    return { ...this.#traffic };
  }

  /** Those that are open, oldest first. */
  get carriers(): { readonly carrier: Carrier; readonly edge: string }[] {
    return [...this.#links.values()].map(({ carrier, edge }) => ({ carrier, edge }));
  }

  carrier(id: number): Carrier | undefined {
    return this.#links.get(id)?.carrier;
  }

  /** A connection to this edge is there. */
  open(edge: string, carrier: Carrier): FrameHandler {
    const id = ++this.#lastLink;
    const { liveness, wire, measuresRoundTrip } = this.#settings;
    const watched = watchLiveness(this.#clock, liveness, {
      ping: () => this.#ping(id),
      lost: () => this.close(id, 'silent', 'nothing was heard for too long'),
    });
    const fresh = { isBlocked: false, isGreeted: false, saidOpen: false };
    this.#links.set(id, { carrier, edge, wire: wire.device(), liveness: watched, ...fresh });
    this.#sink.opened(id, edge);
    if (measuresRoundTrip) this.#ping(id);
    return {
      frame: (frame) => this.#frame(id, frame),
      writable: (isWritable) => this.#writable(id, isWritable),
      closed: () => this.#closed(id),
    };
  }

  send(id: number, message: DeviceMessage): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#sink.sending?.(link.carrier, message, !link.isBlocked);
    const frame = link.wire.pack(message);
    link.carrier.send(frame, message);
    link.liveness.said();
    const isAttach = message.kind === 'open' || message.kind === 'resume';
    if (isAttach) link.saidOpen = message.kind === 'open';
    const traffic = this.#traffic;
    if (isAttach) traffic.attachBytes += frame.length;
    traffic.sentBytes += frame.length;
    traffic.sentFrames += 1;
    if (!link.carrier.writable) this.#writable(id, false);
  }

  close(id: number, code: ErrorCode | 'done', detail: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#sink.closing?.(link.carrier, code, detail);
    link.carrier.close(code, detail);
    this.#closed(id);
  }

  /** Measures the round trip again. */
  ping(): void {
    for (const id of this.#links.keys()) this.#ping(id);
  }

  closeAll(): void {
    for (const id of [...this.#links.keys()]) this.close(id, 'done', 'the turn is over');
  }

  /** The process has died, and its timers with it: nobody is told. @returns what carried the connections */
  abandon(): Carrier[] {
    const carriers = this.carriers.map(({ carrier }) => carrier);
    this.#links.clear();
    return carriers;
  }

  #ping(id: number): void {
    this.send(id, { kind: 'ping', stamp: Math.floor(this.#clock.nowMs() * this.#stampsPerMs) });
  }

  #frame(id: number, frame: Frame): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.liveness.heard();
    const traffic = this.#traffic;
    traffic.receivedBytes += frame.length;
    traffic.receivedFrames += 1;
    let message: EdgeMessage;
    try {
      message = link.wire.unpack(frame);
    } catch (error) {
      this.close(id, 'protocol-error', error instanceof Error ? error.message : 'a malformed frame');
      return;
    }
    const wrong = this.#sink.guard(link, message);
    if (wrong !== null) {
      this.close(id, 'protocol-error', wrong);
      return;
    }
    if (message.kind === 'hello') {
      link.isGreeted = true;
      traffic.helloBytes += frame.length;
    }
    if (message.kind === 'pong') this.#measure(message.stamp);
    else if (message.kind !== 'ping') this.#sink.received(id, message);
    // An edge that pings and never reads fills no buffer.
    else if (link.carrier.writable) this.send(id, { kind: 'pong', stamp: message.stamp });
  }

  #measure(stamp: number): void {
    const elapsedMs = this.#clock.nowMs() - stamp / this.#stampsPerMs;
    if (elapsedMs < 0) return;
    this.recentRoundTripMs = elapsedMs;
    this.roundTripMs = Math.min(this.roundTripMs ?? Number.POSITIVE_INFINITY, elapsedMs);
  }

  #writable(id: number, isWritable: boolean): void {
    const link = this.#links.get(id);
    if (link === undefined || link.isBlocked === !isWritable) return;
    link.isBlocked = !isWritable;
    this.#sink.writable(id, isWritable);
  }

  #closed(id: number): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.liveness.stop();
    this.#links.delete(id);
    this.#sink.closed(id);
  }
}
