// The sessions of one edge: opens and resumes them, attaches connections to them, assigns places, forgets lost sessions after a time. It
// applies events to the session machines and passes their effects on. Its owner provides the places and runs the engine.

import type { Clock } from '../basics/clock.ts';
import { type ErrorCode, OutriderError } from '../basics/errors.ts';
import { invariant } from '../basics/invariant.ts';
import { validateSampling } from '../decoding/sampling.ts';
import { anyone, type EdgeKey } from './edge-key.ts';
import type { createEdgeSession, stepEdge } from './edge-session.ts';
import type { EdgeEffect, EdgeEvent, EdgeRules, EdgeState, SessionCreated } from './edge-state.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from './messages.ts';

export interface RegistryEntry {
  /** Unique in the process, from 1. */
  readonly number: number;
  readonly id: string;
  /** It owns the session: with another key the same id names another session. */
  readonly key: EdgeKey;
  /** Compute share z, relative to the others. */
  readonly share: number;
  state: EdgeState;
  /** True from `open` to the end of the text. */
  hasPlace: boolean;
  cancelForget: (() => void) | null;
}

export interface RegistrySettings {
  readonly machines: { readonly stepEdge: typeof stepEdge; readonly createEdgeSession: typeof createEdgeSession };
  readonly rules: EdgeRules;
  /** Time for which a session without a connection is kept, finished or not. */
  readonly keepLostMs: number;
  readonly shareOf: (open: OpenMessage, key: EdgeKey) => number;
}

/** What the registry needs from its owner. */
export interface RegistryOwner<Entry extends RegistryEntry> {
  send(link: number, message: EdgeMessage): void;
  close(link: number, code: ErrorCode | 'done', detail: string): void;
  /** Further conditions for an `open`. @throws OutriderError */
  admit?(open: OpenMessage): void;
  /** Adds the owner's fields to a new entry. */
  enter(entry: RegistryEntry): Entry;
  /** @returns false: no place is free. Then the registry may free the place of a lost session. */
  takePlace(entry: Entry, open: OpenMessage): boolean;
  leavePlace(entry: Entry): void;
  /** Number of places, for the text of a refusal. */
  readonly placeCount: number;
  /** An event was applied; its effects are not performed yet. */
  stepped(
    entry: Entry,
    event: EdgeEvent | SessionCreated,
    effects: readonly EdgeEffect[],
    before: EdgeState | null,
  ): void;
  /** The effects are performed. */
  settled?(entry: Entry): void;
  forgotten?(entry: Entry): void;
  /** All entries were removed at once, without calls of `leavePlace`. */
  cleared?(): void;
}

export class EdgeRegistry<Entry extends RegistryEntry> {
  readonly #settings: RegistrySettings;
  readonly #clock: Clock;
  readonly #owner: RegistryOwner<Entry>;
  readonly #entries = new Map<string, Entry>();
  readonly #byLink = new Map<number, Entry>();
  /** Links whose send queues are full, attached or not. */
  readonly #blocked = new Set<number>();
  #count = 0;

  constructor(settings: RegistrySettings, clock: Clock, owner: RegistryOwner<Entry>) {
    this.#settings = settings;
    this.#clock = clock;
    this.#owner = owner;
  }

  get entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  get count(): number {
    return this.#entries.size;
  }

  find(id: string, key: EdgeKey = anyone): Entry | undefined {
    return this.#entries.get(nameOf(id, key));
  }

