// Devices that are not honest. One follows no rule: garbage, gaps, ids outside the vocabulary, drafts too far ahead, second attaches,
// abandoned connections; it may slow down its own session, and no other one. The other one keeps every rule of the wire, and takes a place
// for nothing.

import type { EventQueue } from '../../../simulator/virtual-time/event-queue.ts';
import type { LinkEnd, VirtualLink } from '../../../simulator/virtual-time/link.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import { openedTurn, type TurnRequest } from '../../../src/core/protocol/device/device-state.ts';
import { DeviceCodec } from '../../../src/core/protocol/wire/codec.ts';
import { limits } from '../../../src/core/protocol/wire/limits.ts';
import { type DeviceMessage, type OpenMessage, protocolVersion } from '../../../src/core/protocol/wire/messages.ts';
import { hexDigits, type IdleTurn } from './scene.ts';
import type { Log } from './violation.ts';

interface Settings {
  readonly random: Random;
  readonly connect: (end: LinkEnd) => VirtualLink | undefined;
  readonly log: Log;
}

interface HostileSettings extends Settings {
  readonly turn: TurnRequest;
  /** Number of hostile actions; after them it is silent. */
  readonly actionCount: number;
}

/** Longest pause of a hostile device between two actions. */
const longestRestMs = 150;

export class HostileDevice {
  readonly #queue: EventQueue;
  readonly #settings: HostileSettings;
  #link: VirtualLink | undefined;
  #codec = new DeviceCodec();
  #attempt = 0;
  #branch = 0;
  /** The largest number of a branch or an alternative. */
  #newest = 0;
  /** The assumed end of its branch. */
  #draftEnd = 0;
  #acknowledged = 0;
  #actionCount = 0;

  constructor(queue: EventQueue, settings: HostileSettings) {
    this.#queue = queue;
    this.#settings = settings;
    this.#later();
  }

  #later(): void {
    if (this.#actionCount >= this.#settings.actionCount) return;
    this.#actionCount += 1;
    this.#queue.after(this.#settings.random.uniform() * longestRestMs, () => {
      if (this.#link === undefined) this.#open();
      else this.#misbehave(this.#link);
      this.#later();
    });
  }

  #open(): void {
    const end: LinkEnd = {
      frame: () => {},
      writable: () => {},
      closed: () => {
        this.#link = undefined;
      },
    };
    this.#link = this.#settings.connect(end);
    this.#codec = new DeviceCodec();
    this.#branch = 0;
    this.#newest = 0;
    if (this.#settings.random.uniform() < 0.2) return;
    this.#send(this.#opening());
  }

  #opening(): OpenMessage {
    const { turn, random } = this.#settings;
    const open = openedTurn(turn);
    this.#attempt += 1;
    const answer = Array.from({ length: random.integer(turn.maxAnswerTokens + 2) }, () => random.integer(1100));
    this.#draftEnd = turn.prompt.length + answer.length;
    this.#acknowledged = this.#draftEnd;
    const session = random.uniform() < 0.3 ? hexDigits(random, 16) : turn.session;
    return { kind: 'open', version: protocolVersion, attempt: this.#attempt, ...open, session, answer };
  }

  #misbehave(link: VirtualLink): void {
    const { random, turn, log } = this.#settings;
    const actions: (() => void)[] = [
      () => {
        const bytes = Uint8Array.from({ length: 1 + random.integer(40) }, () => random.integer(256));
        log?.(`hostile: ${bytes.length} bytes of garbage`);
        link.send('up', bytes);
      },
      () => this.#send(this.#opening()),
      () => {
        this.#acknowledged += random.integer(500);
        this.#send({ kind: 'ack', length: this.#acknowledged });
      },
      () => this.#resume(random.integer(9), random.integer(99)),
      () => this.#send({ kind: 'bye' }),
      () => this.#draft(this.#newest + 1, random.integer(200), 1 + random.integer(500)),
      () =>
        this.#draft(
          this.#newest + 1,
          Math.max(0, this.#draftEnd - random.integer(3)),
          1 + random.integer(turn.maxAhead),
        ),
      () => this.#draft(this.#branch, this.#draftEnd, 1 + random.integer(turn.maxAhead)),
      () => this.#draft(this.#branch, this.#draftEnd, 1 + random.integer(2 * turn.maxAhead)),
      () => this.#draft(this.#newest + 1, this.#draftEnd, turn.maxAhead + 1 + random.integer(turn.maxAhead)),
      () => this.#alternatives(1 + random.integer(12)),
      () => {
        this.#send({ ...this.#opening(), answer: [] });
        this.#draftEnd = turn.prompt.length;
        this.#draft(this.#newest + 1, this.#draftEnd, Math.max(1, turn.maxAhead - 2));
        this.#alternatives(limits.alternatives + 4, 1);
      },
      () => this.#alternatives(1),
      // Drafts after an alternative that the edge may not have taken.
      () => {
        if (this.#newest > this.#branch) this.#draft(this.#newest, this.#draftEnd, 1);
      },
      () => {
        link.close('device');
        this.#link = undefined;
      },
    ];
    const action = actions[random.integer(actions.length)];
    action?.();
  }

  #resume(attempt: number, length: number): void {
    this.#draftEnd = length;
    this.#acknowledged = length;
    const { credentials, padding, session } = this.#settings.turn;
    this.#send({ kind: 'resume', version: protocolVersion, credentials, padding, session, attempt, length });
  }

  #draft(branch: number, first: number, count: number): void {
    if (branch === 0) return;
    const { random } = this.#settings;
    const tokens = Array.from({ length: count }, () => random.integer(random.uniform() < 0.02 ? 4000 : 1024));
    this.#branch = branch;
    this.#newest = Math.max(this.#newest, branch);
    this.#draftEnd = first + count;
    this.#send({ kind: 'draft', branch, first, tokens });
  }

  /** New alternatives beside its branch, and extensions, which mostly leave a gap. @param newShare how many are new */
  #alternatives(count: number, newShare = 0.5): void {
    if (this.#branch === 0) return;
    const { random } = this.#settings;
    for (let index = 0; index < count; index += 1) {
      const isNew = this.#newest === this.#branch || random.uniform() < newShare;
      const first = Math.max(0, this.#draftEnd - 1 - random.integer(6));
      if (first >= this.#draftEnd) return;
      const tokens = Array.from({ length: 1 + random.integer(random.uniform() < 0.1 ? 31 : 2) }, () =>
        random.integer(1024),
      );
      if (isNew) this.#newest += 1;
      this.#send({ kind: 'alternative', branch: this.#newest, base: this.#branch, first, tokens });
    }
  }

  #send(message: DeviceMessage): void {
    this.#settings.log?.(`hostile: ${message.kind}`);
    // The connection may be closed already.
    this.#link?.send('up', this.#codec.encode(message));
  }
}

interface IdleSettings extends Settings, IdleTurn {}

const pingMs = 3500;
const longestPauseMs = 4000;
const latestByeMs = 20_000;

/**
 * It opens a session and then never asks for a verdict and never acknowledges: it only pings, or it leaves without a close. It comes back
 * when it is closed, until its time is over.
 */
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
      log?.(`idle: ${message.kind}`);
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
