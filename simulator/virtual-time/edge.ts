// An edge in virtual time: core/protocol/edge/edge-core.ts with an engine and links of the simulation. It can crash, which loses all sessions and
// connections, and restart without them.

import type { OutriderError } from '../../src/core/basics/errors.ts';
import { invariant } from '../../src/core/basics/invariant.ts';
import type { Random } from '../../src/core/basics/philox.ts';
import { extraOf } from '../../src/core/decoding/pass-times.ts';
import type { ConnectionLimits } from '../../src/core/protocol/edge/connection-limits.ts';
import { draftsBeyond, lookedUpDrafts } from '../../src/core/protocol/edge/edge-chain.ts';
import {
  EdgeCore,
  type EdgeDraftFigures,
  type EdgeHost,
  type EdgeSettings,
} from '../../src/core/protocol/edge/edge-core.ts';
import type { EdgeDraftOrder } from '../../src/core/protocol/edge/edge-hedges.ts';
import { anyone, type EdgeKey } from '../../src/core/protocol/edge/edge-key.ts';
import type { PlaceChange } from '../../src/core/protocol/edge/edge-place-queue.ts';
import { mostHeldTokens } from '../../src/core/protocol/edge/edge-scores.ts';
import type { EdgeEffect, EdgeEvent } from '../../src/core/protocol/edge/edge-state.ts';
import type { StepPart } from '../../src/core/protocol/edge/engine-steps.ts';
import type { RowsUsed } from '../../src/core/protocol/edge/row-outbox.ts';
import { workOrdered } from '../../src/core/protocol/wire/draft-order.ts';
import { defaultLiveness, type LivenessSettings } from '../../src/core/protocol/wire/liveness.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from '../../src/core/protocol/wire/messages.ts';
import { linearStepTime } from '../../src/core/scheduling/step-time.ts';
import { pricesOf, type WidthCost } from './device.ts';
import { type EngineAccount, type EngineSettings, type RunPass, VirtualEngine } from './engine.ts';
import type { EventQueue } from './event-queue.ts';
import { LinkCarrier, type VirtualLink } from './link.ts';
import type { Machines } from './machines.ts';
import type { VirtualEdgeDrafter, VirtualTarget } from './model.ts';
import { VirtualProcess } from './process.ts';
import { forgetReplaced, type VirtualSession, type VirtualSessions } from './sessions.ts';

export interface VirtualEdgeSettings
  extends Pick<EdgeSettings, 'keepLostMs' | 'places' | 'shareOf' | 'rate' | 'wire' | 'targetMsPerToken'> {
  readonly name: string;
  /** Fingerprint of the target. Default: the name, as if each edge had hardware of its own. */
  readonly fingerprint?: string;
  readonly target: VirtualTarget;
  readonly engine: EngineSettings;
  readonly capacity: number;
  /** Default: every device is {@link anyone}. */
  readonly keyOf?: (credentials: string) => EdgeKey | null;
  /** For {@link VirtualEdge.renewKeys}; default: no key changes. */
  readonly renewed?: (id: string, shown: EdgeKey) => EdgeKey | null;
  /** Default: none. */
  readonly connectionLimits?: ConnectionLimits;
  /** Default: {@link defaultLiveness}. */
  readonly liveness?: LivenessSettings;
  /** 64 hex digits. */
  readonly tokenizerHash: string;
  /** Edge drafts, in modes in which the edge drafts. Default: the edge has no draft model. */
  readonly edgeDraft?: VirtualEdgeDraftSettings | undefined;
  readonly random: Random;
  readonly machines: Machines;
}

export interface VirtualEdgeDraftSettings {
  readonly edgeDrafter: VirtualEdgeDrafter;
  /** gamma, in mode edge-sd. */
  readonly tokenCount: number;
  readonly tokenMs: number;
  /** What a draft adds to a step that runs meanwhile, by the edge's own estimate; Infinity: the drafter rests during steps. Default: 0. */
  readonly besideMs?: number;
  /** As in `EdgeDraftFigures`; default 0. */
  readonly hedges?: number;
  /** What an alternative adds to a pass, as a share of `tokenMs`; default as on a device. */
  readonly widthCost?: WidthCost;
  /**
   * The draft model shares the engine's accelerator: it drafts for all sessions of a step in passes before it. A pass takes fixedMs, and
   * perRowMs for each session and each token that the draft model has not read yet. Default: one session at a time, beside the engine.
   */
  readonly pass?: {
    readonly fixedMs: number;
    readonly perRowMs: number;
    /** A draft head: what it needs of the text comes from the target's steps at no cost, so it reads drafts of devices only. */
    readonly isHead?: boolean;
  };
}