  /** @throws OutriderError when the device must be refused; the caller sends the refusal and closes the connection */
  receive(link: number, message: DeviceMessage, key: EdgeKey | null = anyone): void {
    if (message.kind === 'open') this.#checkOpening(message);
    const owned = this.#byLink.get(link);
    if (message.kind !== 'open' && message.kind !== 'resume') {
      if (owned !== undefined) this.step(owned, { kind: 'message-received', link, message });
      return;
    }
    // Otherwise the first session would never learn that the connection was closed.
    if (owned?.state.link?.id === link) {
      throw new OutriderError('protocol-error', 'a second attach', 'use a connection for one session only');
    }
    invariant(key !== null, 'an attach without a key');
    const entry = this.find(message.session, key);
    if (entry !== undefined) {
      this.#byLink.set(link, entry);
      if (message.kind === 'open') this.#givePlace(entry, message);
      this.step(entry, { kind: 'message-received', link, message, ...this.#blockOf(link) });
    } else if (message.kind === 'open') this.#create(link, message, key);
    else this.#owner.send(link, { kind: 'gone' });
  }

  /** Whether this connection is attached to a session. */
  isAttached(link: number): boolean {
    return this.#byLink.get(link)?.state.link?.id === link;
  }

  linkClosed(link: number): void {
    this.#blocked.delete(link);
    const entry = this.#byLink.get(link);
    this.#byLink.delete(link);
    if (entry !== undefined) this.step(entry, { kind: 'link-closed', link });
  }

  linkWritable(link: number, writable: boolean): void {
    if (writable) this.#blocked.delete(link);
    else this.#blocked.add(link);
    const entry = this.#byLink.get(link);
    if (entry !== undefined) this.step(entry, { kind: 'link-writable', link, writable });
  }

  /** Applies an event and performs its effects. */
  step(entry: Entry, event: EdgeEvent): void {
    const before = entry.state;
    const { state, effects } = this.#settings.machines.stepEdge(before, event);
    entry.state = state;
    this.#settle(entry, event, effects, before);
  }

  /** Forgets a session whose machine cannot go on; its connection is closed. */
  discard(entry: Entry, detail: string): void {
    const { link } = entry.state;
    this.#forget(entry);
    if (link !== null) this.#owner.close(link.id, 'internal', detail);
  }

  /** Removes all sessions; nothing is sent. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      entry.cancelForget?.();
      entry.hasPlace = false;
    }
    this.#entries.clear();
    this.#byLink.clear();
    this.#blocked.clear();
    this.#owner.cleared?.();
  }

  #blockOf(link: number): { readonly isBlocked?: true } {
    return this.#blocked.has(link) ? { isBlocked: true } : {};
  }

  #create(link: number, open: OpenMessage, key: EdgeKey): void {
    const number = ++this.#count;
    const event = { kind: 'session-created', link, open, ...this.#blockOf(link) } as const;
    const { machines, rules, shareOf } = this.#settings;
    const { state, effects } = machines.createEdgeSession(rules, number, event);
    const shared = { number, id: open.session, key, share: shareOf(open, key), state };
    const entry = this.#owner.enter({ ...shared, hasPlace: false, cancelForget: null });
    this.#givePlace(entry, open);
    this.#entries.set(nameOf(open.session, key), entry);
    this.#byLink.set(link, entry);
    this.#settle(entry, event, effects, null);
  }

  #checkOpening(open: OpenMessage): void {
    this.#owner.admit?.(open);
    const { contextLength, vocabularySize } = this.#settings.rules;
    const length = open.prompt.length + open.answer.length;
    if (open.prompt.length >= contextLength) {
      const cause = `the prompt has ${open.prompt.length} tokens, the edge's context holds ${contextLength}`;
      throw new OutriderError('context-full', cause, 'shorten the prompt, or start the edge with a larger --context');
    }
    if (open.prompt.some((id) => id >= vocabularySize) || open.answer.some((id) => id >= vocabularySize)) {
      throw new OutriderError('protocol-error', 'an id beyond the vocabulary', 'use the tokenizer of the edge');
    }
    if (length > contextLength) {
      const remedy = 'start the edge with a larger --context';
      throw new OutriderError('context-full', `the text has ${length} tokens`, remedy);
    }
    validateSampling(open.sampling, vocabularySize);
  }

  /** @throws OutriderError `edge-full` when connected sessions hold all places */
  #givePlace(entry: Entry, open: OpenMessage): void {
    if (entry.hasPlace) return;
    const isTaken = this.#owner.takePlace(entry, open) || (this.#dropLost() && this.#owner.takePlace(entry, open));
    if (!isTaken) {
      const cause = `all ${this.#owner.placeCount} places of this edge are taken`;
      throw new OutriderError('edge-full', cause, 'try again later, or start the edge with more --sessions');
    }
    entry.hasPlace = true;
  }

  /** Forgets the oldest session that has a place but neither a connection nor a running step. */
  #dropLost(): boolean {
    for (const entry of this.#entries.values()) {
      if (entry.state.link === null && entry.hasPlace && entry.state.ticket === null) {
        this.#forget(entry);
        return true;
      }
    }
    return false;
  }

  #settle(...[entry, event, effects, before]: Parameters<RegistryOwner<Entry>['stepped']>): void {
    this.#owner.stepped(entry, event, effects, before);
    for (const effect of effects) {
      if (effect.kind === 'send') this.#owner.send(effect.link, effect.message);
      else this.#owner.close(effect.link, effect.code, effect.detail);
    }
    if (entry.state.end !== null) this.#leavePlace(entry);
    if (entry.state.released) this.#forget(entry);
    else if (entry.state.link !== null) {
      entry.cancelForget?.();
      entry.cancelForget = null;
    } else entry.cancelForget ??= this.#clock.after(this.#settings.keepLostMs, () => this.#forget(entry));
    this.#owner.settled?.(entry);
  }

  #leavePlace(entry: Entry): void {
    if (!entry.hasPlace) return;
    entry.hasPlace = false;
    this.#owner.leavePlace(entry);
  }

  #forget(entry: Entry): void {
    entry.cancelForget?.();
    this.#leavePlace(entry);
    this.#owner.forgotten?.(entry);
    const name = nameOf(entry.id, entry.key);
    if (this.#entries.get(name) === entry) this.#entries.delete(name);
    for (const [link, owner] of this.#byLink) if (owner === entry) this.#byLink.delete(link);
  }
}

/** Ids of sessions have a fixed length. */
function nameOf(id: string, key: EdgeKey): string {
  return `${id}${key.id}`;
}
