// Builds the engine's next step: each session's view for the scheduler, the scheduler's plan, and a ticket for each session that decodes.
// It does not run the step; a live or a virtual engine does.

import { invariant } from '../../basics/invariant.ts';
import { sharedPrior } from '../../scheduling/acceptance-prior.ts';
import { PromptPace } from '../../scheduling/prompt-pace.ts';
import {
  freshSchedule,
  type ScheduleState,
  type SessionWork,
  type StepItem,
  type StepLimits,
  scheduleStep,
} from '../../scheduling/schedule-step.ts';
import { batchMs, type StepTimeModel } from '../../scheduling/step-time.ts';
import type { TargetPace } from '../../scheduling/target-pace.ts';
import { modeOf } from '../wire/mode.ts';
import { lookUpChances } from './edge-chain.ts';
import type { EdgeRegistry, RegistryEntry } from './edge-registry.ts';
import { mostPromptTokens, promptPart } from './edge-scores.ts';
import { isWritable, lacksEdgeDrafts, readyDrafts } from './edge-session.ts';
import { allComparisons, type EdgeDrafts, expectedAcceptance, type PromptPart, type StepTicket } from './edge-state.ts';

export interface StepPart<Entry> {
  readonly entry: Entry;
  readonly heldTokens: number;
  /** Length of the prompt chunk that starts at `heldTokens`; 0 with a ticket. */
  readonly prefillTokens: number;
  /** Not null: with logprobs of the prompt, which needs a row for each token of the chunk. */
  readonly scores: PromptPart | null;
  /** Not null: the session decodes, with one row for the last token of the text and one for each draft. */
  readonly ticket: StepTicket | null;
}

/** A key's weight is divided among its sessions that have work, by their shares. */
function shareByKey<Entry extends StepEntry>(works: readonly FreshWork<Entry>[]): void {
  const first = works[0]?.entry.key.id;
  if (works.every(({ entry }) => entry.key.id === first)) return;
  const shares = new Map<string, number>();
  for (const { entry } of works) shares.set(entry.key.id, (shares.get(entry.key.id) ?? 0) + entry.share);
  for (const { entry, view } of works) {
    view.key = entry.key.id;
    view.weight = (entry.key.share * entry.share) / (shares.get(entry.key.id) ?? entry.share);
  }
}

/** Sessions that are compared little yet are supposed to be like the others of the step. */
function shareAcceptance<Entry extends StepEntry>(works: readonly FreshWork<Entry>[]): void {
  const decoding = works.filter(({ view }) => view.prefillTokens === 0);
  const prior = decoding.length < 2 ? undefined : sharedPrior(decoding.map(({ entry }) => allComparisons(entry.state)));
  for (const { entry, view } of decoding) view.acceptance = expectedAcceptance(entry.state, prior);
}

interface StepEntry extends RegistryEntry {
  readonly wanted: { readonly drafts: number };
}

interface StepHost<Entry> {
  heldTokens(entry: Entry): number;
  lookUp(entry: Entry): EdgeDrafts | undefined;
  roundBegins?(): void;
  readAhead?(entry: Entry): void;
  /** Whether the session may decode; its prompt is read in any case. Default: it may. */
  isReady?(entry: Entry): boolean;
  /** Planning failed for this session, which is then no part of the step. Without it the error is thrown. */
  failed?(entry: Entry, error: unknown): void;
}

interface Work<Entry> {
  readonly entry: Entry;
  readonly heldTokens: number;
  readonly view: SessionWork;
}

/** Until all sessions are gathered, on which weights and acceptances depend. */
interface FreshWork<Entry> extends Work<Entry> {
  readonly view: SessionWork & { weight: number; acceptance: number; key?: string };
}

export class EngineSteps<Entry extends StepEntry> {
  readonly #sessions: EdgeRegistry<Entry>;
  readonly #limits: StepLimits;
  readonly #host: StepHost<Entry>;
  readonly #planned: (expectedMs: number, sessionCount: number) => void;
  readonly #evaluates: (entry: Entry, rows: number) => void;
  readonly #targetOf: (entry: Entry) => TargetPace | undefined;
  readonly #pace = new PromptPace();
  #schedule: ScheduleState = freshSchedule;

  /**
   * @param planned called with the expected time of a step and the number of its sessions, before any of them begins
   * @param evaluates called with the rows of each session in a step
   * @param targetOf the target of a session that decodes, and how late it is; undefined: it has none
   */
  constructor(
    sessions: EdgeRegistry<Entry>,
    limits: StepLimits,
    host: StepHost<Entry>,
    planned: (expectedMs: number, sessionCount: number) => void = () => {},
    evaluates: (entry: Entry, rows: number) => void = () => {},
    targetOf: (entry: Entry) => TargetPace | undefined = () => undefined,
  ) {
    this.#sessions = sessions;
    this.#limits = limits;
    this.#host = host;
    this.#planned = planned;
    this.#evaluates = evaluates;
    this.#targetOf = targetOf;
  }

  get maxRows(): number {
    return this.#limits.maxRows;
  }

  reset(): void {
    this.#schedule = freshSchedule;
    this.#pace.reset();
  }

  /**
   * Notes how long a step took in the engine, ms. An engine that does not call it has prompt tokens of one price.
   * @param outsideMs time since the step before: planning, verification, sending
   */
  ended(parts: readonly StepPart<Entry>[], ms: number, stepTime: StepTimeModel, outsideMs: number): void {
    const rows = parts.flatMap(({ ticket }) => (ticket === null ? [] : [ticket.drafts.length + 1]));
    const read = parts.find(({ ticket }) => ticket === null);
    const chunk = read === undefined ? null : { reader: read.entry, tokens: read.prefillTokens };
    const decodingMs = rows.length === 0 ? 0 : batchMs(stepTime, rows) + outsideMs;
    this.#pace.stepEnds(rows.length === 0 ? ms : ms + outsideMs, decodingMs, chunk);
  }

