// The connections of one side, device or edge: numbers, liveness, answers to pings, back-pressure, closing. Each side's rules extend it.
// The same code serves sockets and virtual links.

import type { Clock } from '../basics/clock.ts';
import type { ErrorCode } from '../basics/errors.ts';
import { type Liveness, type LivenessSettings, watchLiveness } from './liveness.ts';
import type { DeviceMessage, EdgeMessage, PingMessage, PongMessage } from './messages.ts';
import type { Frame, FrameConnection, FrameHandler, WireEnd } from './wire.ts';

type Ping = PingMessage | PongMessage;

/** One connection. @typeParam Own what the rules of this side keep beside it */
export interface ConnectionEntry<Sent, Received, Carrier, Own> {
  readonly id: number;
  readonly carrier: Carrier;
  readonly wire: WireEnd<Sent | Ping, Received>;
  readonly liveness: Liveness;
  readonly own: Own;
  isBlocked: boolean;
}

/** Called before a connection sends or closes. */
export interface ConnectionObserver<Sent, Carrier> {
  /** `isWritable`: what this side has been told. */
  sending?(carrier: Carrier, message: Sent, isWritable: boolean): void;
  closing?(carrier: Carrier, code: ErrorCode | 'done', detail: string): void;
}

/** Where the changes of a connection go. */
export interface LinkSink {
  linkWritable(link: number, isWritable: boolean): void;
  linkClosed(link: number): void;
}

export abstract class Connections<
  Sent extends DeviceMessage | EdgeMessage,
  Received extends DeviceMessage | EdgeMessage,
  Carrier extends FrameConnection<Sent | Ping>,
  Own,
> {
  protected readonly clock: Clock;
  protected readonly entries: Map<number, ConnectionEntry<Sent, Received, Carrier, Own>> = new Map();
  readonly #liveness: LivenessSettings;
  readonly #sink: LinkSink;
  readonly #observer: ConnectionObserver<Sent | Ping, Carrier>;
  #lastId = 0;

  constructor(
    clock: Clock,
    liveness: LivenessSettings,
    sink: LinkSink,
    observer: ConnectionObserver<Sent | Ping, Carrier>,
  ) {
    this.clock = clock;
    this.#liveness = liveness;
    this.#sink = sink;
    this.#observer = observer;
  }

  /** A frame has arrived. Its message goes to {@link takePing} first. */
  protected abstract heard(entry: ConnectionEntry<Sent, Received, Carrier, Own>, frame: Frame): void;
  /** The stamp of a ping that is sent now. */
  protected abstract stamp(): number;
  protected sent(_own: Own, _message: Sent | Ping, _frameBytes: number): void {}
  protected forgotten(_own: Own): void {}

  get count(): number {
    return this.entries.size;
  }

  carrier(id: number): Carrier | undefined {
    return this.entries.get(id)?.carrier;
  }

  send(id: number, message: Sent | Ping): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    const { carrier, wire, liveness, own, isBlocked } = entry;
    this.#observer.sending?.(carrier, message, !isBlocked);
    const frame = wire.pack(message);
    carrier.send(frame, message);
    liveness.sent();
    this.sent(own, message, frame.length);
    if (!carrier.writable) this.#writable(id, false);
  }

  /** Afterwards the connection is gone, whatever the network says later. */
  close(id: number, code: ErrorCode | 'done', detail: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    this.#observer.closing?.(entry.carrier, code, detail);
    entry.carrier.close(code, detail);
    this.#closed(id);
  }

  closeAll(detail: string): void {
    for (const id of [...this.entries.keys()]) this.close(id, 'done', detail);
  }

  /** The process has died, and its timers with it: no peer is told. @returns what carried the connections */
  abandon(): Carrier[] {
    const carriers = [...this.entries.values()].map(({ carrier }) => carrier);
    this.entries.clear();
    return carriers;
  }

  /** @param own made for the number of the connection */
  protected add(carrier: Carrier, wire: WireEnd<Sent | Ping, Received>, own: (id: number) => Own): [number, FrameHandler] {
    const id = ++this.#lastId;
    const liveness = watchLiveness(this.clock, this.#liveness, {
      ping: () => this.ping(id),
      lost: () => this.close(id, 'silent', 'nothing was received for too long'),
    });
    const entry = { id, carrier, wire, liveness, own: own(id), isBlocked: false };
    this.entries.set(id, entry);
    const handler: FrameHandler = {
      frame: (frame) => {
        if (!this.entries.has(id)) return;
        liveness.received();
        this.heard(entry, frame);
      },
      writable: (isWritable) => this.#writable(id, isWritable),
      closed: () => this.#closed(id),
    };
    return [id, handler];
  }

  protected ping(id: number): void {
    this.send(id, { kind: 'ping', stamp: this.stamp() });
  }

  /** Answers a ping. @returns whether it was one */
  protected takePing({ id, carrier }: ConnectionEntry<Sent, Received, Carrier, Own>, message: Received): boolean {
    if (message.kind !== 'ping') return false;
    // A peer that pings and never reads fills no buffer.
    if (carrier.writable) this.send(id, { kind: 'pong', stamp: message.stamp });
    return true;
  }

  #writable(id: number, isWritable: boolean): void {
    const entry = this.entries.get(id);
    if (entry === undefined || entry.isBlocked === !isWritable) return;
    entry.isBlocked = !isWritable;
    this.#sink.linkWritable(id, isWritable);
  }

  #closed(id: number): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.liveness.stop();
    this.forgotten(entry.own);
    this.entries.delete(id);
    this.#sink.linkClosed(id);
  }
}
