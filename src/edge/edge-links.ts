// The edge's connections: bytes to messages and back, limits, proof of life. What a message means is the sessions' business.

import type { Clock } from '../basics/clock.ts';
import type { OutriderError } from '../basics/errors.ts';
import { EdgeCodec } from '../protocol/codec.ts';
import { type Liveness, type LivenessSettings, watchLiveness } from '../protocol/liveness.ts';
import type { DeviceMessage, EdgeMessage, HelloMessage } from '../protocol/messages.ts';
import { createRateLimit, type RateLimit, type RateLimitSettings, take } from '../protocol/rate-limit.ts';
import type { Accept, Connection, ConnectionHandler } from '../transport/transport.ts';
import { refusalOf } from './edge-sessions.ts';

export interface LinkSettings {
  readonly hello: () => HelloMessage;
  readonly rate: RateLimitSettings;
  readonly liveness: LivenessSettings;
}

/** An honest device sends a frame or two a token; this leaves room for bursts after an outage and for a long prompt. */
export const defaultRate: RateLimitSettings = {
  framesPerSecond: 400,
  bytesPerSecond: 262_144,
  burstFrames: 1200,
  burstBytes: 4_194_304,
};

/** Where messages go. */
export interface MessageSink {
  /** @throws OutriderError when the connection is to be refused */
  receive(link: number, message: DeviceMessage): void;
  /** Whether this connection speaks for a session. */
  isAttached(link: number): boolean;
  linkClosed(link: number): void;
  linkWritable(link: number, writable: boolean): void;
}

interface Link {
  readonly connection: Connection;
  readonly codec: EdgeCodec;
  readonly liveness: Liveness;
  rate: RateLimit;
  blocked: boolean;
  cancelIdle: () => void;
}

export class EdgeLinks {
  readonly #settings: LinkSettings;
  readonly #clock: Clock;
  readonly #links = new Map<number, Link>();
  readonly #onFault: (error: unknown) => void;
  #sink: MessageSink | null = null;
  #lastLink = 0;

  constructor(settings: LinkSettings, clock: Clock, onFault: (error: unknown) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  get count(): number {
    return this.#links.size;
  }

  serve(sink: MessageSink): void {
    this.#sink = sink;
  }

  readonly accept: Accept = (connection: Connection): ConnectionHandler => {
    const id = ++this.#lastLink;
    const liveness = watchLiveness(this.#clock, this.#settings.liveness, {
      ping: () => this.send(id, { kind: 'ping', stamp: Math.floor(this.#clock.nowMs()) }),
      lost: () => this.close(id, 'silent', 'nothing was heard for too long'),
    });
    const rate = createRateLimit(this.#settings.rate, this.#clock.nowMs());
    const cancelIdle = this.#closeIdleLater(id);
    this.#links.set(id, { connection, codec: new EdgeCodec(), liveness, rate, blocked: false, cancelIdle });
    this.send(id, this.#settings.hello());
    return {
      frame: (bytes) => this.#frame(id, bytes),
      writable: () => this.#writable(id),
      closed: () => this.#closed(id),
    };
  };

  send(id: number, message: EdgeMessage): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.connection.send(link.codec.encode(message));
    link.liveness.said();
    if (link.connection.writable || link.blocked) return;
    link.blocked = true;
    this.#sink?.linkWritable(id, false);
  }

  /** After this the link is gone, whatever the network says later. */
  close(id: number, code: OutriderError['code'] | 'done', detail: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.connection.close(code, detail);
    this.#closed(id);
  }

  closeAll(detail: string): void {
    for (const id of [...this.#links.keys()]) this.close(id, 'done', detail);
  }

  /** Who only pings and never opens, or has said goodbye and stays, may not hold a connection for ever. */
  #closeIdleLater(id: number): () => void {
    return this.#clock.after(this.#settings.liveness.lostAfterMs, () => {
      const link = this.#links.get(id);
      if (link === undefined) return;
      if (this.#sink?.isAttached(id) === true) link.cancelIdle = this.#closeIdleLater(id);
      else this.close(id, 'silent', 'it speaks for no session');
    });
  }

  #frame(id: number, bytes: Uint8Array): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.liveness.heard();
    const taken = take(link.rate, this.#clock.nowMs(), bytes.length);
    link.rate = taken.state;
    if (!taken.allowed) {
      this.close(id, 'rate-limited', 'more frames or bytes than a draft needs');
      return;
    }
    try {
      const message = link.codec.decode(bytes);
      if (message.kind !== 'ping') this.#sink?.receive(id, message);
      // Who pings and never reads fills no buffer.
      else if (link.connection.writable) this.send(id, { kind: 'pong', stamp: message.stamp });
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  /** One connection's fault closes that connection, never the process. */
  #refuse(id: number, error: unknown): void {
    const { code, message: cause, remedy } = refusalOf(error);
    if (code === 'internal') this.#onFault(error);
    this.send(id, { kind: 'refused', code, cause, remedy });
    this.close(id, code, cause);
  }

  #writable(id: number): void {
    const link = this.#links.get(id);
    if (link === undefined || !link.blocked) return;
    link.blocked = false;
    this.#sink?.linkWritable(id, true);
  }

  #closed(id: number): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.liveness.stop();
    link.cancelIdle();
    this.#links.delete(id);
    this.#sink?.linkClosed(id);
  }
}