  /** The engine had nothing to do for so long, ms. */
  rested(ms: number): void {
    this.#pace.rested(ms);
  }

  /**
   * The sessions that could use a step; empty: there is nothing to run. The caller passes them to {@link begin} before any session changes.
   */
  gather(): readonly Work<Entry>[] {
    const works: FreshWork<Entry>[] = [];
    this.#host.roundBegins?.();
    for (const entry of this.#sessions.entries) {
      const work = this.#try(entry, this.#workOf);
      if (work !== undefined) works.push(work);
    }
    shareAcceptance(works);
    shareByKey(works);
    return works;
  }

  /**
   * Plans a step over these sessions and begins it. Drafts that arrive later are not part of it.
   * @param takenRows of the step that are taken already
   */
  begin(works: readonly Work<Entry>[], stepTime: StepTimeModel, takenRows: number = 0): StepPart<Entry>[] {
    const { maxRows, usefulRows } = this.#limits;
    if (works.length === 0 || takenRows >= maxRows) return [];
    const views = this.#viewsOf(works);
    const free = { maxRows: maxRows - takenRows, usefulRows: Math.max(1, usefulRows - takenRows) };
    const { aloneChunkMs } = this.#pace;
    const plan = scheduleStep(this.#schedule, views, { ...this.#limits, ...free, aloneChunkMs }, stepTime);
    this.#schedule = plan.state;
    this.#pace.stepBegins(plan.promptPart);
    const rows = plan.items.map((item) => (item.kind === 'prefill' ? item.tokens : item.drafts + 1));
    this.#planned(batchMs(stepTime, rows), rows.length);
    let at = 0;
    return plan.items.flatMap((item) => {
      // Items have the order of the views, except that a prompt chunk comes last.
      if (item.kind === 'prefill') at = 0;
      while (at < views.length && views[at]?.id !== item.id) at += 1;
      const work = works[at];
      invariant(work !== undefined, 'the plan names an unknown session');
      return this.#try(work.entry, () => this.#begin(work, item)) ?? [];
    });
  }

  /** While sessions decode, prompts are held back until what they took is paid. */
  #viewsOf(works: readonly Work<Entry>[]): readonly SessionWork[] {
    const decoding = works.filter(({ view }) => view.prefillTokens === 0);
    const hasNewcomer = decoding.some(({ entry }) => entry.state.account.steps === 0);
    const isHeldBack = decoding.length > 0 && !this.#pace.isDue(hasNewcomer);
    return works.map(({ view }) => (isHeldBack && view.prefillTokens > 0 ? { ...view, isHeldBack } : view));
  }

  /** An error fails only this session, where the host takes it. */
  #try<Value>(entry: Entry, work: (entry: Entry) => Value): Value | undefined {
    const { failed } = this.#host;
    if (failed === undefined) return work(entry);
    try {
      return work(entry);
    } catch (error) {
      failed.call(this.#host, entry, error);
      return undefined;
    }
  }

  #begin({ entry, heldTokens }: Work<Entry>, item: StepItem): StepPart<Entry> {
    this.#evaluates(entry, item.kind === 'prefill' ? item.tokens : item.drafts + 1);
    if (item.kind === 'prefill') {
      const scores = promptPart(entry.state, heldTokens, item.tokens);
      return { entry, heldTokens, prefillTokens: item.tokens, scores, ticket: null };
    }
    this.#sessions.step(entry, { kind: 'step-started', drafts: item.drafts });
    const { ticket } = entry.state;
    invariant(ticket !== null, 'a step that did not start');
    return { entry, heldTokens, prefillTokens: 0, scores: null, ticket };
  }

  /** Prefill does not wait for the mode; decoding does. */
  readonly #workOf = (entry: Entry): FreshWork<Entry> | undefined => {
    if (!entry.hasPlace || !isWritable(entry.state)) return undefined;
    const heldTokens = this.#host.heldTokens(entry);
    const prefillTokens = mostPromptTokens(entry.state, entry.state.text.length - 1 - heldTokens);
    const { number: id, share: weight } = entry;
    if (prefillTokens > 0) {
      if (modeOf(entry.state.open.mode).edgeLooksUp) this.#host.readAhead?.(entry);
      const tokenMs = this.#pace.tokenMs(entry);
      return { entry, heldTokens, view: { id, weight, prefillTokens, drafts: 0, acceptance: 0, tokenMs } };
    }
    if (this.#host.isReady?.(entry) === false) return undefined;
    this.#lookUp(entry);
    const { state } = entry;
    const drafts = readyDrafts(state, entry.wanted.drafts);
    if (drafts === null) return undefined;
    const beside = { confidences: lookUpChances(state), target: this.#targetOf(entry) };
    return { entry, heldTokens, view: { ...beside, id, weight, prefillTokens, drafts, acceptance: 0 } };
  };

  /** Takes drafts from the text (look-up) for a session that has none. */
  #lookUp(entry: Entry): void {
    const { state } = entry;
    if (!modeOf(state.open.mode).edgeLooksUp || !lacksEdgeDrafts(state)) return;
    const drafts = this.#host.lookUp(entry);
    if (drafts !== undefined) this.#sessions.step(entry, { kind: 'edge-drafted', drafts });
  }
}
