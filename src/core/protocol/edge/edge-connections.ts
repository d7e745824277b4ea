// The rules of an edge's connections: `hello`, rate limit, idle timeout, refusal. It does not interpret messages; the sessions do.

import type { Clock } from '../../basics/clock.ts';
import { isOutriderError, OutriderError } from '../../basics/errors.ts';
import { type ConnectionEntry, type ConnectionObserver, Connections, type LinkSink } from '../wire/connections.ts';
import type { LivenessSettings } from '../wire/liveness.ts';
import {
  type DeviceMessage,
  type EdgeMessage,
  type HelloMessage,
  type OpenMessage,
  protocolVersion,
  type ResumeMessage,
} from '../wire/messages.ts';
import { type Sender, SenderRates } from '../wire/rate-book.ts';
import { createRateLimit, type RateLimit, type RateLimitSettings, take, timesRate } from '../wire/rate-limit.ts';
import type { Frame, FrameConnection, FrameHandler, Wire } from '../wire/wire.ts';
import { type ConnectionLimits, UnattachedConnections, unlimitedConnections } from './connection-limits.ts';
import type { EdgeKey } from './edge-key.ts';

/** An honest device sends at most two frames for each draft. The limits leave room for bursts after an outage and for a long prompt. */
export const defaultRate: RateLimitSettings = {
  framesPerSecond: 800,
  bytesPerSecond: 262_144,
  burstFrames: 2400,
  burstBytes: 4_194_304,
};

/** A key may stand for twenty people, who send while the edge writes fewer answers. */
const leastRates = 8;

/** Default rate of a key. @param rate of one connection @param answers that the edge can write at the same time */
export function keyRateOf(rate: RateLimitSettings, answers: number): RateLimitSettings {
  return timesRate(rate, Math.max(leastRates, answers));
}

export interface EdgeConnectionSettings {
  readonly hello: () => Omit<HelloMessage, 'version'>;
  /** Whose credentials these are; null: they are not valid. Called before the rest of an attach is decoded. */
  readonly keyOf: (credentials: string) => EdgeKey | null;
  /** Rate of one connection. */
  readonly rate: RateLimitSettings;
  /** Rate of all connections of a key together and of its other requests; default: the sum for as many connections as answers. */
  readonly keyRate?: RateLimitSettings;
  /** Refuses a text by its lengths, before its ids are decoded. @throws OutriderError */
  readonly checkLengths?: (promptLength: number, answerLength: number) => void;
  readonly liveness: LivenessSettings;
  readonly wire: Wire;
  /** Default: none, and `attachMs` is the time after which a silent connection is lost. */
  readonly connectionLimits?: ConnectionLimits;
}

/** Takes messages and connection events; the registry of sessions is one. */
export interface EdgeSink extends LinkSink {
  /**
   * @param message its credentials are blanked
   * @param key of the last attach on this connection; null: there was none
   * @throws OutriderError when the connection is to be refused
   */
  receive(link: number, message: DeviceMessage, key: EdgeKey | null): void;
  /** Whether this connection is attached to a session. */
  isAttached(link: number): boolean;
}

export interface EdgeConnectionObserver<Carrier> extends ConnectionObserver<EdgeMessage, Carrier> {
  received?(carrier: Carrier, message: DeviceMessage): void;
  /** The device has shown this key. */
  admitted?(carrier: Carrier, key: EdgeKey): void;
  /** A bug of the edge, not a device's fault. The connection is refused. */
  fault?(error: unknown): void;
}

/** Bytes of an unfinished frame of an attached connection; all its frames are shorter (limits.ts), but several may arrive at once. */
const mostUnfinishedBytes = 262_144;

interface Own {
  rate: RateLimit;
  key: EdgeKey | null;
  /** Frames that came before a key. */
  framesBeforeKey: number;
  /** Bytes since the last complete frame. */
  unfinishedBytes: number;
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
  readonly #limits: ConnectionLimits;
  readonly #unattached: UnattachedConnections;
  readonly #rates: SenderRates | null;
  #isLeaving = false;

