// One edge without its engine: connections, sessions, admission, edge drafts, and the contents of the next step. A live process and a
// simulation both use this code; they provide the clock, the connections, the engine and the draft model.

import type { Clock } from '../../basics/clock.ts';
import { type ErrorCode, OutriderError } from '../../basics/errors.ts';
import { extraOf, type PassPrices, startPrice, supposedPrices } from '../../decoding/pass-times.ts';
import {
  canDraftBesideSteps,
  isDraftWorthBesideStep,
  leastHedgeChanceBesideStep,
} from '../../scheduling/draft-beside-step.ts';
import type { StepLimits } from '../../scheduling/schedule-step.ts';
import type { StepTimeModel } from '../../scheduling/step-time.ts';
import { type DraftMade, workOrdered } from '../wire/draft-order.ts';
import { announcedStepMs } from '../wire/edge-timing.ts';
import type { EdgeMessage, HelloMessage, OpenMessage } from '../wire/messages.ts';
import { modeOf } from '../wire/mode.ts';
import type { FrameConnection, FrameHandler } from '../wire/wire.ts';
import { chainToExtend, wantedDrafts } from './edge-chain.ts';
import { type EdgeConnectionObserver, type EdgeConnectionSettings, EdgeConnections } from './edge-connections.ts';
import { type EdgeDraftOrder, type EdgeHedgeRule, extendEdgeDrafts, orderEdgeDraft } from './edge-hedges.ts';
import type { EdgeKey } from './edge-key.ts';
import { type PassPart, passesBefore, type UnreadBefore } from './edge-passes.ts';
import {
  checkTextLengths,
  EdgeRegistry,
  type RegistryEntry,
  type RegistryOwner,
  type RegistrySettings,
} from './edge-registry.ts';
import { type EdgeDrafts, type EdgeState, expectedAcceptance, isPaused } from './edge-state.ts';
import { EdgeTargets, type TargetEntry, type TargetSettings } from './edge-targets.ts';
import { EngineSteps } from './engine-steps.ts';
import { RowQuotas } from './row-quotas.ts';

/** The draft model of the edge, for the modes in which the edge drafts. */
export interface EdgeDraftFigures {
  /** gamma, in mode edge-sd. */
  readonly draftLength: number;
  /** Present duration of one edge draft, ms. */
  readonly draftMs: number;
  /**
   * What a draft adds to a step that runs meanwhile, ms; 0: nothing; Infinity: the drafter rests during steps. Of the running step, or
   * expected of the next one. Default: 0.
   */
  readonly besideMs?: number;
  /** Most alternatives that a pass of the draft model extends beside a draft. Default 0: the edge does not hedge. */
  readonly hedges?: number;
  /** What each of them adds to the pass, as a share of `draftMs`. Default: {@link supposedPrices}. */
  readonly prices?: PassPrices | undefined;
  /**
   * Time of a pass of the draft model, by its rows: one for each session. With it the edge drafts for all sessions of a step in passes
   * before the step (edge-passes.ts), where there are several. Default: for one session at a time.
   */
  readonly passTime?: StepTimeModel | undefined;
  stepBegins?(): void;
}

export interface EdgeSettings
  extends RegistrySettings,
    TargetSettings,
    Omit<EdgeConnectionSettings, 'hello' | 'checkLengths'> {
  /** The target, for `hello`. */
  readonly target: Pick<HelloMessage, 'model' | 'fingerprint' | 'tokenizerHash'>;
  /** Why no session may be opened at present; undefined: they may. */
  readonly closedFor?: () => OutriderError | undefined;
  /** Number of sessions that may decode at the same time. */
  readonly placeCount: number;
  readonly limits: StepLimits;
  /** Ids that end a text: nothing is drafted after one. */
  readonly endIds: ReadonlySet<number>;
  /** The present model of the step time. */
  readonly stepTime: () => StepTimeModel;
  /** Null: this edge has no draft model. */
  readonly edgeDraft: EdgeDraftFigures | null;
  /** Default: no key has used anything. */
  readonly quotas?: RowQuotas | undefined;
}

/** A session of an edge. */
export interface EdgeEntry extends RegistryEntry, Pick<TargetEntry, 'orderedTargetMs' | 'paceStart'> {
  /** In modes in which the edge drafts: the number of drafts to collect for a step at this length of the text. */
  wanted: { readonly length: number; readonly drafts: number };
}

