// The sessions of an edge in virtual time: who may open one, which connection speaks for which, how long a lost one is kept. The
// rules are those of src/edge/edge-sessions.ts, without an engine's rows behind them.

import type { Clock } from '../basics/clock.ts';
import { OutriderError } from '../basics/errors.ts';
import type { EdgeEffect, EdgeEvent, EdgeRules, EdgeState } from '../protocol/edge-state.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from '../protocol/messages.ts';
import type { TokenText } from '../protocol/token-text.ts';
import type { Machines } from './machines.ts';

export interface VirtualSession {
  /** Unique in the process, across restarts too. */
  readonly number: number;
  readonly id: string;
  readonly share: number;
  state: EdgeState;
  /** Tokens of the text that the engine has evaluated. */
  evaluatedTokens: number;
  /** From the opening to the end of the text. */
  hasPlace: boolean;
  /** The length that the edge's own guess is being made for; -1: none is. */
  guessingAt: number;
  cancelForget: (() => void) | null;
}

export interface SessionRules {
  readonly machines: Machines;
  readonly edge: EdgeRules;
  /** Sessions that may be written at the same time. */
  readonly capacity: number;
  readonly keepLostMs: number;
  readonly shareOf: (open: OpenMessage) => number;
}

/** What sessions do to connections, and whom they tell. */
export interface SessionPort {
  send(link: number, message: EdgeMessage): void;
  close(link: number, code: OutriderError['code'] | 'done', detail: string): void;
  stepped(session: VirtualSession, event: EdgeEvent | null, effects: readonly EdgeEffect[]): void;
}

export class VirtualSessions {
  readonly #rules: SessionRules;
  readonly #clock: Clock;
  readonly #port: SessionPort;
  readonly #sessions = new Map<string, VirtualSession>();
  readonly #byLink = new Map<number, VirtualSession>();
  #count = 0;

  constructor(rules: SessionRules, clock: Clock, port: SessionPort) {
    this.#rules = rules;
    this.#clock = clock;
    this.#port = port;
  }

  get all(): Iterable<VirtualSession> {
    return this.#sessions.values();
  }

  get count(): number {
    return this.#sessions.size;
  }

  find(id: string): VirtualSession | undefined {
    return this.#sessions.get(id);
  }

  /** @throws OutriderError when the device must be refused */
  receive(link: number, message: DeviceMessage): void {
    if (message.kind === 'open') this.#checkOpening(message);
    const owned = this.#byLink.get(link);
    if (message.kind !== 'open' && message.kind !== 'resume') {
      if (owned !== undefined) this.step(owned, { kind: 'message-received', link, message });
      return;
    }
    if (owned?.state.link?.id === link) {
      throw new OutriderError('protocol-error', 'a second attach', 'use a connection for one session only');
    }
    const session = this.#sessions.get(message.session);
    if (session !== undefined) {
      this.#byLink.set(link, session);
      if (message.kind === 'open') this.#givePlace(session);
      this.step(session, { kind: 'message-received', link, message });
    } else if (message.kind === 'open') this.#create(link, message);
    else this.#port.send(link, { kind: 'gone' });
  }

  /** Whether this connection speaks for a session. */
  isAttached(link: number): boolean {
    return this.#byLink.get(link)?.state.link?.id === link;
  }

  linkClosed(link: number): void {
    const session = this.#byLink.get(link);
    this.#byLink.delete(link);
    if (session !== undefined) this.step(session, { kind: 'link-closed', link });
  }

  linkWritable(link: number, writable: boolean): void {
    const session = this.#byLink.get(link);
    if (session !== undefined) this.step(session, { kind: 'link-writable', link, writable });
  }

  step(session: VirtualSession, event: EdgeEvent): void {
    const before = session.state;
    const { state, effects } = this.#rules.machines.stepEdge(before, event);
    session.state = state;
    if (state.generation !== before.generation) {
      session.evaluatedTokens = Math.min(session.evaluatedTokens, commonLength(before.text, state.text));
    }
    this.#port.stepped(session, event, effects);
    this.#perform(effects);
    this.#settle(session);
  }

  /** The process is gone, and everything with it. */
  clear(): void {
    this.#sessions.clear();
    this.#byLink.clear();
  }

  #create(link: number, open: OpenMessage): void {
    const number = ++this.#count;
    const { state, effects } = this.#rules.machines.createEdgeSession(this.#rules.edge, number, link, open);
    const session: VirtualSession = {
      number,
      id: open.session,
      share: this.#rules.shareOf(open),
      state,
      evaluatedTokens: 0,
      hasPlace: false,
      guessingAt: -1,
      cancelForget: null,
    };
    this.#givePlace(session);
    this.#sessions.set(open.session, session);
    this.#byLink.set(link, session);
    this.#port.stepped(session, null, effects);
    this.#perform(effects);
    this.#settle(session);
  }

  #checkOpening(open: OpenMessage): void {
    const { contextLength, vocabularySize } = this.#rules.edge;
    const length = open.prompt.length + open.answer.length;
    if (open.prompt.length >= contextLength || length > contextLength) {
      throw new OutriderError('context-full', `the text has ${length} tokens`, 'shorten the prompt');
    }
    if (open.prompt.some((id) => id >= vocabularySize) || open.answer.some((id) => id >= vocabularySize)) {
      throw new OutriderError('protocol-error', 'an id beyond the vocabulary', 'use the tokenizer of the edge');
    }
  }

  /** @throws OutriderError `edge-full` when every place is held by a session that is still connected */
  #givePlace(session: VirtualSession): void {
    if (session.hasPlace) return;
    if (this.#takenPlaces() >= this.#rules.capacity && !this.#dropLost()) {
      const cause = `all ${this.#rules.capacity} places of this edge are taken`;
      throw new OutriderError('edge-full', cause, 'try again later');
    }
    session.hasPlace = true;
  }

  #takenPlaces(): number {
    let count = 0;
    for (const { hasPlace } of this.#sessions.values()) if (hasPlace) count += 1;
    return count;
  }

  /** Gives up the session that was opened first among those without a connection. */
  #dropLost(): boolean {
    for (const session of this.#sessions.values()) {
      if (session.state.link === null && session.hasPlace && session.state.ticket === null) {
        this.#forget(session);
        return true;
      }
    }
    return false;
  }

  #perform(effects: readonly EdgeEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#port.send(effect.link, effect.message);
      else this.#port.close(effect.link, effect.code, effect.detail);
    }
  }

  #settle(session: VirtualSession): void {
    if (session.state.end !== null) session.hasPlace = false;
    if (session.state.released) this.#forget(session);
    else if (session.state.link !== null) {
      session.cancelForget?.();
      session.cancelForget = null;
    } else session.cancelForget ??= this.#clock.after(this.#rules.keepLostMs, () => this.#forget(session));
  }

  #forget(session: VirtualSession): void {
    session.cancelForget?.();
    session.hasPlace = false;
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
    for (const [link, owner] of this.#byLink) if (owner === session) this.#byLink.delete(link);
  }
}

function commonLength(left: TokenText, right: TokenText): number {
  const until = Math.min(left.length, right.length);
  let length = 0;
  while (length < until && left.at(length) === right.at(length)) length += 1;
  return length;
}
