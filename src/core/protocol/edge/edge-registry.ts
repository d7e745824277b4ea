// The sessions of one edge: opens and resumes them, attaches connections to them, lets them wait for places, forgets them after a time.
// It applies events to the session machines and passes their effects on. Its owner provides the places and runs the engine.

import type { Clock } from '../../basics/clock.ts';
import { type ErrorCode, OutriderError } from '../../basics/errors.ts';
import { invariant } from '../../basics/invariant.ts';
import { validateSampling } from '../../decoding/sampling.ts';
import type { DeviceMessage, OpenMessage } from '../wire/messages.ts';
import { anyone, type EdgeKey } from './edge-key.ts';
import {
  noteTimes,
  type PlaceEntry,
  type PlaceOwner,
  PlaceQueue,
  type Placing,
  protocolPlacing,
} from './edge-place-queue.ts';
import { defaultPlaceRules, type PlaceRules } from './edge-places.ts';
import type { createEdgeSession, stepEdge } from './edge-session.ts';
import type { EdgeEffect, EdgeEvent, EdgeRules, EdgeState, SessionCreated } from './edge-state.ts';

export interface RegistryEntry extends PlaceEntry {
  readonly id: string;
  /** Compute share z, relative to the others of its key; above 0. The next step is planned by it. */
  share: number;
  /** Share y of the edge's downlink, relative to all other connections; above 0. */
  downlinkShare: number;
  cancelForget: (() => void) | null;
  /** The registry has not forgotten it. */
  isKept: boolean;
}

export interface RegistrySettings {
  readonly machines: {
    readonly stepEdge: typeof stepEdge;
    readonly createEdgeSession: typeof createEdgeSession;
    /** Default: {@link protocolPlacing}. */
    readonly placing?: Placing;
  };
  readonly rules: EdgeRules;
  /** Time for which a session without a connection, or a finished one, is kept. */
  readonly keepLostMs: number;
  /** Default: {@link defaultPlaceRules}. */
  readonly places?: PlaceRules;
  readonly shareOf: (open: OpenMessage, key: EdgeKey) => number;
}

export interface RegistryOwner<Entry extends RegistryEntry> extends PlaceOwner<Entry> {
  /** Further conditions for an `open`. @returns the opening as it is served @throws OutriderError */
  admit?(open: OpenMessage): OpenMessage;
  /** Whether this key may have such a text evaluated now. @throws OutriderError */
  demand?(open: OpenMessage, key: EdgeKey): void;
  /** Whether a new session can have the target that it asks for. @throws OutriderError `target-refused` */
  promise?(open: OpenMessage, key: EdgeKey): void;
  /** Adds the owner's fields to a new entry. */
  enter(entry: RegistryEntry): Entry;
  /** An event was applied; its effects are not performed yet. */
  stepped(
    entry: Entry,
    event: EdgeEvent | SessionCreated,
    effects: readonly EdgeEffect[],
    before: EdgeState | null,
  ): void;
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
  readonly #rules: PlaceRules;
  readonly #placing: Placing;
  readonly #places: PlaceQueue<Entry>;
  #count = 0;

