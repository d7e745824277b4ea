// What devices show to the edges of a run, by the account of the watches: the operator's keys, and the tickets of controllers. Each edge
// has tickets of its own, and forgets them when it ends.

import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { TicketGrant } from '../../../src/allocation/controller/messages.ts';
import { anyone, type EdgeKey } from '../../../src/core/protocol/edge/edge-key.ts';
import { ticketPrefix } from '../../../src/processes/controller/ticket-book.ts';
import type { KeyRing } from './keys.ts';

/** A ticket that was shown may be shown again for so long after the last time, ms: docs/operate/controller.md. */
const shownAgainMs = 600_000;
/** Of the key that stands for the tickets of a device. */
const mostSessions = 2;

interface Ticket {
  readonly owner: string;
  /** Until when it may be shown. */
  untilMs: number;
}

/** What an edge of a controller has been told. */
interface Told {
  readonly tickets: Map<string, Ticket>;
  /** By the id of a key. */
  readonly shares: Map<string, number>;
  changedAtMs: number;
}

export function isTicket(credentials: string): boolean {
  return credentials.startsWith(ticketPrefix);
}

export class ShownKeys {
  readonly ring: KeyRing;
  readonly #told = new Map<VirtualEdge, Told>();

  constructor(ring: KeyRing) {
    this.ring = ring;
  }

  granted(edge: VirtualEdge, { ticket, validMs, device }: TicketGrant): void {
    if (!isTicket(ticket)) return;
    const owner = `${ticketPrefix}${device}`;
    this.#of(edge).tickets.set(ticket, { owner, untilMs: edge.process.nowMs() + validMs });
  }

  /** The share of a device's key, as the edge has been told it. */
  shared(edge: VirtualEdge, keyId: string, share: number): void {
    const told = this.#of(edge);
    if (told.shares.get(keyId) === share) return;
    told.shares.set(keyId, share);
    told.changedAtMs = edge.process.nowMs();
  }

  /** An edge that begins anew knows no ticket. */
  restarted(edge: VirtualEdge): void {
    this.#told.delete(edge);
  }

  /** An edge has let an attach in. @returns whose key it was; undefined: it should not have been let in */
  shown(edge: VirtualEdge, credentials: string): string | undefined {
    const nowMs = edge.process.nowMs();
    const ticket = this.#of(edge).tickets.get(credentials);
    if (ticket !== undefined && nowMs < ticket.untilMs) {
      ticket.untilMs = nowMs + shownAgainMs;
      return ticket.owner;
    }
    return this.ring.isValid(credentials) ? this.ring.ownerOf(credentials) : undefined;
  }

  /** Whether an edge must let these in at the moment. */
  isValid(edge: VirtualEdge, credentials: string): boolean {
    const ticket = this.#of(edge).tickets.get(credentials);
    return this.ring.isValid(credentials) || (ticket !== undefined && edge.process.nowMs() < ticket.untilMs);
  }

  /** Whose key these are at an edge; undefined: nobody's. */
  ownerOf(edge: VirtualEdge, credentials: string): string | undefined {
    const ticket = this.#of(edge).tickets.get(credentials);
    const isHeld = ticket !== undefined && edge.process.nowMs() < ticket.untilMs;
    return isHeld ? ticket.owner : this.ring.ownerOf(credentials);
  }

  /** Whether a session that was attached with these may go on: nobody withdraws a ticket. */
  mayGoOn(credentials: string): boolean {
    return isTicket(credentials) || this.ring.isValid(credentials);
  }

  /** Present data of a key. */
  data(edge: VirtualEdge, id: string): EdgeKey {
    if (!isTicket(id)) return this.ring.data(id);
    const share = this.#of(edge).shares.get(id) ?? 1;
    return { ...anyone, id, share, maxSessions: mostSessions, maxWaiting: mostSessions };
  }

  /** When the keys at this edge have changed last, ms. */
  changedAtMs(edge: VirtualEdge): number {
    return Math.max(this.ring.changedAtMs, this.#told.get(edge)?.changedAtMs ?? Number.NEGATIVE_INFINITY);
  }

  #of(edge: VirtualEdge): Told {
    const told = this.#told.get(edge) ?? {
      tickets: new Map(),
      shares: new Map(),
      changedAtMs: Number.NEGATIVE_INFINITY,
    };
    this.#told.set(edge, told);
    return told;
  }
}