/** What the surrounding process provides. */
export interface EdgeHost<Entry extends EdgeEntry>
  extends Pick<
    RegistryOwner<Entry>,
    'takePlace' | 'leavePlace' | 'placeChanged' | 'stepped' | 'forgotten' | 'cleared'
  > {
  /** Adds the fields of the process to a new entry. */
  enter(entry: EdgeEntry): Entry;
  /** Number of the text's tokens in the KV sequence, at most {@link mostHeldTokens} of the session. */
  heldTokens(entry: Entry): number;
  /** Number of a new text's tokens that would not have to be evaluated, if it got a place now. Default: none. */
  savedTokens?(open: OpenMessage, key: EdgeKey): number;
  /** Drafts looked up in the text, for a step that would have none; undefined: this edge does not look up. */
  lookUp(entry: Entry): EdgeDrafts | undefined;
  /** The next step is being planned. */
  roundBegins?(): void;
  /** The engine evaluates the prompt of this session: look-up may read some of it meanwhile. */
  readAhead?(entry: Entry): void;
  /** For passes of the draft model before a step. */
  unreadBefore?: UnreadBefore<Entry>;
  /** Starts an edge draft, then calls {@link EdgeCore.edgeDrafted} or {@link EdgeCore.edgeDraftFailed}. */
  beginDraft(entry: Entry, order: EdgeDraftOrder): void;
  /** There may be a step to run. */
  wake(): void;
  /** Planning a step failed for this session, which is then no part of the step; without it the error is thrown. */
  failed?(entry: Entry, error: unknown): void;
}

export class EdgeCore<Entry extends EdgeEntry, Carrier extends FrameConnection<EdgeMessage>> {
  readonly sessions: EdgeRegistry<Entry>;
  readonly connections: EdgeConnections<Carrier>;
  readonly steps: EngineSteps<Entry>;
  readonly quotas: RowQuotas;
  readonly #settings: EdgeSettings;
  readonly #host: EdgeHost<Entry>;
  readonly #clock: Clock;
  readonly #targets: EdgeTargets;
  #step = { startMs: 0, expectedMs: 0, sessionCount: 1 };
  /** Sessions whose next edge draft is being made. */
  readonly #drafting = new Set<Entry>();

