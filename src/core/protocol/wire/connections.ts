// What the connections of device and edge have in common: numbers, keep-alive, answers to pings, back-pressure, closing. The rules of each
// side extend it. The caller provides the carriers of frames, sockets or virtual links.

import type { Clock } from '../../basics/clock.ts';
import type { ErrorCode } from '../../basics/errors.ts';
import { Liveness, type LivenessSettings } from './liveness.ts';
import type { DeviceMessage, EdgeMessage, PingMessage, PongMessage } from './messages.ts';
import type { Frame, FrameConnection, FrameHandler, WireEnd } from './wire.ts';

type Ping = PingMessage | PongMessage;

/** One connection. @typeParam Own data of this side's rules */
export interface ConnectionEntry<Sent, Received, Carrier, Own> {
  readonly id: number;
  readonly carrier: Carrier;
  readonly wire: WireEnd<Sent | Ping, Received>;
  readonly liveness: Liveness;
  readonly own: Own;
  isBlocked: boolean;
  /** It is among the entries. */
  isOpen: boolean;
}

/** Called before a connection sends or closes. */
export interface ConnectionObserver<Sent, Carrier> {
  /** @param isWritable as last reported to this side */
  sending?(carrier: Carrier, message: Sent, isWritable: boolean): void;
  closing?(carrier: Carrier, code: ErrorCode | 'done', detail: string): void;
}

/** Takes the state changes of connections. */
export interface LinkSink {
  linkWritable(link: number, isWritable: boolean): void;
  /** @param code with which this side has closed it; undefined: the other side or the network has */
  linkClosed(link: number, code?: ErrorCode | 'done'): void;
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

  /** Takes a received frame. The implementation passes its message to {@link takePing} first. */
  protected abstract received(entry: ConnectionEntry<Sent, Received, Carrier, Own>, frame: Frame): void;
  /** The stamp of a ping that is sent now. */
  protected abstract stamp(): number;
  protected sent(_own: Own, _message: Sent | Ping, _frameBytes: number): void {}
  protected forgotten(_own: Own, _id: number): void {}
  protected arriving(_entry: ConnectionEntry<Sent, Received, Carrier, Own>, _bytes: number): void {}
  protected control(_entry: ConnectionEntry<Sent, Received, Carrier, Own>, _bytes: number): void {}

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

  /** Later events of the carrier are ignored. */
  close(id: number, code: ErrorCode | 'done', detail: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    this.#observer.closing?.(entry.carrier, code, detail);
    entry.carrier.close(code, detail);
    this.#closed(id, code);
  }

  closeAll(detail: string, code: ErrorCode | 'done' = 'done'): void {
    for (const id of [...this.entries.keys()]) this.close(id, code, detail);
  }

  /** Ends a connection at once, so that nothing of it is held while the peer is asked to close. @param code for the observer */
  protected drop(id: number, code: ErrorCode, detail: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    this.#observer.closing?.(entry.carrier, code, detail);
    entry.carrier.close('edge-unreachable', detail);
    this.#closed(id, code);
  }

  /** For a crash of the process, whose timers are gone too: nothing is sent or reported. @returns the carriers of the connections */
  abandon(): Carrier[] {
    const carriers = [...this.entries.values()].map(({ carrier }) => carrier);
    for (const entry of this.entries.values()) entry.isOpen = false;
    this.entries.clear();
    return carriers;
  }

  /** @param own creates the data of this side's rules from the number of the connection */
  protected add(
    carrier: Carrier,
    wire: WireEnd<Sent | Ping, Received>,
    own: (id: number) => Own,
  ): [number, FrameHandler] {
    const id = ++this.#lastId;
    const liveness = new Liveness(this.clock, this.#liveness, {
      ping: () => this.ping(id),
      lost: () => this.close(id, 'silent', 'nothing was received for too long'),
    });
    const entry = { id, carrier, wire, liveness, own: own(id), isBlocked: false, isOpen: true };
    this.entries.set(id, entry);
    const handler: FrameHandler = {
      frame: (frame) => {
        if (!entry.isOpen) return;
        liveness.received();
        this.received(entry, frame);
      },
      writable: (isWritable) => this.#writable(id, isWritable),
      closed: () => this.#closed(id),
      arriving: (bytes) => this.arriving(entry, bytes),
      control: (bytes) => this.control(entry, bytes),
    };
    return [id, handler];
  }

  protected ping(id: number): void {
    this.send(id, { kind: 'ping', stamp: this.stamp() });
  }

  /** Answers a ping. @returns whether it was one */
  protected takePing({ id, carrier }: ConnectionEntry<Sent, Received, Carrier, Own>, message: Received): boolean {
    if (message.kind !== 'ping') return false;
    // Only if writable, so that a peer that pings and never reads cannot fill a buffer.
    if (carrier.writable) this.send(id, { kind: 'pong', stamp: message.stamp });
    return true;
  }

  #writable(id: number, isWritable: boolean): void {
    const entry = this.entries.get(id);
    if (entry === undefined || entry.isBlocked === !isWritable) return;
    entry.isBlocked = !isWritable;
    this.#sink.linkWritable(id, isWritable);
  }

  #closed(id: number, code?: ErrorCode | 'done'): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.liveness.stop();
    this.forgotten(entry.own, id);
    entry.isOpen = false;
    this.entries.delete(id);
    this.#sink.linkClosed(id, code);
  }
}