export interface EdgeObserver {
  /** @param event null: the session was created */
  edgeStepped?(
    edge: VirtualEdge,
    session: VirtualSession,
    event: EdgeEvent | null,
    effects: readonly EdgeEffect[],
  ): void;
  edgeReceives?(edge: VirtualEdge, link: VirtualLink, message: DeviceMessage): void;
  /** @param isWritable as last reported to the edge */
  edgeSends?(edge: VirtualEdge, link: VirtualLink, message: EdgeMessage, isWritable: boolean): void;
  /** The place of a session changes. @param waitedMs how long it has waited */
  placeChanged?(edge: VirtualEdge, session: VirtualSession, change: PlaceChange, waitedMs: number): void;
  /** A step begins. */
  edgeBegins?(edge: VirtualEdge, parts: readonly StepPart<VirtualSession>[]): void;
  /** A step ends for a session. @param generation of its text when the step began */
  edgeEnds?(edge: VirtualEdge, part: StepPart<VirtualSession>, generation: number): void;
  /** The edge closes a connection; `code` is 'done' without an error. */
  edgeCloses?(edge: VirtualEdge, link: VirtualLink, code: string, detail: string): void;
}

export class VirtualEdge {
  readonly settings: VirtualEdgeSettings;
  readonly process: VirtualProcess;
  readonly #observer: EdgeObserver;
  readonly #core: EdgeCore<VirtualSession, LinkCarrier<EdgeMessage>>;
  readonly engine: VirtualEngine;
  #takenPlaces = 0;
  /** When the draft model has made all drafts that it was asked for: one after the other, for all sessions. */
  #drafterFreeAtMs = 0;
  #closedFor: OutriderError | undefined;