  constructor(
    settings: EdgeConnectionSettings,
    clock: Clock,
    sink: EdgeSink,
    observer: EdgeConnectionObserver<Carrier>,
  ) {
    super(clock, settings.liveness, sink, observer);
    this.#settings = settings;
    const { keyRate } = settings;
    this.#rates = keyRate === undefined ? null : new SenderRates(keyRate);
    this.#sink = sink;
    this.#observer = observer;
    this.#limits = settings.connectionLimits ?? { ...unlimitedConnections, attachMs: settings.liveness.lostAfterMs };
    this.#unattached = new UnattachedConnections(this.#limits);
  }

  /** Connections that are attached to no session. */
  get unattachedCount(): number {
    return this.#unattached.count;
  }

  /** Notifies every device, now and later, that the edge is going down; or, when that is taken back, no further one. */
  leave(isLeaving: boolean): void {
    if (this.#isLeaving === isLeaving) return;
    this.#isLeaving = isLeaving;
    if (!isLeaving) return;
    for (const id of [...this.entries.keys()]) this.send(id, { kind: 'leaving' });
  }

  /** The number of the first connection whose carrier satisfies `isWanted`. */
  find(isWanted: (carrier: Carrier) => boolean): number | undefined {
    for (const [id, { carrier }] of this.entries) if (isWanted(carrier)) return id;
    return undefined;
  }

  /** For a new connection of a device: sends `hello` at once. */
  accept(carrier: Carrier): FrameHandler {
    const { wire, rate, hello, checkLengths: measured } = this.#settings;
    const admit = (credentials: string): void => this.#admit(id, credentials);
    const end = wire.edge(measured === undefined ? { admit } : { admit, measured });
    const [id, handler] = this.add(carrier, end, (number) => ({
      rate: createRateLimit(rate, this.clock.nowMs()),
      key: null,
      framesBeforeKey: 0,
      unfinishedBytes: 0,
      cancelIdle: this.#closeIdleLater(number, this.#limits.attachMs),
    }));
    this.#unattached.add(id, carrier.address ?? '');
    this.send(id, { ...hello(), version: protocolVersion });
    if (this.#isLeaving) this.send(id, { kind: 'leaving' });
    if (this.count > this.#limits.connections) {
      const cause = `the edge has ${this.#limits.connections} connections`;
      this.#refuse(id, new OutriderError('edge-full', cause, 'try again later, or use another edge'));
    }
    this.#dropExcess();
    return handler;
  }

  protected override received(entry: ConnectionEntry<EdgeMessage, DeviceMessage, Carrier, Own>, frame: Frame): void {
    const { id, carrier, wire, own } = entry;
    own.unfinishedBytes = 0;
    if (!this.#takeRate(entry, frame.length)) return;
    const wasStranger = own.key === null;
    try {
      const message = wire.unpack(frame);
      // The frame that names the key counts for it as well.
      if (wasStranger && !this.#takeKeyRate(entry, frame.length)) return;
      this.#observer.received?.(carrier, message);
      if (!this.takePing(entry, message)) this.#sink.receive(id, withoutCredentials(message), own.key);
      this.#noteAttachment(entry);
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  /** A device may leave its session and keep the connection. */
  #noteAttachment({ id, carrier }: ConnectionEntry<EdgeMessage, DeviceMessage, Carrier, Own>): void {
    if (this.#sink.isAttached(id)) this.#unattached.remove(id);
    else if (this.entries.has(id)) {
      this.#unattached.add(id, carrier.address ?? '');
      this.#dropExcess();
    }
  }

  protected override arriving(
    { id, own }: ConnectionEntry<EdgeMessage, DeviceMessage, Carrier, Own>,
    bytes: number,
  ): void {
    own.unfinishedBytes += bytes;
    this.#unattached.received(id, bytes);
    this.#dropExcess();
    if (own.unfinishedBytes > mostUnfinishedBytes && this.#sink.isAttached(id)) {
      this.drop(id, 'protocol-error', 'an unfinished frame over the limit');
    }
  }

  protected override control(entry: ConnectionEntry<EdgeMessage, DeviceMessage, Carrier, Own>, bytes: number): void {
    if (this.entries.has(entry.id)) this.#takeRate(entry, bytes);
  }

  #takeRate(entry: ConnectionEntry<EdgeMessage, DeviceMessage, Carrier, Own>, bytes: number): boolean {
    const { id, own } = entry;
    if (own.key === null) own.framesBeforeKey += 1;
    if (own.framesBeforeKey > this.#limits.framesBeforeKey) {
      this.close(id, 'rate-limited', 'more frames than an attach needs');
      return false;
    }
    const taken = take(own.rate, this.clock.nowMs(), bytes);
    own.rate = taken.state;
    if (!taken.allowed) this.close(id, 'rate-limited', 'more frames or bytes than a draft needs');
    return taken.allowed && (own.key === null || this.#takeKeyRate(entry, bytes));
  }

  /** @param entry has shown a key */
  #takeKeyRate({ id, own }: ConnectionEntry<EdgeMessage, DeviceMessage, Carrier, Own>, bytes: number): boolean {
    if (this.#rates === null || own.key === null) return true;
    const allowed = this.#rates.frame(own.key.id, this.clock.nowMs(), bytes);
    if (!allowed) this.close(id, 'rate-limited', 'more frames or bytes than the devices of a key need');
    return allowed;
  }

  /** As {@link SenderRates.spend}, from the same rates as the frames of connections. */
  spend(sender: Sender, bytes: number): number {
    return this.#rates?.spend(sender, this.clock.nowMs(), bytes) ?? 0;
  }

  #dropExcess(): void {
    for (let excess = this.#unattached.excess(); excess !== undefined; excess = this.#unattached.excess()) {
      const { id, limit } = excess;
      const detail =
        limit === 'unattached' ? 'too many connections without a session' : 'too many bytes before a session';
      this.#unattached.remove(id);
      this.drop(id, 'edge-full', detail);
    }
  }

  override abandon(): Carrier[] {
    this.#unattached.clear();
    this.#isLeaving = false;
    return super.abandon();
  }

  protected override stamp(): number {
    return Math.floor(this.clock.nowMs());
  }

  protected override forgotten({ cancelIdle }: Own, id: number): void {
    cancelIdle();
    this.#unattached.remove(id);
  }

  /** Closes a connection that is attached to no session: a device that only pings must not keep one forever. */
  #closeIdleLater(id: number, afterMs: number): () => void {
    return this.clock.after(afterMs, () => {
      const entry = this.entries.get(id);
      if (entry === undefined) return;
      if (this.#sink.isAttached(id)) {
        entry.own.cancelIdle = this.#closeIdleLater(id, this.#settings.liveness.lostAfterMs);
      } else this.close(id, 'silent', 'it is attached to no session');
    });
  }

  /** @throws OutriderError `unauthorized` */
  #admit(id: number, credentials: string): void {
    const key = this.#settings.keyOf(credentials);
    if (key === null) {
      throw new OutriderError(
        'unauthorized',
        'the edge does not know this key',
        'give a key of this edge (--key or OUTRIDER_KEY; credentials in code)',
      );
    }
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    entry.own.key = key;
    this.#observer.admitted?.(entry.carrier, key);
  }

  /** An error closes only the connection on which it occurred. */
  #refuse(id: number, error: unknown): void {
    const { code, message: cause, remedy } = refusalOf(error);
    if (code === 'internal') this.#observer.fault?.(error);
    this.send(id, { kind: 'refused', code, cause, remedy });
    this.close(id, code, cause);
  }
}

function isAttach(message: DeviceMessage): message is OpenMessage | ResumeMessage {
  return message.kind === 'open' || message.kind === 'resume';
}

/** Sessions keep their messages, and no session needs the key. */
function withoutCredentials(message: DeviceMessage): DeviceMessage {
  return isAttach(message) ? { ...message, credentials: '' } : message;
}

/** The error that the device receives. */
function refusalOf(error: unknown): OutriderError {
  if (isOutriderError(error)) return error;
  const cause = 'the edge has a fault';
  return new OutriderError('internal', cause, 'try again; the operator finds the cause in the log', { cause: error });
}
