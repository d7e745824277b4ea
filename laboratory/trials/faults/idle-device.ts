// A device that keeps every rule of the wire and takes a place for nothing: it opens a session and then never asks for a verdict and never
// acknowledges. It only pings, or it leaves without a word. It comes back when it is closed, until its time is over.

import type { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import type { LinkEnd, VirtualLink } from '../../../simulator/virtual-time/link.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import { DeviceCodec } from '../../../src/core/protocol/wire/codec.ts';
import { type DeviceMessage, type OpenMessage, protocolVersion } from '../../../src/core/protocol/wire/messages.ts';

export interface IdleSettings {
  readonly open: Omit<OpenMessage, 'kind' | 'version' | 'attempt'>;
  readonly random: Random;
  readonly connect: (end: LinkEnd) => VirtualLink | undefined;
  /** It says and opens nothing after this time, ms. */
  readonly untilMs: number;
  /** `leaves`: it loses its connection soon after it has opened its session. `says bye`: it pings on after it has given its session up. */
  readonly kind: 'pings' | 'leaves' | 'says bye' | 'never opens';
  readonly log: (line: string) => void;
}

const pingMs = 3500;
const longestPauseMs = 4000;
const latestByeMs = 20_000;

export class IdleDevice {
  readonly #queue: EventQueue;
  readonly #settings: IdleSettings;
  #attempt = 0;

  constructor(queue: EventQueue, settings: IdleSettings) {
    this.#queue = queue;
    this.#settings = settings;
    this.#openLater(100);
  }

  get #isOver(): boolean {
    return this.#queue.nowMs() >= this.#settings.untilMs;
  }

  #openLater(mostMs: number): void {
    this.#queue.after(this.#settings.random.uniform() * mostMs, () => {
      if (!this.#isOver) this.#open();
    });
  }

  #open(): void {
    const { open, random, connect, kind, log } = this.#settings;
    const codec = new DeviceCodec();
    let isClosed = false;
    const closed = (): void => {
      if (isClosed) return;
      isClosed = true;
      this.#openLater(longestPauseMs);
    };
    const link = connect({ frame: () => {}, writable: () => {}, closed });
    if (link === undefined) {
      closed();
      return;
    }
    const say = (message: DeviceMessage): void => {
      log(`idle: ${message.kind}`);
      link.send('up', codec.encode(message));
    };
    this.#attempt += 1;
    if (kind !== 'never opens') say({ kind: 'open', version: protocolVersion, attempt: this.#attempt, ...open });
    if (kind === 'leaves') {
      this.#queue.after(random.uniform() * 1000, () => {
        link.lose({ device: 0, edge: random.uniform() * 200 });
        closed();
      });
      return;
    }
    if (kind === 'says bye') this.#queue.after(random.uniform() * latestByeMs, () => say({ kind: 'bye' }));
    const ping = (): void => {
      if (isClosed || this.#isOver) return;
      say({ kind: 'ping', stamp: 1 });
      this.#queue.after(pingMs, ping);
    };
    ping();
  }
}
