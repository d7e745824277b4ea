// The tickets that an edge takes instead of a key. The controller sends each one before its device shows it; it opens one session.

import type { TicketGrant } from '../../allocation/controller/messages.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { anyone, type EdgeKey } from '../../core/protocol/edge/edge-key.ts';

export const ticketPrefix = 'ticket:';

/** 192 random bits after the prefix. */
export function drawTicket(): string {
  return `${ticketPrefix}${Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('base64url')}`;
}

/** A ticket that was shown may be shown again for so long after the last time, ms. */
const attachAgainMs = 600_000;
/** Devices that an edge remembers, and tickets of each: one for the answer, spares, and those of the answers before. */
const mostDevices = 20_000;
const mostTickets = 6;
/** A device may have its running session and, until that is forgotten, one that it has left. */
const mostSessions = 2;
/** Limits of a key's share. */
const leastShare = 0.001;
const mostShare = 1000;

/** The key that stands for all tickets of a device: its session stays its own when it shows a newer one. */
interface Holder {
  key: EdgeKey;
  /** Until when each may be shown, by ticket; the one that came or was shown last is the last. */
  readonly tickets: Map<string, number>;
  /** Until when one of them may be shown. */
  untilMs: number;
}

export class TicketBook {
  readonly #clock: Clock;
  /** The device of each ticket. */
  readonly #devices = new Map<string, string>();
  readonly #holders = new Map<string, Holder>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  grant({ ticket, validMs, device }: TicketGrant): void {
    const nowMs = this.#clock.nowMs();
    const known = this.#holders.get(device);
    // The newest last, and none that is forgotten for room now.
    this.#holders.delete(device);
    this.#forgetOld(nowMs);
    const untilMs = nowMs + validMs;
    const limits = { maxSessions: mostSessions, maxWaiting: mostSessions };
    const fresh = { ...anyone, id: `${ticketPrefix}${device}`, name: `device ${device}`, ...limits };
    const holder = known ?? { key: fresh, tickets: new Map<string, number>(), untilMs };
    this.#holders.set(device, holder);
    this.#devices.set(ticket, device);
    this.#keep(holder, ticket, untilMs);
    const [oldest] = holder.tickets.keys();
    if (holder.tickets.size > mostTickets && oldest !== undefined) {
      holder.tickets.delete(oldest);
      this.#devices.delete(oldest);
    }
  }

  /** How many tickets it holds, valid ones and some that were. */
  get size(): number {
    return this.#devices.size;
  }

  /** Whose credentials these are; null: no ticket that is valid. */
  find(credentials: string): EdgeKey | null {
    const holder = this.#holders.get(this.#devices.get(credentials) ?? '');
    const nowMs = this.#clock.nowMs();
    if (holder === undefined || nowMs >= (holder.tickets.get(credentials) ?? 0)) return null;
    this.#keep(holder, credentials, nowMs + attachAgainMs);
    return holder.key;
  }

  /** For `keyOf` of an edge: takes tickets, and what the edge takes without a controller. @param keyOf undefined: the edge asks for no key */
  beside(keyOf: (credentials: string) => EdgeKey | null = () => anyone): (credentials: string) => EdgeKey | null {
    // A controller that lies grants no key as a ticket.
    return (credentials) =>
      (credentials.startsWith(ticketPrefix) ? this.find(credentials) : null) ?? keyOf(credentials);
  }

  /** The id of the key that stands for a device's tickets; undefined: it has none. */
  keyIdOf(device: string): string | undefined {
    return this.#holders.get(device)?.key.id;
  }

  /** z of the session of a device: the share of its key. */
  setShare(device: string, share: number): void {
    const holder = this.#holders.get(device);
    if (holder !== undefined) holder.key = { ...holder.key, share: Math.min(mostShare, Math.max(leastShare, share)) };
  }

  /** For `renewKeys` of an edge: the present data of a device's key, or the same key where it is none of a ticket. */
  renewed(id: string, shown: EdgeKey): EdgeKey {
    const device = id.startsWith(ticketPrefix) ? id.slice(ticketPrefix.length) : undefined;
    return (device === undefined ? undefined : this.#holders.get(device)?.key) ?? shown;
  }

  #keep(holder: Holder, ticket: string, untilMs: number): void {
    holder.tickets.delete(ticket);
    holder.tickets.set(ticket, untilMs);
    holder.untilMs = Math.max(holder.untilMs, untilMs);
  }

  #forgetOld(nowMs: number): void {
    // The oldest grants come first.
    for (const [device, { tickets, untilMs }] of this.#holders) {
      if (nowMs < untilMs && this.#holders.size < mostDevices) break;
      for (const ticket of tickets.keys()) this.#devices.delete(ticket);
      this.#holders.delete(device);
    }
  }
}
