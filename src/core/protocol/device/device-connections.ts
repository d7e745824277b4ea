// The rules of a device's connections in one turn: guard against impossible messages, round trips, byte counts. It does not interpret
// messages; the turn does.

import type { Clock } from '../../basics/clock.ts';
import { type ConnectionEntry, type ConnectionObserver, Connections, type LinkSink } from '../wire/connections.ts';
import type { LivenessSettings } from '../wire/liveness.ts';
import type { DeviceMessage, EdgeMessage } from '../wire/messages.ts';
import type { DeviceWire, Frame, FrameConnection, FrameHandler } from '../wire/wire.ts';
import type { ConnectionRecord } from './message-guard.ts';

/** Traffic of the connections of a turn, without WebSocket and TCP/IP headers. */
export interface Traffic {
  /** `hello` frames; not counted as payload. */
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
  readonly wire: DeviceWire;
  /** Whether the device sends a ping on each new connection, so that the round trip is known early. */
  readonly measuresRoundTrip: boolean;
}

/** Takes messages and connection events of a turn. */
export interface DeviceSink extends LinkSink {
  /** @returns what is wrong with a received message; null: nothing */
  guard(connection: ConnectionRecord, message: EdgeMessage): string | null;
  linkOpened(link: number, edge: string): void;
  received(link: number, message: EdgeMessage): void;
}

/** What a device shows to the edge of a connection. */
export interface Shown {
  /** Default: the key of the turn. */
  readonly credentials?: string | undefined;
}

type Own = { readonly edge: string; readonly shown: Shown } & {
  -readonly [Key in keyof ConnectionRecord]: ConnectionRecord[Key];
};
type Entry<Carrier> = ConnectionEntry<DeviceMessage, EdgeMessage, Carrier, Own>;

export class DeviceConnections<Carrier extends FrameConnection<DeviceMessage>> extends Connections<
  DeviceMessage,
  EdgeMessage,
  Carrier,
  Own
> {
  readonly #settings: DeviceConnectionSettings;
  readonly #sink: DeviceSink;
  /** Resolution of ping stamps: finer if the device measures the round trip. */
  readonly #stampsPerMs: number;
  readonly #traffic: { -readonly [Key in keyof Traffic]: Traffic[Key] } = { ...noTraffic };
  /** Smallest measured round trip; undefined before the first measurement. */
  roundTripMs: number | undefined;
  recentRoundTripMs: number | undefined;

  constructor(
    settings: DeviceConnectionSettings,
    clock: Clock,
    sink: DeviceSink,
    observer: ConnectionObserver<DeviceMessage, Carrier>,
  ) {
    super(clock, settings.liveness, sink, observer);
    this.#settings = settings;
    this.#stampsPerMs = settings.measuresRoundTrip ? 10 : 1;
    this.#sink = sink;
  }

  get traffic(): Traffic {
    return { ...this.#traffic };
  }

  /** Carriers of the open connections, oldest first. */
  get carriers(): { readonly carrier: Carrier; readonly edge: string }[] {
    return [...this.entries.values()].map(({ carrier, own }) => ({ carrier, edge: own.edge }));
  }

  edgeOf(id: number): string | undefined {
    return this.entries.get(id)?.own.edge;
  }

  /** What opens or resumes a turn has the credentials that this connection shows. */
  withCredentials(id: number, message: DeviceMessage): DeviceMessage {
    if (message.kind !== 'open' && message.kind !== 'resume') return message;
    const credentials = this.entries.get(id)?.own.shown.credentials;
    return credentials === undefined ? message : { ...message, credentials };
  }

  /** Takes a new connection to this edge. */
  open(edge: string, carrier: Carrier, shown: Shown = {}): FrameHandler {
    const own = { edge, shown, isGreeted: false, hasSentOpen: false };
    const [id, handler] = this.add(carrier, this.#settings.wire.device(), () => own);
    this.#sink.linkOpened(id, edge);
    if (this.#settings.measuresRoundTrip) this.ping(id);
    return handler;
  }

  /** Sends a ping on each connection, which measures the round trip. */
  pingAll(): void {
    for (const id of this.entries.keys()) this.ping(id);
  }

  protected override received(entry: Entry<Carrier>, frame: Frame): void {
    const { id, own } = entry;
    const traffic = this.#traffic;
    traffic.receivedBytes += frame.length;
    traffic.receivedFrames += 1;
    const message = this.#read(entry, frame);
    if (typeof message === 'string') {
      this.close(id, 'protocol-error', message);
      return;
    }
    if (message.kind === 'hello') {
      own.isGreeted = true;
      traffic.helloBytes += frame.length;
    }
    if (message.kind === 'pong') this.#measure(message.stamp);
    else if (!this.takePing(entry, message)) this.#sink.received(id, message);
  }

  protected override stamp(): number {
    return Math.floor(this.clock.nowMs() * this.#stampsPerMs);
  }

  protected override sent(own: Own, { kind }: DeviceMessage, frameBytes: number): void {
    const isAttach = kind === 'open' || kind === 'resume';
    if (isAttach) own.hasSentOpen = kind === 'open';
    const traffic = this.#traffic;
    if (isAttach) traffic.attachBytes += frameBytes;
    traffic.sentBytes += frameBytes;
    traffic.sentFrames += 1;
  }

  /** @returns the message, or a string: what is wrong with the frame */
  #read({ wire, own }: Entry<Carrier>, frame: Frame): EdgeMessage | string {
    try {
      const message = wire.unpack(frame);
      return this.#sink.guard(own, message) ?? message;
    } catch (error) {
      return error instanceof Error ? error.message : 'a malformed frame';
    }
  }

  #measure(stamp: number): void {
    const elapsedMs = this.clock.nowMs() - stamp / this.#stampsPerMs;
    if (elapsedMs < 0) return;
    this.recentRoundTripMs = elapsedMs;
    this.roundTripMs = Math.min(this.roundTripMs ?? Number.POSITIVE_INFINITY, elapsedMs);
  }
}
