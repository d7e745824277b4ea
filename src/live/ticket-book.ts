// The tickets that an edge takes instead of a key. The controller sends each one before its device shows it; it opens one session.

import type { Clock } from '../basics/clock.ts';
import type { TicketGrant } from '../controller/messages.ts';
import { anyone, type EdgeKey } from '../protocol/edge-key.ts';

export const ticketPrefix = 'ticket:';

/** Its device may come back with a used ticket for so long after it was last shown, ms. */
const attachAgainMs = 60_000;
/** Grants that nobody uses are forgotten first. */
const mostTickets = 4096;

interface Held {
  readonly key: EdgeKey;
  /** Until when it may be shown for the first time, or again. */
  untilMs: number;
}

export class TicketBook {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
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
    this.#held.set(ticket, { key, untilMs: nowMs + validMs });
  }

  /** Whose credentials these are; null: no ticket that is valid. */
  find(credentials: string): EdgeKey | null {
    const held = this.#held.get(credentials);
    const nowMs = this.#clock.nowMs();
    if (held === undefined || nowMs >= held.untilMs) return null;
    held.untilMs = nowMs + attachAgainMs;
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
    for (const [ticket, { untilMs }] of this.#held) if (nowMs >= untilMs) this.#held.delete(ticket);
    for (const ticket of this.#held.keys()) {
      if (this.#held.size < mostTickets) return;
      this.#held.delete(ticket);
    }
  }
}
