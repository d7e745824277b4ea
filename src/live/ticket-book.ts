// The tickets that an edge takes instead of a key. The controller sends each one before its device shows it; it opens one session.

import type { Clock } from '../basics/clock.ts';
import type { TicketGrant } from '../controller/messages.ts';
import { anyone, type EdgeKey } from '../protocol/edge-key.ts';

export const ticketPrefix = 'ticket:';

/** A ticket that was shown may be shown again for so long after the last time, ms. */
const attachAgainMs = 600_000;
/** Devices, and tickets, that an edge remembers. */
const mostDevices = 20_000;
/** A device may have its running session and, until that is forgotten, one that it has left. */
const mostSessions = 2;
/** Limits of a key's share. */
const [leastShare, mostShare] = [0.001, 1000];

interface Held {
  readonly device: string;
  /** Until when it may be shown. */
  untilMs: number;
}

/** The key that stands for all tickets of a device: its session stays its own when it shows a newer one. */
interface Holder {
  key: EdgeKey;
  /** Until when one of its tickets may be shown. */
  untilMs: number;
}

export class TicketBook {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #holders = new Map<string, Holder>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  grant({ ticket, validMs, device }: TicketGrant): void {
    const nowMs = this.#clock.nowMs();
    this.#forgetOld(nowMs);
    const untilMs = nowMs + validMs;
    const limits = { maxSessions: mostSessions, maxWaiting: mostSessions };
    const fresh = { ...anyone, id: `${ticketPrefix}${device}`, name: `device ${device}`, ...limits };
    const holder = this.#holders.get(device) ?? { key: fresh, untilMs };
    holder.untilMs = Math.max(holder.untilMs, untilMs);
    // The newest last.
    this.#holders.delete(device);
    this.#holders.set(device, holder);
    this.#held.set(ticket, { device, untilMs });
  }

  /** Whose credentials these are; null: no ticket that is valid. */
  find(credentials: string): EdgeKey | null {
    const held = this.#held.get(credentials);
    const nowMs = this.#clock.nowMs();
    if (held === undefined || nowMs >= held.untilMs) return null;
    const holder = this.#holders.get(held.device);
    if (holder === undefined) return null;
    held.untilMs = nowMs + attachAgainMs;
    holder.untilMs = Math.max(holder.untilMs, held.untilMs);
    return holder.key;
  }

  /** For `keyOf` of an edge: takes tickets, and what the edge takes without a controller. @param keyOf undefined: the edge asks for no key */
  beside(keyOf: ((credentials: string) => EdgeKey | null) | undefined): (credentials: string) => EdgeKey | null {
    return (credentials) => {
      if (!credentials.startsWith(ticketPrefix)) return keyOf === undefined ? anyone : keyOf(credentials);
      return this.find(credentials) ?? (keyOf === undefined ? anyone : null);
    };
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

  #forgetOld(nowMs: number): void {
    // The oldest grants come first; those that were shown since are kept.
    for (const [ticket, { untilMs }] of this.#held) {
      if (nowMs < untilMs && this.#held.size < 2 * mostDevices) break;
      this.#held.delete(ticket);
    }
    for (const [device, { untilMs }] of this.#holders) {
      if (nowMs < untilMs && this.#holders.size < mostDevices) break;
      this.#holders.delete(device);
    }
  }
}
