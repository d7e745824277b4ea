// The sessions of one edge: who may open one, which connection speaks for which, how long a lost one is kept. It drives the pure
// session machine and performs its effects; what the engine runs next is engine-loop.ts's business.

import type { Clock } from '../basics/clock.ts';
import { isOutriderError, OutriderError } from '../basics/errors.ts';
import { createEnding } from '../decoding/ending.ts';
import { validateSampling } from '../decoding/sampling.ts';
import type { LanguageModel } from '../models/model.ts';
import { createEdgeSession, lacksGuess, stepEdge } from '../protocol/edge-session.ts';
import type { EdgeEffect, EdgeEvent, EdgeRules, EdgeState, EdgeStep, SessionCreated } from '../protocol/edge-state.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from '../protocol/messages.ts';
import { pacingOf } from '../protocol/pacing.ts';
import { type GuessSettings, OwnGuesses } from './own-guesses.ts';
import { SequenceSlots, type Slot } from './sequence-slots.ts';

export interface SessionPolicy {
  /** How long a session without a connection is kept, finished or not. */
  readonly keepLostMs: number;
  /** Compute share z of a session, relative to the others. */
  readonly shareOf: (open: OpenMessage) => number;
  /** Whether these credentials may open a session. */
  readonly admits: (credentials: string) => boolean;
  /** What the edge guesses itself. */
  readonly guesses: GuessSettings;
  /** Told of a fault of the edge's own draft. */
  readonly onFault: (error: unknown) => void;
  /** Told of every event of every session's machine, before its effects are performed: for logs. */
  readonly onStep?: ((step: SessionStep) => void) | undefined;
}

/** What has happened to a session. */
export interface SessionStep extends EdgeStep {
  /** Number of the session in this process, from 1. */
  readonly session: number;
  /** The first of a session is its creation by an opening. */
  readonly event: EdgeEvent | SessionCreated;
  readonly atMs: number;
}

export interface SessionEntry {
  readonly number: number;
  readonly id: string;
  readonly share: number;
  readonly guesses: OwnGuesses;
  state: EdgeState;
  /** Held from the opening to the end of the text. */
  slot: Slot | null;
  cancelForget: (() => void) | null;
}

/** What a session does to connections. */
export interface LinkPort {
  send(link: number, message: EdgeMessage): void;
  close(link: number, code: OutriderError['code'] | 'done', detail: string): void;
}

export class EdgeSessions {
  readonly #model: LanguageModel;
  readonly #clock: Clock;
  readonly #policy: SessionPolicy;
  readonly #links: LinkPort;
  readonly #rules: EdgeRules;
  readonly #slots: SequenceSlots;
  readonly #entries = new Map<string, SessionEntry>();
  readonly #byLink = new Map<number, SessionEntry>();
  readonly #wake: () => void;
  #incarnations = 0;

