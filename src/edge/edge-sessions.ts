// The sessions of one edge on the machine's clock: the registry of every edge, with rows of an engine behind its places and a draft
// model of its own where it has one. What the engine runs next is engine-loop.ts's business.

import type { Clock } from '../basics/clock.ts';
import { type ErrorCode, isOutriderError, OutriderError } from '../basics/errors.ts';
import { createEnding } from '../decoding/ending.ts';
import type { LanguageModel } from '../models/model.ts';
import { wantedDrafts } from '../protocol/edge-chain.ts';
import { EdgeRegistry, type RegistryEntry, type RegistryOwner } from '../protocol/edge-registry.ts';
import { createEdgeSession, mayDraftOn, stepEdge } from '../protocol/edge-session.ts';
import type { EdgeEvent, EdgeStep, SessionCreated } from '../protocol/edge-state.ts';
import type { DeviceMessage, EdgeMessage, OpenMessage } from '../protocol/messages.ts';
import { modeOf } from '../protocol/mode.ts';
import type { StepTimeModel } from '../scheduling/step-time.ts';
import { EdgeDraftSources } from './edge-draft-sources.ts';
import { EdgeDrafters, type EdgeDraftModel } from './edge-drafters.ts';
import { type KvSequence, KvSequences } from './kv-sequences.ts';

export interface SessionPolicy {
  /** How long a session without a connection is kept, finished or not. */
  readonly keepLostMs: number;
  /** Compute share z of a session, relative to the others. */
  readonly shareOf: (open: OpenMessage) => number;
  /** Whether these credentials may open a session. */
  readonly admits: (credentials: string) => boolean;
  /** Tokens looked up for a step without drafts, mode `stream`; 0: none. */
  readonly lookUpTokens: number;
  /** For modes edge-sd and mix; the model stays the caller's. */
  readonly draft: EdgeDraftModel | null;
  /** Rows that a step may hold, and what they cost: how far the edge's own drafts pay. */
  readonly maxRows: number;
  readonly stepTime: () => StepTimeModel;
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

export interface SessionEntry extends RegistryEntry {
  readonly draftSources: EdgeDraftSources;
  /** Drafts that a step should have in modes in which the edge drafts, at this length of the text. */
  wanted: { readonly length: number; readonly drafts: number };
  /** Held from the opening to the end of the text. */
  kv: KvSequence | null;
}

/** What a session does to connections. */
export interface LinkPort {
  send(link: number, message: EdgeMessage): void;
  close(link: number, code: ErrorCode | 'done', detail: string): void;
}

export class EdgeSessions {
  readonly #model: LanguageModel;
  readonly #clock: Clock;
  readonly #policy: SessionPolicy;
  readonly #links: LinkPort;
  readonly #kvSequences: KvSequences;
  readonly #drafters: EdgeDrafters | null;
  readonly #registry: EdgeRegistry<SessionEntry>;
  readonly #wake: () => void;

  constructor(model: LanguageModel, clock: Clock, policy: SessionPolicy, links: LinkPort, wake: () => void) {
    this.#model = model;
    this.#clock = clock;
    this.#policy = policy;
    this.#links = links;
    this.#wake = wake;
    this.#kvSequences = new KvSequences(model);
    this.#drafters = policy.draft === null ? null : new EdgeDrafters(policy.draft, clock);
    const { tokenizer } = model;
    const rules = {
      vocabularySize: tokenizer.vocabularySize,
      contextLength: model.limits.contextLength,
      endingOf: ({ stopStrings, maxAnswerTokens }: OpenMessage) =>
        createEnding({ endIds: tokenizer.endIds, stopStrings, maxAnswerTokens }, tokenizer.bytes),
    };
    const { keepLostMs, shareOf } = policy;
    const machines = { stepEdge, createEdgeSession };
    this.#registry = new EdgeRegistry({ machines, rules, keepLostMs, shareOf }, clock, this.#owner());
  }

  get entries(): Iterable<SessionEntry> {
    return this.#registry.entries;
  }

  get count(): number {
    return this.#registry.count;
  }

  /** One draft of the edge's own; null: it has none. */
  get edgeDraftMs(): number | null {
    return this.#drafters?.draftMs ?? null;
  }

