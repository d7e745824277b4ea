// Applies the rules of edge-places.ts to the sessions of an edge: gives places to those that wait, takes them from those that have to give
// them up, refuses those that wait too long, and notifies the rest how many are before them.

import type { Clock } from '../../basics/clock.ts';
import { asOutriderError, type ErrorCode } from '../../basics/errors.ts';
import { retryRemedy } from '../../basics/retry-time.ts';
import type { EdgeMessage, OpenMessage } from '../wire/messages.ts';
import type { EdgeKey } from './edge-key.ts';
import {
  keptTooMany,
  nextWaiting,
  type PlaceHolder,
  type PlaceLoss,
  type PlaceRules,
  placeToFree,
  waitingTooMany,
} from './edge-places.ts';
import { waitsForDevice } from './edge-session.ts';
import type { EdgeState } from './edge-state.ts';
import { estimateWaitMs, type FreedPlaces, noteFreed } from './place-estimate.ts';

export interface PlaceEntry extends PlaceHolder {
  /** Unique in the process, from 1. */
  readonly number: number;
  /** It owns the session: with another key the same id names another session. */
  key: EdgeKey;
  state: EdgeState;
  /** Without one, no step is run for it. */
  hasPlace: boolean;
  waitingSinceMs: number | null;
  lostSinceMs: number | null;
  stalledSinceMs: number | null;
  /** The last `queued` that was sent on its connection; null: none. */
  sentAhead: number | null;
}

/** How the place of a session changes. */
export type PlaceChange = 'given' | 'waiting' | PlaceLoss;

export interface PlaceOwner<Entry> {
  send(link: number, message: EdgeMessage): void;
  close(link: number, code: ErrorCode | 'done', detail: string): void;
  /** @returns false: no place is free */
  takePlace(entry: Entry, open: OpenMessage): boolean;
  leavePlace(entry: Entry): void;
  /** Number of places, for the text of a refusal. */
  readonly placeCount: number;
  /** A session begins to wait, gets a place, or has to give it up before its end. @param waitedMs how long it has waited */
  placeChanged?(entry: Entry, change: PlaceChange, waitedMs: number): void;
  /** The effects of an event are performed. */
  settled?(entry: Entry): void;
}

/** The rules of edge-places.ts as values, so that a test of the trials can replace them with faulty ones. */
export interface Placing {
  readonly nextWaiting: typeof nextWaiting;
  readonly placeToFree: typeof placeToFree;
  readonly waitingTooMany: typeof waitingTooMany;
  readonly keptTooMany: typeof keptTooMany;
}

export const protocolPlacing: Placing = { nextWaiting, placeToFree, waitingTooMany, keptTooMany };

interface PlaceActions<Entry> {
  entries(): Iterable<Entry>;
  refuse(entry: Entry, reason: { readonly code: ErrorCode; readonly cause: string; readonly remedy: string }): void;
  /** Forgets sessions without a place that do not wait, where they are too many or too long. */
  trim(): void;
}

/** How often waiting sessions are checked while there are any, apart from when a place becomes free, ms. */
const serveEveryMs = 250;

/** To be called after each event of a session. */
export function noteTimes(entry: PlaceEntry, nowMs: number): void {
  const { state } = entry;
  entry.lostSinceMs = state.link === null ? (entry.lostSinceMs ?? nowMs) : null;
  entry.stalledSinceMs = entry.hasPlace && waitsForDevice(state) ? (entry.stalledSinceMs ?? nowMs) : null;
}

export class PlaceQueue<Entry extends PlaceEntry> {
  readonly #rules: PlaceRules;
  readonly #placing: Placing;
  readonly #clock: Clock;
  readonly #owner: PlaceOwner<Entry>;
  readonly #actions: PlaceActions<Entry>;
  #waiting = 0;
  #isServing = false;
  #cancelTick: (() => void) | null = null;
  #freed: FreedPlaces = [];

  constructor(
    { rules, placing }: { readonly rules: PlaceRules; readonly placing: Placing },
    clock: Clock,
    owner: PlaceOwner<Entry>,
    actions: PlaceActions<Entry>,
  ) {
    this.#rules = rules;
    this.#placing = placing;
    this.#clock = clock;
    this.#owner = owner;
    this.#actions = actions;
  }

  get waitingCount(): number {
    return this.#waiting;
  }

  clear(): void {
    this.#cancelTick?.();
    this.#cancelTick = null;
    this.#waiting = 0;
  }

  leave(entry: Entry): void {
    if (!entry.hasPlace) return;
    this.#freed = noteFreed(this.#freed, this.#clock.nowMs());
    this.#take(entry);
    this.#serve();
  }

  /** A connected session needs a place. */
  wait(entry: Entry): void {
    entry.waitingSinceMs = this.#clock.nowMs();
    this.#waiting += 1;
    this.#serve();
    if (entry.waitingSinceMs !== null) this.#owner.placeChanged?.(entry, 'waiting', 0);
  }

