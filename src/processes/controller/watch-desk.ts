// The watchers of a controller: who may watch, and a snapshot for each of them every second. Nothing is kept for a watcher but what it has
// asked for; one that reads slowly gets fewer snapshots, and nothing waits for it.

import { refusalOf } from '../../allocation/controller/answers.ts';
import { encodeControl } from '../../allocation/controller/message-codec.ts';
import type { Fleet, LinkRow } from '../../allocation/controller/watch/fleet-rows.ts';
import {
  type Ask,
  mostWatchBytes,
  snapshotOf,
  type WatchMessage,
} from '../../allocation/controller/watch/fleet-view.ts';
import { decodeWatcher } from '../../allocation/controller/watch/watch-messages.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { OutriderError } from '../../core/basics/errors.ts';
import type { Connection } from '../../network/transport/transport.ts';

export interface DeskSettings {
  readonly clock: Clock;
  /** The id of the key that these credentials are; null: it may not watch. */
  readonly keyOf: (credentials: string) => string | null;
  readonly fleet: () => Fleet;
  readonly linksOf: (device: string) => readonly (readonly [string, LinkRow])[];
  /** The streets, as a watcher gets them first. Default: none. */
  readonly streets?: Uint8Array | undefined;
  readonly onRefused: (code: string, cause: string) => void;
}

export const mostWatchers = 16;
const snapshotEveryMs = 1000;
/** Snapshots take at most this part of the time. */
const restTimes = 10;
/** A watcher that has taken none of so many is gone. */
const mostMissed = 60;
/** Questions from one snapshot to the next; a page sends four a second. */
const mostAsks = 64;

const textEncoder = new TextEncoder();

interface Watcher {
  readonly connection: Connection;
  readonly key: string;
  ask: Ask;
  missed: number;
  asks: number;
}

export class WatchDesk {
  readonly #settings: DeskSettings;
  readonly #watchers = new Map<number, Watcher>();
  #cancel: (() => void) | null = null;

  constructor(settings: DeskSettings) {
    this.#settings = settings;
  }

  has(link: number): boolean {
    return this.#watchers.has(link);
  }

  /** @returns whether the connection is, or was to become, a watcher's: else the bytes are for somebody else */
  takes(link: number, connection: Connection, bytes: Uint8Array): boolean {
    const watcher = this.#watchers.get(link);
    try {
      const message = decodeWatcher(bytes);
      if (watcher === undefined && message?.kind !== 'watch') return false;
      if (watcher === undefined && message?.kind === 'watch') this.#open(link, connection, message);
      else if (watcher !== undefined) this.#asks(watcher, message?.kind === 'ask' ? message : null);
    } catch (error) {
      this.#refuse(link, connection, error);
    }
    return true;
  }

  closed(link: number): void {
    this.#watchers.delete(link);
    if (this.#watchers.size > 0) return;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Ends those whose key is valid no more. */
  renewKeys(isValid: (key: string) => boolean): void {
    const error = new OutriderError('unauthorized', 'its key is valid no more', 'ask the operator for another key');
    for (const [link, { connection, key }] of [...this.#watchers])
      if (!isValid(key)) this.#refuse(link, connection, error);
  }

  close(): void {
    for (const link of [...this.#watchers.keys()]) this.closed(link);
  }

  #open(link: number, connection: Connection, { credentials, ...ask }: WatchMessage): void {
    const key = this.#settings.keyOf(credentials);
    if (key === null) {
      const remedy = 'give a key with the scope watch, or the key of the edges';
      throw new OutriderError('unauthorized', 'this key may not watch the fleet', remedy);
    }
    if (this.#watchers.size >= mostWatchers && !this.#makeRoom(key)) {
      const cause = `the controller has ${mostWatchers} watchers`;
      throw new OutriderError('edge-full', cause, 'close another fleet page, or try again later');
    }
    this.#watchers.set(link, { connection, key, ask, missed: 0, asks: 0 });
    if (this.#settings.streets !== undefined) connection.send(this.#settings.streets);
    if (this.#cancel === null) this.#schedule(snapshotEveryMs);
  }

  #asks(watcher: Watcher, ask: Ask | null): void {
    watcher.asks += 1;
    if (ask === null || watcher.asks > mostAsks)
      throw new OutriderError('protocol-error', 'more than a watcher may say', 'load the page again');
    watcher.ask = ask;
  }

  /** The oldest watcher of the key that has the most goes, if that is another key with at least two more. */
  #makeRoom(key: string): boolean {
    const byKey = [...Map.groupBy(this.#watchers, ([, one]) => one.key)];
    const [most, theirs] = byKey.reduce((one, other) => (other[1].length > one[1].length ? other : one));
    const own = byKey.find(([one]) => one === key)?.[1].length ?? 0;
    const [oldest] = theirs;
    if (most === key || theirs.length < own + 2 || oldest === undefined) return false;
    const error = new OutriderError('edge-full', 'others watch as well', 'close a fleet page of this key');
    this.#refuse(oldest[0], oldest[1].connection, error);
    return true;
  }

  #schedule(afterMs: number): void {
    this.#cancel = this.#settings.clock.after(afterMs, () => {
      const startMs = this.#settings.clock.nowMs();
      const fleet = this.#settings.fleet();
      this.#sendInTurn(fleet, [...this.#watchers.keys()], this.#settings.clock.nowMs() - startMs);
    });
  }

  /** One snapshot at a time: between two of them the process does what else has come. @param spentMs for those of this second */
  #sendInTurn(fleet: Fleet, [link, ...others]: readonly number[], spentMs: number): void {
    const { clock } = this.#settings;
    const watcher = link === undefined ? undefined : this.#watchers.get(link);
    const startMs = clock.nowMs();
    if (watcher !== undefined) this.#send(watcher, fleet);
    const doneMs = spentMs + clock.nowMs() - startMs;
    if (this.#watchers.size === 0) return;
    if (others.length > 0) this.#cancel = clock.after(0, () => this.#sendInTurn(fleet, others, doneMs));
    else this.#schedule(Math.max(snapshotEveryMs, restTimes * doneMs));
  }

  #send(watcher: Watcher, fleet: Fleet): void {
    const { connection, ask } = watcher;
    watcher.asks = 0;
    if (!connection.writable) {
      watcher.missed += 1;
      if (watcher.missed > mostMissed) connection.close('silent', 'it takes no snapshots');
      return;
    }
    watcher.missed = 0;
    const bytes = textEncoder.encode(JSON.stringify(snapshotOf(fleet, ask, this.#settings.linksOf)));
    // No fleet makes one: snapshotOf is bounded.
    if (bytes.length > mostWatchBytes) connection.close('internal', 'a snapshot is too large');
    else connection.send(bytes);
  }

  #refuse(link: number, connection: Connection, error: unknown): void {
    const refusal = refusalOf(error);
    this.#settings.onRefused(refusal.code, refusal.cause);
    connection.send(encodeControl({ kind: 'refused', ...refusal }));
    connection.close('done', 'the controller has said why');
    this.closed(link);
  }
}
