// The resources of a live edge's sessions: KV sequences of the engine, lookup in the text, and the draft model if there is one. The
// rules of sessions are in core/protocol/edge/edge-core.ts; engine-loop.ts runs the steps.

import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../core/basics/clock.ts';
import { asOutriderError, OutriderError } from '../../core/basics/errors.ts';
import type { RowAsk } from '../../core/decoding/candidates.ts';
import { LookUp, leastLookUpChance } from '../../core/decoding/look-up.ts';
import { DraftedText } from '../../core/decoding/token-list.ts';
import { TokenText } from '../../core/decoding/token-text.ts';
import { lookedUpDrafts } from '../../core/protocol/edge/edge-chain.ts';
import type { EdgeCore, EdgeEntry, EdgeHost } from '../../core/protocol/edge/edge-core.ts';
import type { EdgeDraftOrder } from '../../core/protocol/edge/edge-hedges.ts';
import type { EdgeKey } from '../../core/protocol/edge/edge-key.ts';
import type { PassPart } from '../../core/protocol/edge/edge-passes.ts';
import type { PlaceChange } from '../../core/protocol/edge/edge-place-queue.ts';
import { mostHeldTokens } from '../../core/protocol/edge/edge-scores.ts';
import type {
  EdgeDrafts,
  EdgeEffect,
  EdgeEvent,
  EdgeState,
  SessionCreated,
  StepTicket,
} from '../../core/protocol/edge/edge-state.ts';
import { promptOwnerOf } from '../../core/protocol/edge/prompt-owner.ts';
import type { EdgeMessage, OpenMessage } from '../../core/protocol/wire/messages.ts';
import type { FrameConnection } from '../../core/protocol/wire/wire.ts';
import { createGrammarEngine } from '../../models/engines/xgrammar.ts';
import { draftRequest } from '../../models/port/drafter.ts';
import type { GrammarEngine } from '../../models/port/grammar-engine.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import type { EdgeDrafter, EdgeDrafters } from './edge-drafters.ts';
import type { EdgeFaults } from './edge-faults.ts';
import { EdgeGrammars, type SessionGrammar } from './edge-grammars.ts';
import type { EdgeJournal } from './edge-journal.ts';
import type { EdgeMeter } from './edge-meter.ts';
import { StalledError, withinTime } from './engine-watch.ts';
import { heldPrefix, type KvSequence, KvSequences } from './kv-sequences.ts';
import type { Asker } from './owned-pool.ts';

/** Tokens of long texts that a round adds to look-up indexes, over all sessions: about 2 ms of the event loop. */
const readInARound = 1024;
/** For each session, whatever the others read: what a step may have committed. */
const readAtLeast = 64;

export interface SessionSources {
  /** Largest number of looked-up tokens for a step without drafts; 0: none. */
  readonly lookUpTokens: number;
  /** Null: this edge has no draft model. */
  readonly drafters: EdgeDrafters | null;
  readonly faults: EdgeFaults;
  readonly journal: EdgeJournal;
  readonly meter: EdgeMeter;
  /** Null: sessions with a grammar are refused. Default: grammars of its own, from the model's tokenizer. */
  readonly grammars?: GrammarEngine | null | undefined;
  /** Time after which a draft of the draft model counts as one that will not come, ms. */
  readonly stallAfterMs: number;
  /** A session has a connection that it did not have before. */
  readonly attached?: (entry: SessionEntry) => void;
}

export interface SessionEntry extends EdgeEntry {
  /** Not null from `open` to the end of the text. */
  kv: KvSequence | null;
  lookUp: LookUp | null;
  drafter: EdgeDrafter | null;
  grammar: SessionGrammar | null;
}

/** Its carriers are sockets or connections in memory. */
export type LiveEdgeCore = EdgeCore<SessionEntry, FrameConnection<EdgeMessage>>;

export class EdgeSessions implements EdgeHost<SessionEntry> {
  readonly #clock: Clock;
  readonly #sources: SessionSources;
  readonly #sequences: KvSequences;
  readonly #grammars: EdgeGrammars<SessionEntry>;
  /** Null: the caller's are used, or none. */
  readonly #ownGrammars: GrammarEngine | null;
  readonly #salt = randomBytes(32);
  /** Look-up must not take long for a text that a device has written for that purpose. */
  readonly #hashSeed = randomBytes(4).readInt32LE();
  #readable = readInARound;
  #core: LiveEdgeCore | null = null;
  #wake = (): void => {};

