// Observes the members of controllers: what they hear and what they do meanwhile. It reads the frames itself, and knows no member from
// inside. What a liar sends out of range it knows from the liar.

import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import { decodeController } from '../../../src/allocation/controller/message-codec.ts';
import type { ControllerMessage } from '../../../src/allocation/controller/messages.ts';
import type { Connection } from '../../../src/network/transport/transport.ts';
import type { Hearing } from './control-link.ts';
import { demand } from './violation.ts';

export interface WatchSettings {
  /** Whether this frame must be refused. */
  readonly isLie: (bytes: Uint8Array) => boolean;
  /** What the member goes on with without its controller. */
  readonly knows: () => string;
  readonly nowMs: () => number;
}

/** An epoch counts for so long after it was heard from a controller whose certificate was checked, ms. */
const countsMs = 60_000;

/** Of one life of a member. */
export class ControlWatch implements Hearing {
  readonly #name: string;
  readonly #settings: WatchSettings;
  /** Addresses of the edges that it has been told of. */
  readonly named: Set<string> = new Set<string>();
  #broken: Error | null = null;
  /** When each epoch was last heard from a controller that was checked, and not older than another. */
  readonly #checked = new Map<number, number>();
  /** The highest over the present connection. */
  #here = 0;
  /** What it hears now; null: what is no message. Undefined: it hears nothing. */
  #heard: ControllerMessage | null | undefined;
  /** Whether it must not obey what it hears now. */
  #isOlder = false;

  constructor(name: string, settings: WatchSettings) {
    this.#name = name;
    this.#settings = settings;
  }

  before(bytes: Uint8Array, { isPeerChecked }: Connection): void {
    this.#heard = this.#settings.isLie(bytes) ? null : messageOf(bytes);
    this.#isOlder = false;
    // A refusal has no epoch.
    if (this.#heard === null || !('epoch' in this.#heard)) return;
    const { epoch } = this.#heard;
    const nowMs = this.#settings.nowMs();
    const counting = [...this.#checked].flatMap(([one, heardAtMs]) => (nowMs - heardAtMs < countsMs ? [one] : []));
    this.#isOlder = epoch < Math.max(this.#here, ...counting);
    if (this.#isOlder) return;
    this.#here = epoch;
    if (isPeerChecked === true) this.#checked.set(epoch, nowMs);
    if (this.#heard.kind === 'edges') for (const { address } of this.#heard.edges) this.named.add(address);
  }

  after(isClosed: boolean): void {
    if (this.#broken !== null) throw this.#broken;
    const isMessage = this.#heard !== null;
    demand(isMessage || isClosed, 'orders-refused', () => `${this.#name} stays with who sends what is no message`);
    demand(!this.#isOlder || isClosed, 'epoch', () => `${this.#name} stays with a controller of an earlier epoch`);
    const mayPart = this.#isOlder || !isMessage || this.#heard?.kind === 'refused';
    demand(mayPart || !isClosed, 'epoch-forgotten', () => `${this.#name} parts from a controller that it must obey`);
    this.#heard = undefined;
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

  /** It does something by order. */
  obeys(kind: ControllerMessage['kind']): void {
    this.#check(() => {
      const isOrdered = this.#heard?.kind === kind;
      demand(isOrdered, 'orders-refused', () => `${this.#name} obeys ${kind} and has heard ${this.#heard?.kind}`);
      demand(
        !this.#isOlder,
        'epoch',
        () => `${this.#name} obeys a controller of an earlier epoch than one that counts`,
      );
    });
  }

  /** An edge has taken shares. */
  hasShares(edge: VirtualEdge): void {
    this.#check(() => checkShares(edge));
  }

  /** A member goes on after an order that it can't follow, and so after an error here: it is thrown later. */
  #check(check: () => void): void {
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

const [leastShare, mostShare] = [0.001, 1000];

function checkShares(edge: VirtualEdge): void {
  for (const { share, downlinkShare, key } of edge.sessions.entries) {
    for (const each of [share, downlinkShare, key.share]) {
      const isInRange = each >= leastShare && each <= mostShare;
      demand(isInRange, 'shares-in-range', () => `a session of ${edge.settings.name} has the share ${each}`);
    }
  }
}