  /** @throws OutriderError when an opening must be refused; the caller tells the device and closes. */
  receive(link: number, message: DeviceMessage): void {
    this.#registry.receive(link, message);
  }

  isAttached(link: number): boolean {
    return this.#registry.isAttached(link);
  }

  linkClosed(link: number): void {
    this.#registry.linkClosed(link);
  }

  linkWritable(link: number, writable: boolean): void {
    this.#registry.linkWritable(link, writable);
  }

  /** Applies an event and performs its effects. */
  step(entry: SessionEntry, event: EdgeEvent): void {
    this.#registry.step(entry, event);
  }

  /** Once no step is in flight. */
  async close(): Promise<void> {
    this.#registry.clear();
    await this.#kvSequences.close();
    await this.#drafters?.close();
  }

  #owner(): RegistryOwner<SessionEntry> {
    const { lookUpTokens } = this.#policy;
    return {
      placeCount: this.#model.limits.maxSequences,
      send: (link, message) => this.#links.send(link, message),
      close: (link, code, detail) => this.#links.close(link, code, detail),
      admit: (open) => this.#admit(open),
      enter: (entry) => {
        const draftSources = new EdgeDraftSources({ lookUpTokens, drafters: this.#drafters });
        return { ...entry, draftSources, wanted: { length: -1, drafts: 0 }, kv: null };
      },
      takePlace: (entry, open) => {
        entry.kv = this.#kvSequences.take(entry.number, `${open.credentials}\n${open.conversation}`) ?? null;
        return entry.kv !== null;
      },
      leavePlace: (entry) => {
        if (entry.kv !== null) this.#kvSequences.leave(entry.kv);
        entry.kv = null;
        entry.draftSources.close();
      },
      stepped: ({ number, state }, event, effects) => {
        this.#policy.onStep?.({ session: number, event, state, effects, atMs: this.#clock.nowMs() });
      },
      settled: (entry) => {
        this.#draftOn(entry);
        this.#wake();
      },
    };
  }

  #admit(open: OpenMessage): void {
    const { tokenizer, identity } = this.#model;
    if (!this.#policy.admits(open.credentials)) {
      throw new OutriderError('unauthorized', 'the edge does not know this key', 'pass a valid key with --key');
    }
    if (open.tokenizerHash !== tokenizer.hash) {
      const cause = `this edge runs ${identity.name}, whose tokenizer is another one`;
      throw new OutriderError('tokenizer-mismatch', cause, 'use a draft made for that model (outrider models list)');
    }
    if (!modeOf(open.mode).edgeDrafts || this.#drafters !== null) return;
    const cause = 'this edge has no draft of its own';
    throw new OutriderError('bad-argument', cause, 'start it with --draft, or take another mode');
  }

  /** The edge's own drafts, one after the other until a step has enough. */
  #draftOn(entry: SessionEntry): void {
    if (this.#drafters === null || !modeOf(entry.state.open.mode).edgeDrafts) return;
    const { length } = entry.state.text;
    if (entry.wanted.length !== length) {
      const { draftLength, draftMs } = this.#drafters;
      const maxDrafts = this.#policy.maxRows - 1;
      const settings = { draftLength, draftMs, maxDrafts, stepTime: this.#policy.stepTime() };
      entry.wanted = { length, drafts: wantedDrafts(entry.state, settings) };
    }
    if (entry.hasPlace && mayDraftOn(entry.state, entry.wanted.drafts)) void this.#draft(entry);
  }

  async #draft(entry: SessionEntry): Promise<void> {
    try {
      const made = await entry.draftSources.draftOn(entry.state, this.#model.tokenizer.endIds);
      if (made !== undefined && entry.hasPlace) this.step(entry, { kind: 'edge-drafted', drafts: made });
    } catch (error) {
      this.#policy.onFault(error);
      this.step(entry, { kind: 'step-failed', cause: "the edge's own draft failed" });
    }
  }
}

/** The refusal that a device is told of. */
export function refusalOf(error: unknown): OutriderError {
  if (isOutriderError(error)) return error;
  const cause = 'the edge has a fault';
  return new OutriderError('internal', cause, 'try again; the operator finds the cause in the log', { cause: error });
}