  constructor(model: LanguageModel, clock: Clock, sources: SessionSources) {
    this.#clock = clock;
    this.#sources = sources;
    this.#sequences = new KvSequences(model);
    this.#ownGrammars = sources.grammars === undefined ? createGrammarEngine(model.tokenizer) : null;
    this.#grammars = new EdgeGrammars(this.#ownGrammars ?? sources.grammars ?? undefined, clock, {
      refused: (entry, error) => this.refuse(entry, error),
      ready: () => this.#wake(),
    });
  }

  /** Called once, before the first connection. */
  serve(core: LiveEdgeCore, wake: () => void): void {
    this.#core = core;
    this.#wake = wake;
  }

  /** No step may be in progress. Never rejects. */
  async close(): Promise<void> {
    const { drafters, faults, stallAfterMs } = this.#sources;
    await this.#sequences.close((error) => faults.report(error));
    const closing = drafters?.close() ?? Promise.resolve();
    await withinTime(this.#clock, stallAfterMs, closing, 'the draft model').catch((error) => faults.report(error));
    await this.#ownGrammars?.[Symbol.asyncDispose]();
  }

  /** Tokens whose keys and values are kept, of running and of ended sessions. */
  get keptTokens(): number {
    return this.#sequences.all.reduce((sum, { tokens }) => sum + tokens.length, 0);
  }

  enter(entry: EdgeEntry): SessionEntry {
    return { ...entry, kv: null, lookUp: null, drafter: null, grammar: null };
  }

  takePlace(entry: SessionEntry, open: OpenMessage): boolean {
    try {
      const { key, state } = entry;
      entry.kv = this.#sequences.take(this.#askerOf(key, open), state.text, mostHeldTokens(state)) ?? null;
    } catch (error) {
      // The engine's own words may hold paths, so the device does not get them.
      this.#sources.faults.report(error);
      throw new OutriderError('internal', 'the engine failed', 'try again; the operator finds the cause in the log');
    }
    if (entry.kv === null) return false;
    this.#sources.meter.placed(entry.state.text.length, this.heldTokens(entry));
    return true;
  }

  leavePlace(entry: SessionEntry): void {
    if (entry.kv !== null) this.#sequences.leave(entry.kv);
    entry.kv = null;
    entry.lookUp = null;
    // The draft's KV sequence is kept for the next text that begins so.
    entry.drafter?.leave();
    entry.drafter = null;
    this.#grammars.leave(entry);
  }

  isReady(entry: SessionEntry): boolean {
    return this.#grammars.isReady(entry);
  }

  asks(entry: SessionEntry, ticket: StepTicket): Promise<readonly RowAsk[] | undefined | null> {
    return this.#grammars.asks(entry, ticket);
  }

  placeChanged(entry: SessionEntry, change: PlaceChange, waitedMs: number): void {
    this.#sources.journal.placeChanged(entry, change, waitedMs);
  }

  stepped(
    entry: SessionEntry,
    event: EdgeEvent | SessionCreated,
    _effects: readonly EdgeEffect[],
    before: EdgeState | null,
  ): void {
    const { link } = entry.state;
    const { journal, attached } = this.#sources;
    journal.stepped(entry, event, before);
    if (link !== null && link.id !== before?.link?.id) attached?.(entry);
  }

  forgotten(entry: SessionEntry): void {
    this.#sources.journal.forgotten(entry);
  }

  failed(entry: SessionEntry, error: unknown): void {
    this.#sources.faults.report(error);
    this.#core?.fail(entry, 'the edge has a fault');
  }

  /** The session gets the words of an error that is its own fault; of any other only the operator does. */
  refuse(entry: SessionEntry, error: unknown): void {
    const { code, message: cause, remedy } = asOutriderError(error);
    if (code === 'internal') this.failed(entry, error);
    else this.#core?.refuse(entry, { code, cause, remedy });
  }

  heldTokens({ kv, state }: SessionEntry): number {
    return kv === null ? 0 : heldPrefix(kv, state.text, mostHeldTokens(state));
  }

  savedTokens(open: OpenMessage, key: EdgeKey): number {
    if (open.promptLogprobs !== undefined) return 0;
    const text = TokenText.of([...open.prompt, ...open.answer]);
    return this.#sequences.saved(this.#askerOf(key, open), text, text.length - 1);
  }

  lookUp(entry: SessionEntry): EdgeDrafts | undefined {
    const { lookUpTokens } = this.#sources;
    if (lookUpTokens === 0) return undefined;
    this.readAhead(entry);
    return lookedUpDrafts(entry.state, entry.lookUp?.draft(lookUpTokens, leastLookUpChance) ?? []);
  }

  roundBegins(): void {
    this.#readable = readInARound;
  }

  readAhead(entry: SessionEntry): void {
    if (this.#sources.lookUpTokens === 0) return;
    const { text, open } = entry.state;
    entry.lookUp ??= new LookUp(this.#hashSeed);
    const { lookUp } = entry;
    const before = lookUp.length;
    lookUp.follow(new DraftedText(text), open.prompt.length, text.length, Math.max(readAtLeast, this.#readable));
    this.#readable -= Math.max(0, lookUp.length - before);
  }

  beginDraft(entry: SessionEntry, order: EdgeDraftOrder): void {
    void this.#draft(entry, order);
  }

  /** One pass of the draft model for all of these sessions. Never rejects: without it their step has the drafts that are there. */
  async draftPass(pass: readonly PassPart<SessionEntry>[]): Promise<void> {
    const { drafters, stallAfterMs } = this.#sources;
    const ready = pass.flatMap((part) => {
      try {
        const request = this.#requestOf(part.entry, part.order);
        return request === null ? [] : [{ ...part, ...request }];
      } catch (error) {
        this.#draftFailed(part.entry, error);
        return [];
      }
    });
    if (drafters === null || ready.length === 0) return;
    try {
      const drafts = await withinTime(this.#clock, stallAfterMs, drafters.pass(ready), 'the draft model');
      for (const [index, { entry, order }] of ready.entries())
        this.#core?.edgeDrafted(entry, order, drafts[index] ?? null);
    } catch (error) {
      for (const { entry } of ready) this.#draftFailed(entry, error);
    }
  }

  wake(): void {
    this.#wake();
  }

  /** Who may reuse what is evaluated for this text. The digests reveal no key, namespace or conversation. */
  #askerOf(key: EdgeKey, open: OpenMessage): Asker {
    const digest = (parts: readonly string[]): string =>
      createHmac('sha256', this.#salt).update(JSON.stringify(parts)).digest('base64');
    const owner = digest(promptOwnerOf(key, open));
    return { owner, conversation: digest([open.conversation]), promptLength: open.prompt.length };
  }

  async #draft(entry: SessionEntry, order: EdgeDraftOrder): Promise<void> {
    const { stallAfterMs } = this.#sources;
    try {
      const asked = this.#requestOf(entry, order);
      const drafting = asked?.drafter.next(asked.request) ?? Promise.resolve(null);
      const draft = await withinTime(this.#clock, stallAfterMs, drafting, 'the draft model');
      this.#core?.edgeDrafted(entry, order, draft);
    } catch (error) {
      this.#draftFailed(entry, error);
    }
  }

  /** Null: this edge has no draft model. @throws OutriderError `edge-full` */
  #requestOf(entry: SessionEntry, { tokens, alternatives }: EdgeDraftOrder) {
    const { open, text } = entry.state;
    entry.drafter ??= this.#sources.drafters?.take(this.#askerOf(entry.key, open), new DraftedText(text)) ?? null;
    const settings = { promptLength: open.prompt.length, sampling: open.sampling, alternatives };
    const request = draftRequest(new DraftedText(text, tokens), settings);
    return entry.drafter === null ? null : { drafter: entry.drafter, request };
  }

  #draftFailed(entry: SessionEntry, error: unknown): void {
    this.#sources.faults.report(error);
    // A drafter that may never return is not given to another session.
    if (error instanceof StalledError) {
      entry.drafter?.abandon();
      entry.drafter = null;
    }
    this.#core?.edgeDraftFailed(entry);
  }
}