  stopWaiting(entry: Entry): void {
    if (entry.waitingSinceMs === null) return;
    entry.waitingSinceMs = null;
    this.#waiting -= 1;
  }

  /** Gives places to waiting sessions, refuses those that wait too long or are too many, and notifies the rest. */
  #serve(): void {
    if (this.#isServing || this.#waiting === 0) return;
    this.#isServing = true;
    try {
      this.#givePlaces();
      // What others have left behind must not shut out those that wait.
      this.#actions.trim();
      this.#refuseWaiting();
      this.announce();
    } finally {
      this.#isServing = false;
    }
    if (this.#waiting > 0) this.#cancelTick ??= this.#clock.after(serveEveryMs, () => this.#tick());
  }

  #tick(): void {
    this.#cancelTick = null;
    this.#serve();
  }

  #take(entry: Entry): void {
    entry.hasPlace = false;
    entry.stalledSinceMs = null;
    this.#owner.leavePlace(entry);
  }

  #givePlaces(): void {
    // Keys that can claim nothing now. One with a larger share may still have a claim.
    const modest = new Set<string>();
    for (;;) {
      const next = this.#placing.nextWaiting(this.#actions.entries(), modest);
      if (next === undefined) return;
      if (!this.#tryPlace(next) && !this.#freePlaceFor(next)) modest.add(next.key.id);
    }
  }

  /** @returns whether the session waits no more; with an engine that fails it is refused */
  #tryPlace(entry: Entry): boolean {
    try {
      if (!this.#owner.takePlace(entry, entry.state.open)) return false;
    } catch (error) {
      const { code, message: cause, remedy } = asOutriderError(error);
      this.#actions.refuse(entry, { code, cause, remedy });
      return true;
    }
    const waitedMs = this.#clock.nowMs() - (entry.waitingSinceMs ?? this.#clock.nowMs());
    this.stopWaiting(entry);
    entry.hasPlace = true;
    noteTimes(entry, this.#clock.nowMs());
    this.#owner.placeChanged?.(entry, 'given', waitedMs);
    this.#owner.settled?.(entry);
    return true;
  }

  /** @returns whether a session has given up its place */
  #freePlaceFor(next: Entry): boolean {
    const freed = this.#placing.placeToFree(this.#actions.entries(), next, this.#clock.nowMs(), this.#rules);
    if (freed === undefined) return false;
    const { entry, why } = freed;
    this.#take(entry);
    this.#owner.placeChanged?.(entry, why, 0);
    if (why === 'shared') {
      entry.waitingSinceMs = this.#clock.nowMs();
      this.#waiting += 1;
    } else if (entry.state.link !== null) {
      this.#owner.close(
        entry.state.link.id,
        'silent',
        'the edge has waited too long for its drafts or acknowledgements',
      );
    } else this.#actions.trim();
    return true;
  }

  #refuseWaiting(): void {
    const nowMs = this.#clock.nowMs();
    const refuse = (entry: Entry, cause: string): void => {
      // The others that wait: this one would come after them.
      const estimateMs = estimateWaitMs(this.#freed, Math.max(0, this.#waiting - 1), this.#clock.nowMs());
      const remedy = retryRemedy(estimateMs, ', or start the edge with more --sessions (`sequences` in code)');
      this.#actions.refuse(entry, { code: 'edge-full', cause, remedy });
    };
    const { waitMs, maxWaiting } = this.#rules;
    const taken = `all ${this.#owner.placeCount} places of this edge are taken`;
    for (const entry of [...this.#actions.entries()]) {
      if (entry.waitingSinceMs === null || nowMs - entry.waitingSinceMs < waitMs) continue;
      refuse(entry, `${taken}, and none became free within ${waitMs / 1000} s`);
    }
    for (;;) {
      const entry = this.#placing.waitingTooMany(this.#actions.entries(), this.#rules);
      if (entry === undefined) return;
      refuse(entry, `${taken}, and ${maxWaiting === 0 ? 'none may wait' : 'too many wait for one'}`);
    }
  }

  /** Notifies each waiting session how many are before it, if the number has changed. */
  announce(): void {
    const waiting = [...this.#actions.entries()].filter(({ waitingSinceMs }) => waitingSinceMs !== null);
    waiting.sort((one, other) => (one.waitingSinceMs ?? 0) - (other.waitingSinceMs ?? 0) || one.number - other.number);
    for (const [ahead, entry] of waiting.entries()) {
      const { link } = entry.state;
      if (link === null || !link.writable || entry.sentAhead === ahead) continue;
      entry.sentAhead = ahead;
      this.#owner.send(link.id, { kind: 'queued', ahead });
    }
  }
}