  constructor(settings: RegistrySettings, clock: Clock, owner: RegistryOwner<Entry>) {
    this.#settings = settings;
    this.#clock = clock;
    this.#owner = owner;
    this.#rules = settings.places ?? defaultPlaceRules;
    this.#placing = settings.machines.placing ?? protocolPlacing;
    this.#places = new PlaceQueue({ rules: this.#rules, placing: this.#placing }, clock, owner, {
      entries: () => this.#entries.values(),
      refuse: (entry, reason) => this.step(entry, { kind: 'refused', ...reason }),
      trim: () => this.#trim(),
    });
  }

  get entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  get count(): number {
    return this.#entries.size;
  }

  get waitingCount(): number {
    return this.#places.waitingCount;
  }

  find(id: string, key: Pick<EdgeKey, 'id'> = anyone): Entry | undefined {
    return this.#entries.get(nameOf(id, key));
  }

  /** @throws OutriderError when the device must be refused; the caller sends the refusal and closes the connection */
  receive(link: number, received: DeviceMessage, key: EdgeKey | null = anyone): void {
    const message = received.kind === 'open' ? this.#checkOpening(received) : received;
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
    if (message.kind === 'open') this.#owner.demand?.(message, key);
    const entry = this.find(message.session, key);
    if (entry !== undefined) {
      this.#byLink.set(link, entry);
      // The same key, perhaps by a newer secret.
      entry.key = key;
      entry.sentAhead = null;
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

  /** Forgets a session whose machine cannot continue; its connection is closed. */
  discard(entry: Entry, detail: string): void {
    this.#forget(entry, 'internal', detail);
  }

  /**
   * The keys have changed.
   * @param find a key's present data, by its id and as it was shown at the last attach; null: it is valid no more, and its sessions end
   * @returns the keys of sessions that have ended, one for each session
   */
  renewKeys(find: (id: string, shown: EdgeKey) => EdgeKey | null): EdgeKey[] {
    const ended: EdgeKey[] = [];
    for (const entry of [...this.#entries.values()]) {
      const key = find(entry.key.id, entry.key);
      if (key !== null) entry.key = key;
      else {
        ended.push(entry.key);
        const cause = 'the key of this session is no longer valid';
        this.step(entry, { kind: 'refused', code: 'unauthorized', cause, remedy: 'ask the operator for another key' });
      }
    }
    return ended;
  }

  /** Removes all sessions; nothing is sent. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      entry.cancelForget?.();
      entry.isKept = false;
      entry.hasPlace = false;
      entry.waitingSinceMs = null;
    }
    this.#places.clear();
    this.#entries.clear();
    this.#byLink.clear();
    this.#blocked.clear();
    this.#owner.cleared?.();
  }

  #blockOf(link: number): { readonly isBlocked?: true } {
    return this.#blocked.has(link) ? { isBlocked: true } : {};
  }

  #create(link: number, open: OpenMessage, key: EdgeKey): void {
    this.#owner.promise?.(open, key);
    const number = ++this.#count;
    const event = { kind: 'session-created', link, open, ...this.#blockOf(link) } as const;
    const { machines, rules, shareOf } = this.#settings;
    const { state, effects } = machines.createEdgeSession(rules, number, event);
    const shared = { number, id: open.session, key, share: shareOf(open, key), downlinkShare: 1, state };
    const times = { waitingSinceMs: null, lostSinceMs: null, stalledSinceMs: null };
    const kept = { hasPlace: false, sentAhead: null, cancelForget: null, isKept: true };
    const entry = this.#owner.enter({ ...shared, ...times, ...kept });
    this.#entries.set(nameOf(open.session, key), entry);
    this.#byLink.set(link, entry);
    this.#settle(entry, event, effects, null);
  }

  #checkOpening(open: OpenMessage): OpenMessage {
    const admitted = this.#owner.admit?.(open) ?? open;
    const { contextLength, vocabularySize } = this.#settings.rules;
    checkTextLengths(open.prompt.length, open.answer.length, contextLength);
    if (open.prompt.some((id) => id >= vocabularySize) || open.answer.some((id) => id >= vocabularySize)) {
      throw new OutriderError('protocol-error', 'an id beyond the vocabulary', 'use the tokenizer of the edge');
    }
    validateSampling(open.sampling, vocabularySize);
    if (open.maxAnswerTokens === 0 && (open.promptLogprobs === undefined || open.answer.length > 0)) {
      throw new OutriderError('protocol-error', 'an opening that asks for nothing', 'ask for an answer');
    }
    return admitted;
  }

  #settle(
    entry: Entry,
    event: EdgeEvent | SessionCreated,
    effects: readonly EdgeEffect[],
    before: EdgeState | null,
  ): void {
    this.#owner.stepped(entry, event, effects, before);
    for (const effect of effects) {
      if (effect.kind === 'send') this.#owner.send(effect.link, effect.message);
      else this.#owner.close(effect.link, effect.code, effect.detail);
    }
    noteTimes(entry, this.#clock.nowMs());
    if (entry.state.released) this.#forget(entry);
    else if (entry.isKept) this.#keep(entry);
    this.#owner.settled?.(entry);
  }

  #keep(entry: Entry): void {
    const { state } = entry;
    if (state.end !== null) {
      this.#places.stopWaiting(entry);
      this.#places.leave(entry);
    }
    if (state.link !== null && state.end === null) {
      entry.cancelForget?.();
      entry.cancelForget = null;
    } else entry.cancelForget ??= this.#clock.after(this.#settings.keepLostMs, () => this.#forget(entry));
    if (entry.hasPlace) return;
    if (state.end !== null || state.link === null) this.#trim();
    else if (entry.waitingSinceMs === null) this.#places.wait(entry);
    else if (entry.sentAhead === null) this.#places.announce();
  }

  #trim(): void {
    for (;;) {
      const entry = this.#placing.keptTooMany(this.#entries.values(), this.#rules);
      if (entry === undefined) return;
      this.#forget(entry);
    }
  }

  /** @param detail sent to its connection, which is closed */
  #forget(entry: Entry, code: ErrorCode | 'done' = 'done', detail: string = 'the session is forgotten'): void {
    if (!entry.isKept) return;
    entry.isKept = false;
    entry.cancelForget?.();
    this.#entries.delete(nameOf(entry.id, entry.key));
    this.#places.stopWaiting(entry);
    this.#places.leave(entry);
    this.#owner.forgotten?.(entry);
    for (const [link, owner] of this.#byLink) if (owner === entry) this.#byLink.delete(link);
    const { link } = entry.state;
    if (link !== null) this.#owner.close(link.id, code, detail);
  }
}

/** @throws OutriderError `context-full` for a text that does not fit */
export function checkTextLengths(promptLength: number, answerLength: number, contextLength: number): void {
  if (promptLength < contextLength && promptLength + answerLength <= contextLength) return;
  const what =
    promptLength < contextLength
      ? `the text has ${promptLength + answerLength} tokens`
      : `the prompt has ${promptLength} tokens`;
  throw contextFull(what, contextLength);
}

/** @param what has too many tokens, and how many */
export function contextFull(what: string, contextLength: number): OutriderError {
  return new OutriderError(
    'context-full',
    `${what}, the edge's context holds ${contextLength}`,
    'shorten the prompt, or start the edge with a larger --context (`contextLength` in code)',
  );
}

/** Ids of sessions have a fixed length. */
function nameOf(id: string, key: Pick<EdgeKey, 'id'>): string {
  return `${id}${key.id}`;
}
