// What devices show to the edges of a run: keys of the operator, which may be withdrawn or get other secrets, and tickets of controllers.
// Both edges know the same keys. Each has tickets of its own, by the account of the watches, and forgets them when it ends.

import type { VirtualEdge } from '../../../simulator/virtual-time/edge.ts';
import type { TicketGrant } from '../../../src/allocation/controller/messages.ts';
import type { Random } from '../../../src/core/basics/philox.ts';
import { anyone, type EdgeKey, edgeKey } from '../../../src/core/protocol/edge/edge-key.ts';
import { ticketPrefix } from '../../../src/processes/controller/ticket-book.ts';

/** A ticket that was shown may be shown again for so long after the last time, ms: docs/operate/controller.md. */
const shownAgainMs = 600_000;
/** The limit of the key that stands for the tickets of a device. */
const mostSessions = 2;
/** More than any run evaluates: rows are counted, and no quota is used up. */
const rowsPerMinute = 1e9;
const never = Number.NEGATIVE_INFINITY;

interface Secret {
  readonly keyId: string;
  isValid: boolean;
}

/** Limits of a key that may change while it is in use. */
export type KeyData = Partial<Pick<EdgeKey, 'share' | 'maxSessions' | 'maxWaiting'>>;

/** A key as an edge gets it, with the secret that was shown. */
interface ShownKey extends EdgeKey {
  readonly secret: string;
}

interface Ticket {
  readonly owner: string;
  /** Until when it may be shown. */
  untilMs: number;
}

/** What an edge has received from its controller. */
interface Received {
  readonly tickets: Map<string, Ticket>;
  /** Shares by the id of a key. */
  readonly shares: Map<string, number>;
  changedAtMs: number;
}

export function isTicket(credentials: string): boolean {
  return credentials.startsWith(ticketPrefix);
}

export class KeyRing {
  readonly #keys = new Map<string, EdgeKey>();
  readonly #secrets = new Map<string, Secret>();
  readonly #received = new Map<VirtualEdge, Received>();
  /** No key is asked for. */
  readonly isOpen: boolean;
  #changedAtMs = never;

  /** @param keys data of each key; none: every device is {@link anyone} */
  constructor(keys: readonly KeyData[]) {
    this.isOpen = keys.length === 0;
    for (const [index, data] of keys.entries()) {
      const id = `key-${index}`;
      this.#keys.set(id, edgeKey(id, { ...data, rowsPerMinute }));
      this.#issue(id);
    }
  }

  /** @param edge where they are shown; default: at one without tickets @returns id of their key, valid or not; undefined: they have none */
  ownerOf(credentials: string, edge?: VirtualEdge): string | undefined {
    const ticket = this.#ticket(credentials, edge);
    if (ticket !== undefined) return ticket.owner;
    return this.isOpen ? anyone.id : this.#secrets.get(credentials)?.keyId;
  }

