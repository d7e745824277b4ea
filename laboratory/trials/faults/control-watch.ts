// Observes the members of controllers: what they receive and what they do meanwhile. It reads the frames itself, and does not use the state
// of any member. `isLie` marks the frames of false controllers with values out of range.

import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import { decodeController } from '../../../src/allocation/controller/message-codec.ts';
import type { ControllerMessage } from '../../../src/allocation/controller/messages.ts';
import type { Connection } from '../../../src/network/transport/transport.ts';
import { demand } from './violation.ts';

/** Observes what arrives at one side of a connection. */
export interface FrameObserver {
  /** @param connection that it comes over */
  before(bytes: Uint8Array, connection: Connection): void;
  /** @param isClosed whether this side has closed the connection by now */
  after(isClosed: boolean): void;
  /** The connection is about to be closed. @returns a function to be called when it is */
  closing(): () => void;
}

export interface WatchSettings {
  /** Whether this frame must be refused. */
  readonly isLie: (bytes: Uint8Array) => boolean;
  /** The cell of which it is a member. */
  readonly cell: string;
  /** What the member keeps without its controller. */
  readonly knows: () => string;
  readonly nowMs: () => number;
}

/** How long an epoch counts after the last message of a controller whose certificate was checked, ms. */
const countsMs = 60_000;

/** Observes one life of a member. */
export class ControlWatch implements FrameObserver {
  readonly #name: string;
  readonly #settings: WatchSettings;
  /** Addresses of the edges that its controllers have named. */
  readonly named: Set<string> = new Set<string>();
  #broken: Error | null = null;
  /** When each epoch was last received from a controller that was checked, and not older than another. */
  readonly #checked = new Map<number, number>();
  /** The highest over the present connection. */
  #here = 0;
  /** The message that is being received; null: it is none. Undefined: nothing is. */
  #received: ControllerMessage | null | undefined;
  /** Whether the member must not follow that message. */
  #isOlder = false;
  /** Whether that message is of another cell. */
  #isForeign = false;

  constructor(name: string, settings: WatchSettings) {
    this.#name = name;
    this.#settings = settings;
  }

  before(bytes: Uint8Array, { isPeerChecked }: Connection): void {
    this.#received = this.#settings.isLie(bytes) ? null : messageOf(bytes);
    this.#isOlder = false;
    this.#isForeign = false;
    // A refusal has no epoch.
    if (this.#received === null || !('epoch' in this.#received)) return;
    this.#isForeign = this.#received.cell !== this.#settings.cell;
    if (this.#isForeign) return;
    const { epoch } = this.#received;
    const nowMs = this.#settings.nowMs();
    const counting = [...this.#checked].flatMap(([one, receivedAtMs]) =>
      nowMs - receivedAtMs < countsMs ? [one] : [],
    );
    this.#isOlder = epoch < Math.max(this.#here, ...counting);
    if (this.#isOlder) return;
    this.#here = epoch;
    if (isPeerChecked === true) this.#checked.set(epoch, nowMs);
    if (this.#received.kind === 'edges') for (const { address } of this.#received.edges) this.named.add(address);
  }

  after(isClosed: boolean): void {
    if (this.#broken !== null) throw this.#broken;
    const isMessage = this.#received !== null;
    demand(isMessage || isClosed, 'orders-refused', () => `${this.#name} stays with who sends what is no message`);
    demand(!this.#isOlder || isClosed, 'epoch', () => `${this.#name} stays with a controller of an earlier epoch`);
    demand(!this.#isForeign || isClosed, 'cell', () => `${this.#name} stays with a controller of another cell`);
    const mayPart = this.#isOlder || this.#isForeign || !isMessage || this.#received?.kind === 'refused';
    demand(mayPart || !isClosed, 'epoch-forgotten', () => `${this.#name} parts from a controller that it must obey`);
    this.#received = undefined;
    this.#isOlder = false;
  }

  closing(): () => void {
    const before = this.#settings.knows();
    this.#here = 0;
    return () => {
      const after = this.#settings.knows();
      demand(before === after, 'stands', () => `${this.#name} knew ${before}, and without its controller ${after}`);
    };
  }

  /** The member follows an order. */
  acts(kind: ControllerMessage['kind']): void {
    this.check(() => {
      const isOrdered = this.#received?.kind === kind;
      demand(isOrdered, 'orders-refused', () => `${this.#name} obeys ${kind} and has heard ${this.#received?.kind}`);
      const words = 'obeys a controller of an earlier epoch than one that counts';
      demand(!this.#isForeign, 'cell', () => `${this.#name} obeys a controller of another cell`);
      demand(!this.#isOlder, 'epoch', () => `${this.#name} ${words}`);
    });
  }

  /** An edge has taken shares. */
  hasShares(edge: VirtualEdge): void {
    this.check(() => checkShares(edge));
  }

  /** A member continues after an order that it can't follow, and so after an error here: it is thrown later. */
  check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#broken ??= error as Error;
    }
  }
}

function messageOf(bytes: Uint8Array): ControllerMessage | null {
  try {
    return decodeController(bytes);
  } catch {
    return null;
  }
}

const leastShare = 0.001;
const mostShare = 1000;

function checkShares(edge: VirtualEdge): void {
  for (const { share, downlinkShare, key } of edge.sessions.entries) {
    for (const each of [share, downlinkShare, key.share]) {
      const isInRange = each >= leastShare && each <= mostShare;
      demand(isInRange, 'shares-in-range', () => `a session of ${edge.settings.name} has the share ${each}`);
    }
  }
}
