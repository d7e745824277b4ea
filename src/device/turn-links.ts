// The device's connections of one turn: bytes to messages and back, proof of life, round-trip times, byte counts.

import type { Clock } from '../basics/clock.ts';
import type { ErrorCode } from '../basics/errors.ts';
import { malformed } from '../protocol/bytes.ts';
import { DeviceCodec } from '../protocol/codec.ts';
import { type Liveness, type LivenessSettings, watchLiveness } from '../protocol/liveness.ts';
import type { DeviceMessage, EdgeMessage } from '../protocol/messages.ts';
import type { Connect, Connection, ConnectionHandler } from '../transport/transport.ts';

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

export interface TurnLinkHandler {
  opened(link: number): void;
  message(link: number, message: EdgeMessage): void;
  writable(link: number, writable: boolean): void;
  closed(link: number): void;
}

interface Link {
  readonly connection: Connection;
  readonly codec: DeviceCodec;
  readonly liveness: Liveness;
  blocked: boolean;
  greeted: boolean;
  /** Whether the last attach said `open`: nothing can be gone then. */
  opened: boolean;
}

export const noTraffic: Traffic = {
  helloBytes: 0,
  attachBytes: 0,
  sentBytes: 0,
  receivedBytes: 0,
  sentFrames: 0,
  receivedFrames: 0,
};

export class TurnLinks {
  readonly #clock: Clock;
  readonly #liveness: LivenessSettings;
  readonly #handler: TurnLinkHandler;
  readonly #links = new Map<number, Link>();
  #traffic: Traffic = noTraffic;
  #lastLink = 0;
  /** Smallest of the measured ones; undefined before the first. */
  roundTripMs: number | undefined;
  /** The last that was measured. */
  recentRoundTripMs: number | undefined;

  constructor(clock: Clock, liveness: LivenessSettings, handler: TurnLinkHandler) {
    this.#clock = clock;
    this.#liveness = liveness;
    this.#handler = handler;
  }

  get traffic(): Traffic {
    return this.#traffic;
  }

  /** @throws OutriderError `edge-unreachable` */
  async connect(connect: Connect, signal: AbortSignal): Promise<void> {
    const id = ++this.#lastLink;
    const early: (() => void)[] = [];
    let isReady = false;
    const whenReady = (action: () => void): void => {
      if (isReady) action();
      else early.push(action);
    };
    const handler: ConnectionHandler = {
      frame: (bytes) => whenReady(() => this.#frame(id, bytes)),
      writable: () => whenReady(() => this.#writable(id)),
      closed: () => whenReady(() => this.#closed(id)),
    };
    const fresh = { blocked: false, greeted: false, opened: false };
    const connection = await connect(() => handler, { signal });
    const liveness = watchLiveness(this.#clock, this.#liveness, {
      ping: () => this.#ping(id),
      lost: () => this.close(id, 'silent', 'nothing was heard for too long'),
    });
    this.#links.set(id, { connection, codec: new DeviceCodec(), liveness, ...fresh });
    isReady = true;
    this.#handler.opened(id);
    this.#ping(id);
    for (const action of early) action();
  }

  send(id: number, message: DeviceMessage): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    const bytes = link.codec.encode(message);
    link.connection.send(bytes);
    link.liveness.said();
    const isAttach = message.kind === 'open' || message.kind === 'resume';
    if (isAttach) link.opened = message.kind === 'open';
    this.#traffic = {
      ...this.#traffic,
      attachBytes: this.#traffic.attachBytes + (isAttach ? bytes.length : 0),
      sentBytes: this.#traffic.sentBytes + bytes.length,
      sentFrames: this.#traffic.sentFrames + 1,
    };
    if (link.connection.writable || link.blocked) return;
    link.blocked = true;
    this.#handler.writable(id, false);
  }

  close(id: number, code: ErrorCode | 'done', detail: string): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.connection.close(code, detail);
    this.#closed(id);
  }

  /** Measures the round trip again. */
  ping(): void {
    for (const id of this.#links.keys()) this.#ping(id);
  }

  closeAll(): void {
    for (const id of [...this.#links.keys()]) this.close(id, 'done', 'the turn is over');
  }

  #ping(id: number): void {
    this.send(id, { kind: 'ping', stamp: Math.round(this.#clock.nowMs() * 10) });
  }

  #frame(id: number, bytes: Uint8Array): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.liveness.heard();
    this.#traffic = {
      ...this.#traffic,
      receivedBytes: this.#traffic.receivedBytes + bytes.length,
      receivedFrames: this.#traffic.receivedFrames + 1,
    };
    let message: EdgeMessage;
    try {
      message = link.codec.decode(bytes);
      checkTurn(link, message);
    } catch (error) {
      this.close(id, 'protocol-error', error instanceof Error ? error.message : 'a malformed frame');
      return;
    }
    if (message.kind === 'hello') {
      link.greeted = true;
      this.#traffic = { ...this.#traffic, helloBytes: this.#traffic.helloBytes + bytes.length };
    }
    if (message.kind === 'pong') this.#measure(message.stamp);
    else if (message.kind !== 'ping') this.#handler.message(id, message);
    // Who pings and never reads fills no buffer.
    else if (link.connection.writable) this.send(id, { kind: 'pong', stamp: message.stamp });
  }

  #measure(stamp: number): void {
    const elapsedMs = this.#clock.nowMs() - stamp / 10;
    if (elapsedMs < 0) return;
    this.recentRoundTripMs = elapsedMs;
    this.roundTripMs = Math.min(this.roundTripMs ?? Number.POSITIVE_INFINITY, elapsedMs);
  }

  #writable(id: number): void {
    const link = this.#links.get(id);
    if (link === undefined || !link.blocked) return;
    link.blocked = false;
    this.#handler.writable(id, true);
  }

  #closed(id: number): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.liveness.stop();
    this.#links.delete(id);
    this.#handler.closed(id);
  }
}

/** The greeting comes first and once; only what was resumed can be gone. @throws OutriderError `protocol-error` */
function checkTurn(link: Link, message: EdgeMessage): void {
  if ((message.kind === 'hello') === link.greeted) throw malformed(`${message.kind} out of turn`);
  if (message.kind === 'gone' && link.opened) throw malformed('a session that was just opened is gone');
}