  constructor(queue: EventQueue, observer: EdgeObserver, settings: VirtualEdgeSettings) {
    this.settings = settings;
    this.#observer = observer;
    this.process = new VirtualProcess(queue);
    const { target, engine, edgeDraft, capacity, random } = settings;
    const { vocabularySize, contextLength } = target;
    const own = {
      target: {
        model: 'toy',
        fingerprint: settings.fingerprint ?? settings.name,
        tokenizerHash: settings.tokenizerHash,
      },
      rules: { vocabularySize, contextLength, endingOf: (open: OpenMessage) => target.ending(open) },
      keyOf: settings.keyOf ?? (() => anyone),
      closedFor: () => this.#closedFor,
      placeCount: capacity,
      endIds: target.endIds,
      limits: engine.limits,
      stepTime: () => engine.stepTime,
      edgeDraft: edgeDraft === undefined ? null : figuresOf(edgeDraft),
      liveness: settings.liveness ?? defaultLiveness,
    };
    this.#core = new EdgeCore({ ...settings, ...own }, this.process, this.#host(), {
      received: ({ link }, message) => observer.edgeReceives?.(this, link, message),
      sending: ({ link }, message, isWritable) => observer.edgeSends?.(this, link, message, isWritable),
      closing: ({ link }, code, detail) => observer.edgeCloses?.(this, link, code, detail),
      // An error that is not a refusal is a bug; a trial must see it.
      fault(error) {
        throw error;
      },
    });
    const runPass: RunPass = (pass, ended) => this.#runPass(pass, ended);
    this.engine = new VirtualEngine(this.process, engine, target, random, this.#core, runPass, {
      begins: (parts) => observer.edgeBegins?.(this, parts),
      ends: (part, generation) => observer.edgeEnds?.(this, part, generation),
    });
  }

  get sessions(): VirtualSessions {
    return this.#core.sessions;
  }

  get account(): EngineAccount {
    return this.engine.account;
  }

  /** Rows that count for the quotas of keys, since the last call. */
  takeUsedRows(): readonly RowsUsed[] {
    const { unsent } = this.#core.quotas;
    const parcel = unsent.parcel(Number.POSITIVE_INFINITY, () => '');
    unsent.confirmed('');
    return parcel?.rowsUsed ?? [];
  }

  get linkCount(): number {
    return this.#core.connections.count;
  }

  link(id: number): VirtualLink | undefined {
    return this.#core.connections.carrier(id)?.link;
  }

  /** Makes the edge send any message, also one that its rules forbid. No effect if the connection is closed. */
  say(link: VirtualLink, message: EdgeMessage): void {
    const id = this.#core.connections.find((carrier) => carrier.link === link);
    if (id !== undefined) this.#core.connections.send(id, message);
  }

  /** Takes a new connection of a device. @param address of the device, if the edge limits its connections */
  accept(link: VirtualLink, address?: string): void {
    const carrier = new LinkCarrier<EdgeMessage>('edge', undefined, address);
    carrier.link = link;
    link.join('edge', this.process.listen(carrier.end));
    carrier.handler = this.#core.accept(carrier);
  }

  /** Sessions, connections and the running step are lost. The caller decides when the devices notice. @returns the lost links */
  crash(): readonly VirtualLink[] {
    this.process.crash();
    this.engine.reset();
    this.#drafterFreeAtMs = 0;
    const lost = this.#core.abandon().map(({ link }) => link);
    for (const link of lost) link.desert('edge');
    return lost;
  }

  /** Why no session may be opened from now on; undefined: they may. */
  closeFor(reason: OutriderError | undefined): void {
    this.#closedFor = reason;
  }

  /** Sends every device the notice that this edge is going down. */
  leave(): void {
    this.#core.connections.leave(true);
  }

  /** The keys have changed. @param renewed default: as of the settings */
  renewKeys(renewed: VirtualEdgeSettings['renewed'] = this.settings.renewed): void {
    this.#core.sessions.renewKeys(renewed ?? ((_id, shown) => shown));
  }

  get isServing(): boolean {
    return this.#closedFor === undefined;
  }

  /** Sessions that wait for a place, connections without a session, and taken places; all 0 at rest. */
  get pending(): readonly number[] {
    return [this.#core.sessions.waitingCount, this.#core.connections.unattachedCount, this.#takenPlaces];
  }

  isAttached(link: VirtualLink): boolean {
    const id = this.#core.connections.find((carrier) => carrier.link === link);
    return id !== undefined && this.#core.sessions.isAttached(id);
  }

  restart(): void {
    this.#closedFor = undefined;
    this.process.restart();
  }

  #host(): EdgeHost<VirtualSession> {
    const { engine, capacity } = this.settings;
    return {
      enter: (entry) => ({ ...entry, evaluatedTokens: 0, placeCount: 0, drafted: { length: 0, end: 0 } }),
      takePlace: (session) => {
        if (this.#takenPlaces >= capacity) return false;
        this.#takenPlaces += 1;
        // Without a place its sequence may have been given to others.
        session.evaluatedTokens = 0;
        session.placeCount += 1;
        return true;
      },
      leavePlace: () => {
        this.#takenPlaces -= 1;
      },
      cleared: () => {
        this.#takenPlaces = 0;
      },
      placeChanged: (session, change, waitedMs) => this.#observer.placeChanged?.(this, session, change, waitedMs),
      stepped: (session, event, effects, before) => {
        forgetReplaced(session, before);
        this.#observer.edgeStepped?.(this, session, event.kind === 'session-created' ? null : event, effects);
      },
      heldTokens: ({ evaluatedTokens, state }) => Math.min(evaluatedTokens, mostHeldTokens(state)),
      lookUp: ({ state }) => {
        const { lookUp } = engine;
        return lookUp && lookedUpDrafts(state, lookUp.source.lookUp(state, lookUp.tokenCount));
      },
      unreadBefore: (session, position) => this.#unreadBefore(session, position),
      beginDraft: (session, order) => this.#draft(session, order),
      wake: () => this.engine.wake(),
    };
  }

  #draft(session: VirtualSession, order: EdgeDraftOrder): void {
    const { edgeDraft } = this.settings;
    invariant(edgeDraft !== undefined, 'an edge without a draft model is asked for a draft');
    const { edgeDrafter, tokenMs, widthCost } = edgeDraft;
    const { tokens, alternatives } = order;
    const { state } = session;
    const nowMs = this.process.nowMs();
    const durationMs = tokenMs * (1 + extraOf(pricesOf(widthCost), workOrdered(alternatives)));
    this.#drafterFreeAtMs = Math.max(nowMs, this.#drafterFreeAtMs) + durationMs;
    this.process.post(this.#drafterFreeAtMs - nowMs, () => {
      // The text may have changed during the draft; unless it continues as drafted, or as an alternative, the draft is not used.
      const isLost = alternatives.length === 0 && draftsBeyond(session.state.text, order.length, tokens) === null;
      this.#core.edgeDrafted(session, order, isLost ? null : edgeDrafter.next(state, tokens, alternatives));
    });
  }

  /**
   * After an earlier text, the draft model keeps of its drafts at most those that the text has; a step's own token it has not read. A head knows
   * the text.
   */
  #unreadBefore({ drafted, state }: VirtualSession, position: number): number {
    const { length } = state.text;
    const isHead = this.settings.edgeDraft?.pass?.isHead === true;
    const read = drafted.length === length ? drafted.end : Math.min(drafted.end, length - 1);
    return position - Math.min(position - 1, isHead ? Math.max(read, length - 1) : read);
  }

  /** As {@link RunPass}. The tokens that the draft model has not read are rows of the pass as well. */
  #runPass(pass: Parameters<RunPass>[0], ended: () => void): number {
    const { edgeDraft, engine } = this.settings;
    invariant(edgeDraft?.pass !== undefined, 'an edge without passes for all sessions is asked for one');
    const { edgeDrafter, pass: law } = edgeDraft;
    const rows = pass.reduce((sum, { entry, order: { length, tokens } }) => {
      const unread = this.#unreadBefore(entry, length + tokens.length);
      entry.drafted = { length, end: length + tokens.length };
      return sum + unread;
    }, 0);
    const jitter = 1 + engine.stepJitter * (2 * this.settings.random.uniform() - 1);
    const durationMs = (law.fixedMs + law.perRowMs * rows) * jitter;
    this.process.post(durationMs, () => {
      for (const { entry, order } of pass)
        this.#core.edgeDrafted(entry, order, edgeDrafter.next(entry.state, order.tokens));
      ended();
    });
    return durationMs;
  }
}

function figuresOf(settings: VirtualEdgeDraftSettings): EdgeDraftFigures {
  const { tokenCount, tokenMs, besideMs = 0, hedges = 0, widthCost, pass } = settings;
  const passTime = pass && linearStepTime(pass.fixedMs, pass.perRowMs);
  return { draftLength: tokenCount, draftMs: tokenMs, besideMs, hedges, prices: pricesOf(widthCost), passTime };
}
