// An edge in virtual time: connections, sessions and one engine, put together as src/edge does it on the machine's clock. It can
// crash, which loses all of them, and come back empty.

import { isOutriderError } from '../basics/errors.ts';
import type { Random } from '../basics/philox.ts';
import { chainOf, wantedDrafts } from '../protocol/edge-chain.ts';
import { mayDraftOn } from '../protocol/edge-session.ts';
import type { EdgeEffect, EdgeEvent } from '../protocol/edge-state.ts';
import { toldStepMs } from '../protocol/edge-timing.ts';
import { defaultLiveness, type Liveness, watchLiveness } from '../protocol/liveness.ts';
import { type DeviceMessage, type EdgeMessage, type OpenMessage, protocolVersion } from '../protocol/messages.ts';
import { modeOf } from '../protocol/mode.ts';
import { createRateLimit, type RateLimit, type RateLimitSettings, take } from '../protocol/rate-limit.ts';
import type { Frame, Wire, WireEnd } from '../protocol/wire.ts';
import { type EngineAccount, type EngineSettings, VirtualEngine } from './engine.ts';
import type { EventQueue } from './event-queue.ts';
import type { VirtualLink } from './link.ts';
import type { Machines } from './machines.ts';
import type { VirtualEdgeDrafter, VirtualTarget } from './model.ts';
import { VirtualProcess } from './process.ts';
import { createVirtualSessions, type VirtualSession, type VirtualSessions } from './sessions.ts';

export interface VirtualEdgeSettings {
  readonly name: string;
  readonly target: VirtualTarget;
  readonly engine: EngineSettings;
  readonly capacity: number;
  readonly keepLostMs: number;
  readonly shareOf: (open: OpenMessage) => number;
  readonly rate: RateLimitSettings;
  /** 64 hex digits. */
  readonly tokenizerHash: string;
  /** What the edge itself drafts where a mode asks for it. */
  readonly edgeDraft: EdgeDraftSettings;
  readonly random: Random;
  readonly machines: Machines;
  readonly wire: Wire;
}

export interface EdgeDraftSettings {
  readonly edgeDrafter: VirtualEdgeDrafter;
  readonly tokenCount: number;
  /** For one token. */
  readonly tokenMs: number;
}

/** Who looks on. */
export interface EdgeObserver {
  /** `event` is null for the session's opening. */
  edgeStepped?(
    edge: VirtualEdge,
    session: VirtualSession,
    event: EdgeEvent | null,
    effects: readonly EdgeEffect[],
  ): void;
  edgeReceives?(edge: VirtualEdge, link: VirtualLink, message: DeviceMessage): void;
  /** `isWritable`: as far as the edge has been told. */
  edgeSends?(edge: VirtualEdge, link: VirtualLink, message: EdgeMessage, isWritable: boolean): void;
  /** The edge hangs up; `code` is 'done' where nothing is wrong. */
  edgeCloses?(edge: VirtualEdge, link: VirtualLink, code: string, detail: string): void;
}

interface EdgeLinkShell {
  readonly link: VirtualLink;
  readonly wire: WireEnd<EdgeMessage, DeviceMessage>;
  readonly liveness: Liveness;
  rate: RateLimit;
  isWritable: boolean;
  cancelIdle: () => void;
}

export class VirtualEdge {
  readonly settings: VirtualEdgeSettings;
  readonly process: VirtualProcess;
  readonly sessions: VirtualSessions;
  readonly #engine: VirtualEngine;
  readonly #observer: EdgeObserver;
  readonly #links = new Map<number, EdgeLinkShell>();
  #lastLink = 0;

  constructor(queue: EventQueue, observer: EdgeObserver, settings: VirtualEdgeSettings) {
    this.settings = settings;
    this.#observer = observer;
    this.process = new VirtualProcess(queue);
    const { machines, target, capacity, keepLostMs, shareOf, engine, random } = settings;
    const edge = {
      vocabularySize: target.vocabularySize,
      contextLength: target.contextLength,
      endingOf: (open: OpenMessage) => target.ending(open),
    };
    this.sessions = createVirtualSessions({ machines, rules: edge, keepLostMs, shareOf }, capacity, this.process, {
      send: (link, message) => this.#send(link, message),
      close: (link, code, detail) => this.#close(link, code, detail),
      stepped: (session, event, effects) => this.#stepped(session, event, effects),
    });
    this.#engine = new VirtualEngine(this.process, engine, target, random, this.sessions);
  }

  get account(): EngineAccount {
    return this.#engine.account;
  }

  get linkCount(): number {
    return this.#links.size;
  }

  /** The connection that the edge knows by this number. */
  link(id: number): VirtualLink | undefined {
    return this.#links.get(id)?.link;
  }

  /** A device has connected. */
  accept(link: VirtualLink): void {
    const id = ++this.#lastLink;
    const liveness = watchLiveness(this.process, defaultLiveness, {
      ping: () => this.#send(id, { kind: 'ping', stamp: Math.floor(this.process.nowMs()) }),
      lost: () => this.#close(id, 'silent', 'nothing was heard for too long'),
    });
    const rate = createRateLimit(this.settings.rate, this.process.nowMs());
    const cancelIdle = this.#closeIdleLater(id);
    const wire = this.settings.wire.edge();
    this.#links.set(id, { link, wire, liveness, rate, isWritable: true, cancelIdle });
    const end = this.process.listen({
      frame: (frame) => this.#frame(id, frame),
      writable: (writable) => this.#writable(id, writable),
      closed: () => this.#closed(id),
    });
    link.join('edge', end);
    this.#greet(id);
  }

