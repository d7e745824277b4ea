// Observes the members of controllers: what they hear and what they do meanwhile. It reads the frames itself, and knows no member from
// inside. What a liar sends out of range it knows from the liar.

import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import { decodeController } from '../../../src/allocation/controller/message-codec.ts';
import type { ControllerMessage } from '../../../src/allocation/controller/messages.ts';
import type { Hearing } from './control-link.ts';
import { demand } from './violation.ts';

/** Of one life of a member. */
export class ControlWatch implements Hearing {
  readonly #name: string;
  readonly #isLie: (bytes: Uint8Array) => boolean;
  readonly #knows: () => string;
  /** Addresses of the edges that it has been told of. */
  readonly named: Set<string> = new Set<string>();
  #broken: Error | null = null;
  /** The highest that it has heard. */
  #epoch = 0;
  /** What it hears now; null: what is no message. Undefined: it hears nothing. */
  #heard: ControllerMessage | null | undefined;
  /** Whether it must not obey what it hears now. */
  #isOlder = false;

  /** @param isLie whether this frame must be refused @param knows what the member goes on with without its controller */
  constructor(name: string, isLie: (bytes: Uint8Array) => boolean, knows: () => string) {
    this.#name = name;
    this.#isLie = isLie;
    this.#knows = knows;
  }

  before(bytes: Uint8Array): void {
    this.#heard = this.#isLie(bytes) ? null : messageOf(bytes);
    // A refusal has no epoch.
    const epoch = this.#heard !== null && 'epoch' in this.#heard ? this.#heard.epoch : this.#epoch;
    this.#isOlder = epoch < this.#epoch;
    this.#epoch = Math.max(this.#epoch, epoch);
    if (this.#isOlder || this.#heard?.kind !== 'edges') return;
    for (const { address } of this.#heard.edges) this.named.add(address);
  }

  after(isClosed: boolean): void {
    if (this.#broken !== null) throw this.#broken;
    const isMessage = this.#heard !== null;
    demand(isMessage || isClosed, 'orders-refused', () => `${this.#name} stays with who sends what is no message`);
    demand(!this.#isOlder || isClosed, 'epoch', () => `${this.#name} stays with a controller of an earlier epoch`);
    this.#heard = undefined;
    this.#isOlder = false;
  }

  closing(): () => void {
    const before = this.#knows();
    return () => {
      const after = this.#knows();
      demand(before === after, 'stands', () => `${this.#name} knew ${before}, and without its controller ${after}`);
    };
  }

  /** It does something by order. */
  obeys(kind: ControllerMessage['kind']): void {
    this.#check(() => {
      const isOrdered = this.#heard?.kind === kind;
      demand(isOrdered, 'orders-refused', () => `${this.#name} obeys ${kind} and has heard ${this.#heard?.kind}`);
      demand(!this.#isOlder, 'epoch', () => `${this.#name} obeys a controller of an earlier epoch than ${this.#epoch}`);
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