  constructor(model: LanguageModel, clock: Clock, policy: SessionPolicy, links: LinkPort, wake: () => void) {
    this.#model = model;
    this.#clock = clock;
    this.#policy = policy;
    this.#links = links;
    this.#wake = wake;
    this.#slots = new SequenceSlots(model);
    const { tokenizer } = model;
    this.#rules = {
      vocabularySize: tokenizer.vocabularySize,
      contextLength: model.limits.contextLength,
      endingOf: ({ stopStrings, maxAnswerTokens }) =>
        createEnding({ endIds: tokenizer.endIds, stopStrings, maxAnswerTokens }, tokenizer.bytes),
    };
  }

  get entries(): Iterable<SessionEntry> {
    return this.#entries.values();
  }

  get count(): number {
    return this.#entries.size;
  }

  /** @throws OutriderError when an opening must be refused; the caller tells the device and closes. */
  receive(link: number, message: DeviceMessage): void {
    if (message.kind === 'open') this.#checkOpening(message);
    const owned = this.#byLink.get(link);
    if (message.kind !== 'open' && message.kind !== 'resume') {
      if (owned !== undefined) this.step(owned, { kind: 'message-received', link, message });
      return;
    }
    // The session that it left behind would never hear of the connection's end.
    if (owned?.state.link?.id === link) {
      throw new OutriderError('protocol-error', 'a second attach', 'use a connection for one session only');
    }
    const entry = this.#entries.get(message.session);
    if (entry !== undefined) {
      this.#byLink.set(link, entry);
      if (message.kind === 'open') this.#giveSlot(entry, message);
      this.step(entry, { kind: 'message-received', link, message });
    } else if (message.kind === 'open') this.#create(link, message);
    else this.#links.send(link, { kind: 'gone' });
  }

  isAttached(link: number): boolean {
    return this.#byLink.get(link)?.state.link?.id === link;
  }

  linkClosed(link: number): void {
    const entry = this.#byLink.get(link);
    this.#byLink.delete(link);
    if (entry !== undefined) this.step(entry, { kind: 'link-closed', link });
  }

  linkWritable(link: number, writable: boolean): void {
    const entry = this.#byLink.get(link);
    if (entry !== undefined) this.step(entry, { kind: 'link-writable', link, writable });
  }

  /** Applies an event and performs its effects. */
  step(entry: SessionEntry, event: EdgeEvent): void {
    const { state, effects } = stepEdge(entry.state, event);
    entry.state = state;
    this.#policy.onStep?.({ session: entry.number, event, state, effects, atMs: this.#clock.nowMs() });
    this.#perform(effects);
    this.#settle(entry);
    this.#wake();
  }

  /** Once no step is in flight. */
  async close(): Promise<void> {
    for (const entry of this.#entries.values()) entry.cancelForget?.();
    this.#entries.clear();
    this.#byLink.clear();
    await this.#slots.close();
  }

  #create(link: number, open: OpenMessage): void {
    const { state, effects } = createEdgeSession(this.#rules, ++this.#incarnations, link, open);
    const share = this.#policy.shareOf(open);
    const entry: SessionEntry = {
      number: this.#incarnations,
      id: open.session,
      share,
      guesses: new OwnGuesses(this.#policy.guesses),
      state,
      slot: null,
      cancelForget: null,
    };
    this.#giveSlot(entry, open);
    this.#entries.set(open.session, entry);
    this.#byLink.set(link, entry);
    const event = { kind: 'session-created', link, open } as const;
    this.#policy.onStep?.({ session: entry.number, event, state, effects, atMs: this.#clock.nowMs() });
    this.#perform(effects);
    this.#settle(entry);
    this.#wake();
  }

  #checkOpening(open: OpenMessage): void {
    const { tokenizer, limits, identity } = this.#model;
    if (!this.#policy.admits(open.credentials)) {
      throw new OutriderError('unauthorized', 'the edge does not know this key', 'pass a valid key with --key');
    }
    if (open.tokenizerHash !== tokenizer.hash) {
      const cause = `this edge runs ${identity.name}, whose tokenizer is another one`;
      throw new OutriderError('tokenizer-mismatch', cause, 'use a draft made for that model (outrider models list)');
    }
    const length = open.prompt.length + open.answer.length;
    if (open.prompt.length >= limits.contextLength) {
      const cause = `the prompt has ${open.prompt.length} tokens, the edge's context holds ${limits.contextLength}`;
      throw new OutriderError('context-full', cause, 'shorten the prompt, or start the edge with a larger --context');
    }
    if ([...open.prompt, ...open.answer].some((id) => id >= tokenizer.vocabularySize)) {
      throw new OutriderError('protocol-error', 'an id beyond the vocabulary', 'use the tokenizer of the edge');
    }
    if (length > limits.contextLength) {
      throw new OutriderError(
        'context-full',
        `the text has ${length} tokens`,
        'start the edge with a larger --context',
      );
    }
    if (pacingOf(open.pacing).edgeDrafts && this.#policy.guesses.draft === undefined) {
      throw new OutriderError(
        'bad-argument',
        'this edge has no draft of its own',
        'start it with --draft, or take another mode',
      );
    }
    validateSampling(open.sampling, tokenizer.vocabularySize);
  }

  /** @throws OutriderError `edge-full` when every row is held by a session that is still connected. */
  #giveSlot(entry: SessionEntry, open: OpenMessage): void {
    if (entry.slot !== null) return;
    const owner = `${open.credentials}\n${open.conversation}`;
    entry.slot = this.#slots.take(entry.number, owner) ?? null;
    if (entry.slot === null && this.#dropLost()) entry.slot = this.#slots.take(entry.number, owner) ?? null;
    if (entry.slot !== null) return;
    const cause = `all ${this.#model.limits.maxSequences} places of this edge are taken`;
    throw new OutriderError('edge-full', cause, 'try again later, or start the edge with more --sessions');
  }

  /** Gives up the oldest session that is without a connection. */
  #dropLost(): boolean {
    for (const entry of this.#entries.values()) {
      if (entry.state.link === null && entry.slot !== null && entry.state.ticket === null) {
        this.#forget(entry);
        return true;
      }
    }
    return false;
  }

  #perform(effects: readonly EdgeEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#links.send(effect.link, effect.message);
      else this.#links.close(effect.link, effect.code, effect.detail);
    }
  }

  /** The edge's own drafts: a window is made whenever there is nothing to verify and nothing is guessed yet. */
  async #draft(entry: SessionEntry): Promise<void> {
    try {
      const guess = await entry.guesses.draft(entry.state);
      if (guess !== undefined && this.#entries.get(entry.id) === entry) this.step(entry, { kind: 'guess-made', guess });
    } catch (error) {
      this.#policy.onFault(error);
      this.step(entry, { kind: 'step-failed', cause: "the edge's own draft failed" });
    }
  }

  #settle(entry: SessionEntry): void {
    if (pacingOf(entry.state.open.pacing).edgeDrafts && lacksGuess(entry.state)) void this.#draft(entry);
    if (entry.state.end !== null && entry.slot !== null) {
      this.#slots.leave(entry.slot);
      entry.slot = null;
    }
    if (entry.state.released) this.#forget(entry);
    else if (entry.state.link !== null) {
      entry.cancelForget?.();
      entry.cancelForget = null;
    } else entry.cancelForget ??= this.#clock.after(this.#policy.keepLostMs, () => this.#forget(entry));
  }

  #forget(entry: SessionEntry): void {
    entry.cancelForget?.();
    if (entry.slot !== null) this.#slots.leave(entry.slot);
    entry.slot = null;
    void entry.guesses.close();
    if (this.#entries.get(entry.id) === entry) this.#entries.delete(entry.id);
    for (const [link, owner] of this.#byLink) if (owner === entry) this.#byLink.delete(link);
  }
}

/** The refusal that a device is told of. */
export function refusalOf(error: unknown): OutriderError {
  if (isOutriderError(error)) return error;
  const cause = 'the edge has a fault';
  return new OutriderError('internal', cause, 'try again; the operator finds the cause in the log', { cause: error });
}
