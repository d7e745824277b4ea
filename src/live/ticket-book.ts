// The tickets that an edge takes instead of a key. The controller sends each one before its device shows it; it opens one session.

import type { Clock } from '../basics/clock.ts';
import type { TicketGrant } from '../controller/messages.ts';
import { anyone, type EdgeKey } from '../protocol/edge-key.ts';

export const ticketPrefix = 'ticket:';

/** Its device may come back with a used ticket for so long after it was last shown, ms. */
const attachAgainMs = 60_000;
const forgottenAfterMs = 600_000;
/** Grants that nobody uses are forgotten first. */
const mostTickets = 4096;

/** Limits of a key's share. */
const [leastShare, mostShare] = [0.001, 1000];

interface Held {
  key: EdgeKey;
  readonly device: string;
  /** Until when it may be shown for the first time, or again. */
  untilMs: number;
}

export class TicketBook {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  /** The last ticket that each device has shown. */
  readonly #ofDevice = new Map<string, Held>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  grant({ ticket, validMs, device }: TicketGrant): void {
    const nowMs = this.#clock.nowMs();
    this.#forgetOld(nowMs);
    // The ticket itself is in no log, and its number in none of another edge.
    const id = `${ticketPrefix}${++this.#count}`;
    const key = { ...anyone, id, name: `device ${device}`, maxSessions: 1, maxWaiting: 1 };
    this.#held.set(ticket, { key, device, untilMs: nowMs + validMs });
  }

  /** The id of the key that stands for a device's ticket; undefined: it has shown none. */
  keyIdOf(device: string): string | undefined {
    return this.#ofDevice.get(device)?.key.id;
  }

  /** z of the session of a device: the share of its key, since each ticket is a key of its own. */
  setShare(device: string, share: number): void {
    const held = this.#ofDevice.get(device);
    if (held !== undefined) held.key = { ...held.key, share: Math.min(mostShare, Math.max(leastShare, share)) };
  }

  /** For `renewKeys` of an edge: the present data of a ticket's key, or the same key where it is none of a ticket. */
  renewed(id: string, shown: EdgeKey): EdgeKey {
    if (!id.startsWith(ticketPrefix)) return shown;
    for (const { key } of this.#ofDevice.values()) if (key.id === id) return key;
    return shown;
  }

  /** Whose credentials these are; null: no ticket that is valid. */
  find(credentials: string): EdgeKey | null {
    const held = this.#held.get(credentials);
    const nowMs = this.#clock.nowMs();
    if (held === undefined || nowMs >= held.untilMs) return null;
    held.untilMs = nowMs + attachAgainMs;
    this.#ofDevice.set(held.device, held);
    return held.key;
  }

  /** For `keyOf` of an edge: takes tickets, and what the edge takes without a controller. @param keyOf undefined: the edge asks for no key */
  beside(keyOf: ((credentials: string) => EdgeKey | null) | undefined): (credentials: string) => EdgeKey | null {
    return (credentials) => {
      if (!credentials.startsWith(ticketPrefix)) return keyOf === undefined ? anyone : keyOf(credentials);
      return this.find(credentials) ?? (keyOf === undefined ? anyone : null);
    };
  }

  #forgetOld(nowMs: number): void {
    for (const [ticket, held] of this.#held) {
      if (nowMs < held.untilMs) continue;
      this.#held.delete(ticket);
      // A session may last longer than its ticket may be shown again.
      if (nowMs >= held.untilMs + forgottenAfterMs && this.#ofDevice.get(held.device) === held)
        this.#ofDevice.delete(held.device);
    }
    while (this.#ofDevice.size > mostTickets) this.#ofDevice.delete(this.#ofDevice.keys().next().value as string);
    for (const ticket of this.#held.keys()) {
      if (this.#held.size < mostTickets) return;
      this.#held.delete(ticket);
    }
  }
}