  /** Sessions, connections and the step in flight are lost; devices are told by their network, or not at all. */
  crash(): readonly VirtualLink[] {
    this.process.crash();
    const lost = [...this.#links.values()].map(({ link }) => link);
    for (const link of lost) link.desert('edge');
    this.#links.clear();
    this.sessions.clear();
    this.#engine.reset();
    return lost;
  }

  restart(): void {
    this.process.restart();
  }

  #greet(id: number): void {
    const { name, target, tokenizerHash, edgeDraft } = this.settings;
    const { stepTime } = this.settings.engine;
    this.#send(id, {
      kind: 'hello',
      version: protocolVersion,
      model: 'toy',
      fingerprint: name,
      tokenizerHash,
      vocabularySize: target.vocabularySize,
      contextLength: target.contextLength,
      timing: { stepMs: toldStepMs(stepTime), edgeDraftMs: edgeDraft.tokenMs },
    });
  }

  /** Who never opens, or has said goodbye and stays, may not hold a connection for ever. */
  #closeIdleLater(id: number): () => void {
    return this.process.after(defaultLiveness.lostAfterMs, () => {
      const shell = this.#links.get(id);
      if (shell === undefined) return;
      if (this.sessions.isAttached(id)) shell.cancelIdle = this.#closeIdleLater(id);
      else this.#close(id, 'silent', 'it speaks for no session');
    });
  }

  #stepped(session: VirtualSession, event: EdgeEvent | null, effects: readonly EdgeEffect[]): void {
    this.#observer.edgeStepped?.(this, session, event, effects);
    if (modeOf(session.state.open.mode).edgeDrafts) this.#draftOn(session);
    this.#engine.wake();
  }

  /** The edge's own draft model reads on from what there is, one token at a time, until a step has enough. */
  #draftOn(session: VirtualSession): void {
    const { text } = session.state;
    if (session.wanted.length !== text.length) session.wanted = { length: text.length, drafts: this.#wanted(session) };
    if (session.isDrafting || !mayDraftOn(session.state, session.wanted.drafts)) return;
    session.isDrafting = true;
    const { tokens } = chainOf(session.state);
    this.process.post(this.settings.edgeDraft.tokenMs, () => {
      session.isDrafting = false;
      // Another text may be there by now.
      const isCurrent = session.state.text.length === text.length;
      const next = isCurrent ? this.settings.edgeDraft.edgeDrafter.next(session.state, tokens) : null;
      const made = next === null ? { tokens, isComplete: true } : { tokens: [...tokens, next], isComplete: false };
      this.sessions.step(session, { kind: 'edge-drafted', drafts: { length: text.length, ...made } });
    });
  }

  #wanted({ state }: VirtualSession): number {
    const { edgeDraft, engine } = this.settings;
    const { stepTime, limits } = engine;
    const [draftLength, draftMs, maxDrafts] = [edgeDraft.tokenCount, edgeDraft.tokenMs, limits.usefulRows - 1];
    return wantedDrafts(state, { draftLength, draftMs, stepTime, maxDrafts });
  }

  #frame(id: number, frame: Frame): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    shell.liveness.heard();
    const taken = take(shell.rate, this.process.nowMs(), frame.length);
    shell.rate = taken.state;
    if (!taken.allowed) {
      this.#close(id, 'rate-limited', 'more frames or bytes than a draft needs');
      return;
    }
    try {
      this.#receive(id, shell, shell.wire.unpack(frame));
    } catch (error) {
      // What is not a refusal is a bug, and the bug is what the trial looks for.
      if (!isOutriderError(error)) throw error;
      const { code, message: cause, remedy } = error;
      this.#send(id, { kind: 'refused', code, cause, remedy });
      this.#close(id, code, cause);
    }
  }

  #receive(id: number, shell: EdgeLinkShell, message: DeviceMessage): void {
    this.#observer.edgeReceives?.(this, shell.link, message);
    if (message.kind !== 'ping') this.sessions.receive(id, message);
    else if (shell.isWritable) this.#send(id, { kind: 'pong', stamp: message.stamp });
  }

  #send(id: number, message: EdgeMessage): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    this.#observer.edgeSends?.(this, shell.link, message, shell.isWritable);
    shell.link.send('down', shell.wire.pack(message));
    shell.liveness.said();
  }

  #writable(id: number, writable: boolean): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    shell.isWritable = writable;
    this.sessions.linkWritable(id, writable);
  }

  #close(id: number, code: string, detail: string): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    this.#observer.edgeCloses?.(this, shell.link, code, detail);
    shell.link.close('edge');
    this.#closed(id);
  }

  #closed(id: number): void {
    const shell = this.#links.get(id);
    if (shell === undefined) return;
    shell.liveness.stop();
    shell.cancelIdle();
    this.#links.delete(id);
    this.sessions.linkClosed(id);
  }
}