  constructor(
    settings: EdgeSettings,
    clock: Clock,
    host: EdgeHost<Entry>,
    observer: EdgeConnectionObserver<Carrier> = {},
  ) {
    this.quotas = settings.quotas ?? new RowQuotas();
    this.#settings = settings;
    this.#host = host;
    this.#clock = clock;
    this.#targets = new EdgeTargets(settings, clock);
    this.sessions = new EdgeRegistry<Entry>(settings, clock, this.#owner());
    const checkLengths = (promptLength: number, answerLength: number): void =>
      checkTextLengths(promptLength, answerLength, settings.rules.contextLength);
    const connecting = { ...settings, checkLengths, hello: () => this.#hello() };
    this.connections = new EdgeConnections(connecting, clock, this.sessions, observer);
    const planned = (expectedMs: number, sessionCount: number): void => {
      this.#step = { startMs: clock.nowMs(), expectedMs, sessionCount };
      settings.edgeDraft?.stepBegins?.();
    };
    const evaluates = ({ key }: Entry, rows: number): void => this.quotas.spend(key, rows, clock.nowMs());
    const targetOf = (entry: Entry) => this.#targets.paceOf(entry);
    this.steps = new EngineSteps(this.sessions, settings.limits, host, planned, evaluates, targetOf);
  }

  accept(carrier: Carrier): FrameHandler {
    return this.connections.accept(carrier);
  }

  /**
   * The passes of the edge's draft model before a step over these sessions; none: they draft on their own, or no pass pays. After each the
   * caller calls {@link edgeDrafted} for its sessions, and after the last one it gathers the sessions again.
   */
  passesBefore(
    works: Parameters<typeof passesBefore<Entry>>[0],
    stepTime: StepTimeModel,
  ): IteratorObject<readonly PassPart<Entry>[], void> {
    const { edgeDraft, limits } = this.#settings;
    const { passTime } = edgeDraft ?? {};
    if (edgeDraft === null || passTime === undefined || !this.#sharesPasses) return [].values();
    const free = works.filter(({ entry }) => !this.#drafting.has(entry));
    const maxRows = Math.min(limits.maxRows, limits.usefulRows);
    const rules = { draftLength: edgeDraft.draftLength, passTime, stepTime, maxRows };
    return passesBefore(free, rules, (entry, position) => this.#host.unreadBefore?.(entry, position) ?? 1);
  }

  /** Whether the draft model works for all sessions before a step, instead of for one of them at a time. */
  get #sharesPasses(): boolean {
    return this.#settings.edgeDraft?.passTime !== undefined && this.#step.sessionCount > 1;
  }

  /** @param made null: the drafter has no proposal */
  edgeDrafted(entry: Entry, order: EdgeDraftOrder, made: DraftMade | null): void {
    this.#drafting.delete(entry);
    if (!entry.hasPlace) return;
    const drafts = extendEdgeDrafts(order, made, this.#settings.endIds);
    this.sessions.step(entry, { kind: 'edge-drafted', drafts });
  }

  /** The edge cannot serve this session: its device is refused with `internal`. Never throws. @param cause sent to the device */
  fail(entry: Entry, cause: string): void {
    if (this.sessions.find(entry.id, entry.key) !== entry) return;
    try {
      this.sessions.step(entry, { kind: 'step-failed', cause });
    } catch {
      this.sessions.discard(entry, cause);
    }
  }

  /** The session can't be kept, for a reason that is sent to its device. */
  refuse(entry: Entry, reason: { readonly code: ErrorCode; readonly cause: string; readonly remedy: string }): void {
    if (this.sessions.find(entry.id, entry.key) !== entry) return;
    this.sessions.step(entry, { kind: 'refused', ...reason });
  }

  edgeDraftFailed(entry: Entry): void {
    this.#drafting.delete(entry);
    this.fail(entry, 'the draft model of the edge failed');
  }

  /** For a crash of the process: sessions and connections are lost, nothing is sent. @returns the carriers of the connections */
  abandon(): Carrier[] {
    const carriers = this.connections.abandon();
    this.sessions.clear();
    this.#drafting.clear();
    this.steps.reset();
    return carriers;
  }

  #hello(): Omit<HelloMessage, 'version'> {
    const { target, rules, stepTime, edgeDraft } = this.#settings;
    return {
      kind: 'hello',
      ...target,
      vocabularySize: rules.vocabularySize,
      contextLength: rules.contextLength,
      timing: { stepMs: announcedStepMs(stepTime()), edgeDraftMs: edgeDraft?.draftMs ?? null },
    };
  }

  #owner(): RegistryOwner<Entry> {
    const host = this.#host;
    return {
      placeCount: this.#settings.placeCount,
      send: (link, message) => this.connections.send(link, message),
      close: (link, code, detail) => this.connections.close(link, code, detail),
      admit: (open) => this.#admit(open),
      demand: (open, key) => {
        if (key.rowsPerMinute === null) return;
        const needed = open.prompt.length + open.answer.length - (host.savedTokens?.(open, key) ?? 0);
        this.quotas.demand(key, needed, this.#promisedRows(key), this.#clock.nowMs());
      },
      enter: (entry) => {
        const own = { wanted: { length: -1, drafts: 0 }, orderedTargetMs: null, paceStart: null };
        return host.enter({ ...entry, ...own });
      },
      promise: (open, key) => this.#targets.demand(open, key, this.sessions.entries),
      takePlace: (entry, open) => this.#takePlace(entry, open),
      leavePlace: (entry) => host.leavePlace(entry),
      placeChanged: (entry, change, waitedMs) => host.placeChanged?.(entry, change, waitedMs),
      stepped: (entry, event, effects, before) => {
        this.#targets.follow(entry, event, before);
        host.stepped(entry, event, effects, before);
      },
      settled: (entry) => {
        this.#addEdgeDrafts(entry);
        host.wake();
      },
      forgotten: (entry) => {
        this.#drafting.delete(entry);
        host.forgotten?.(entry);
      },
      cleared: () => host.cleared?.(),
    };
  }

  #takePlace(entry: Entry, open: OpenMessage): boolean {
    if (!this.#host.takePlace(entry, open)) return false;
    const { link } = entry.state;
    if (link !== null) this.connections.send(link.id, { kind: 'held', tokens: this.#host.heldTokens(entry) });
    return true;
  }

  /** @throws OutriderError `tokenizer-mismatch`, `bad-argument`, or why the edge opens no session at present */
  #admit(open: OpenMessage): OpenMessage {
    const { target, edgeDraft, closedFor } = this.#settings;
    const closed = closedFor?.();
    if (closed !== undefined) throw closed;
    if (open.tokenizerHash !== target.tokenizerHash) {
      const cause = `this edge runs ${target.model}, which has another tokenizer`;
      throw new OutriderError('tokenizer-mismatch', cause, 'use a draft made for that model (outrider models list)');
    }
    const { edgeDrafts, deviceDrafts } = modeOf(open.mode);
    if (!edgeDrafts || edgeDraft !== null) return open;
    // With the device's drafts alone, `mix` is `stream`.
    if (deviceDrafts) return { ...open, mode: 'stream' };
    const cause = 'this edge has no draft model';
    throw new OutriderError(
      'bad-argument',
      cause,
      'start the edge with a draft model (--draft, or `draft` in code), or use another mode',
    );
  }

  /** What the engine has yet to evaluate of the texts of a key. */
  #promisedRows(key: EdgeKey): number {
    let rows = 0;
    for (const entry of this.sessions.entries) {
      const { text, end, released } = entry.state;
      if (entry.key.id !== key.id || end !== null || released) continue;
      rows += Math.max(0, text.length - this.#host.heldTokens(entry));
    }
    return rows;
  }

  /** Starts edge drafts, one after the other, until a step has enough. */
  #addEdgeDrafts(entry: Entry): void {
    const { edgeDraft, limits, stepTime } = this.#settings;
    const { state } = entry;
    if (edgeDraft === null || !modeOf(state.open.mode).edgeDrafts) return;
    const { length } = state.text;
    if (this.#sharesPasses) {
      entry.wanted = { length, drafts: 0 };
      return;
    }
    if (entry.wanted.length !== length) {
      const { draftLength, besideMs = 0 } = edgeDraft;
      const overlaps = canDraftBesideSteps(expectedAcceptance(state), edgeDraft.draftMs, besideMs);
      const draftMs = edgeDraft.draftMs + this.#waitMs(entry, edgeDraft);
      const missedMs = this.#step.sessionCount > 1 ? this.#step.expectedMs : 0;
      const figures = { draftLength, draftMs, missedMs, overlaps, maxDrafts: limits.usefulRows - 1 };
      entry.wanted = { length, drafts: wantedDrafts(state, { ...figures, stepTime: stepTime() }) };
    }
    if (this.#drafting.has(entry) || !entry.hasPlace || isPaused(state)) return;
    const tokens = chainToExtend(state, entry.wanted.drafts, limits.usefulRows - 1);
    if (tokens === null) return;
    const { order, hedgeChance } = orderEdgeDraft(state, tokens, this.#hedgeRule(state, edgeDraft, tokens.length));
    if (state.ticket !== null && !this.#isWorthBesideStep(entry, edgeDraft, order, hedgeChance)) return;
    this.#drafting.add(entry);
    this.#host.beginDraft(entry, order);
  }

  /** Alternatives are extended beside steps only: a draft that a step waits for is not made longer. */
  #hedgeRule(state: EdgeState, edgeDraft: EdgeDraftFigures, draftsBefore: number): EdgeHedgeRule | null {
    const { hedges = 0, prices = supposedPrices, draftMs, besideMs = 0 } = edgeDraft;
    if (hedges === 0) return null;
    const { endIds } = this.#settings;
    if (state.ticket === null) return { most: 0, minChance: 1, minStart: 1, endIds };
    const acceptance = expectedAcceptance(state);
    const figures = { chance: acceptance ** draftsBefore, draftMs, besideMs, sessionCount: this.#step.sessionCount };
    const minChance = leastHedgeChanceBesideStep({ ...figures, price: prices.continued });
    const minStart = leastHedgeChanceBesideStep({ ...figures, price: startPrice(prices, acceptance) });
    return { most: hedges, minChance, minStart, endIds };
  }

  /** The draft model is one for all sessions: a draft waits for those of the others. */
  #waitMs(entry: Entry, { draftMs }: EdgeDraftFigures): number {
    return draftMs * (this.#drafting.size - (this.#drafting.has(entry) ? 1 : 0));
  }

  #isWorthBesideStep(
    entry: Entry,
    edgeDraft: EdgeDraftFigures,
    { tokens, alternatives }: EdgeDraftOrder,
    hedgeChance: number,
  ): boolean {
    const { besideMs = 0, prices = supposedPrices } = edgeDraft;
    const { startMs, expectedMs, sessionCount } = this.#step;
    const draftMs = edgeDraft.draftMs * (1 + extraOf(prices, workOrdered(alternatives)));
    const chance = Math.min(1, expectedAcceptance(entry.state) ** tokens.length + hedgeChance);
    const elapsedMs = this.#clock.nowMs() - startMs + this.#waitMs(entry, edgeDraft);
    return isDraftWorthBesideStep({ chance, draftMs, besideMs, sessionCount, elapsedMs, expectedMs });
  }
}