  /** Whether an edge must let these in at the moment. @param edge default: one without tickets */
  isValid(credentials: string, edge?: VirtualEdge): boolean {
    if (this.isOpen || this.#secrets.get(credentials)?.isValid === true) return true;
    return this.#ticket(credentials, edge) !== undefined;
  }

  /** Present data of a key. @param edge for the key of tickets */
  data(id: string, edge?: VirtualEdge): EdgeKey {
    if (edge === undefined || !isTicket(id)) return this.#keys.get(id) ?? anyone;
    const share = this.#at(edge).shares.get(id) ?? 1;
    return { ...anyone, id, share, maxSessions: mostSessions, maxWaiting: mostSessions };
  }

  /** An edge asks for the key of credentials. */
  keyOf(secret: string): EdgeKey | null {
    if (this.isOpen) return anyone;
    const found = this.#secrets.get(secret);
    if (found?.isValid !== true) return null;
    const shown: ShownKey = { ...this.data(found.keyId), secret };
    return shown;
  }

  /** An edge asks again when keys have changed. */
  renewed(id: string, shown: EdgeKey): EdgeKey | null {
    const { secret } = shown as Partial<ShownKey>;
    return this.isOpen ? anyone : secret === undefined ? this.data(id) : this.keyOf(secret);
  }

  /** A valid secret of this key; default: of any. */
  secret(random: Random, id?: string): string {
    if (this.isOpen) return '';
    const valid = [...this.#secrets].filter(([, { isValid, keyId }]) => isValid && (id === undefined || id === keyId));
    return valid[random.integer(valid.length)]?.[0] ?? 'none is valid';
  }

  /** Withdraws a key, unless it is the last one. @returns its id; null: nothing was done */
  withdraw(random: Random, nowMs: number): string | null {
    const ids = [...new Set([...this.#secrets.values()].flatMap(({ isValid, keyId }) => (isValid ? [keyId] : [])))];
    if (ids.length < 2) return null;
    const id = ids[random.integer(ids.length)] as string;
    this.#invalidate(id, nowMs);
    return id;
  }

  /** Replaces the secret of a key. @returns its id */
  rotate(random: Random, nowMs: number): string {
    const id = this.ownerOf(this.secret(random)) as string;
    this.#invalidate(id, nowMs);
    this.#issue(id);
    return id;
  }

  /** Changes limits or share of a key. @returns its id */
  change(random: Random, data: KeyData, nowMs: number): string {
    const id = this.ownerOf(this.secret(random)) as string;
    this.#keys.set(id, { ...this.data(id), ...data });
    this.#changedAtMs = nowMs;
    return id;
  }

  granted(edge: VirtualEdge, { ticket, validMs, device }: TicketGrant): void {
    if (!isTicket(ticket)) return;
    const owner = `${ticketPrefix}${device}`;
    this.#at(edge).tickets.set(ticket, { owner, untilMs: edge.process.nowMs() + validMs });
  }

  /** An edge has received the share of a device's key. */
  shared(edge: VirtualEdge, keyId: string, share: number): void {
    const received = this.#at(edge);
    if (received.shares.get(keyId) === share) return;
    received.shares.set(keyId, share);
    received.changedAtMs = edge.process.nowMs();
  }

  /** An edge that restarts has no tickets. */
  restarted(edge: VirtualEdge): void {
    this.#received.delete(edge);
  }

  /** An edge has let an attach in. @returns the id of its key; undefined: it should not have been let in */
  shown(edge: VirtualEdge, credentials: string): string | undefined {
    const ticket = this.#ticket(credentials, edge);
    if (ticket === undefined) return this.isValid(credentials) ? this.ownerOf(credentials) : undefined;
    ticket.untilMs = edge.process.nowMs() + shownAgainMs;
    return ticket.owner;
  }

  /** Whether a session that was attached with these may continue: no one withdraws a ticket. */
  mayContinue(credentials: string): boolean {
    return isTicket(credentials) || this.isValid(credentials);
  }

  /** Time of the last change of keys at this edge, ms. */
  changedAtMs(edge: VirtualEdge): number {
    return Math.max(this.#changedAtMs, this.#received.get(edge)?.changedAtMs ?? never);
  }

  #ticket(credentials: string, edge?: VirtualEdge): Ticket | undefined {
    if (edge === undefined) return undefined;
    const ticket = this.#at(edge).tickets.get(credentials);
    return ticket !== undefined && edge.process.nowMs() < ticket.untilMs ? ticket : undefined;
  }

  #at(edge: VirtualEdge): Received {
    const received = this.#received.get(edge) ?? { tickets: new Map(), shares: new Map(), changedAtMs: never };
    this.#received.set(edge, received);
    return received;
  }

  #issue(keyId: string): void {
    this.#secrets.set(`secret ${this.#secrets.size} of ${keyId}`, { keyId, isValid: true });
  }

  #invalidate(id: string, nowMs: number): void {
    for (const secret of this.#secrets.values()) if (secret.keyId === id) secret.isValid = false;
    this.#changedAtMs = nowMs;
  }
}
