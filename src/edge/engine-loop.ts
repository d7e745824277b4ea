// Keeps the engine busy: whenever it is free and any session has work, one step is planned, run and judged. It never waits for
// a device. Which rows go into a step is scheduleStep's decision; what a row commits is the session machine's.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../basics/clock.ts';
import { invariant } from '../basics/invariant.ts';
import type { Candidates } from '../decoding/candidates.ts';
import type { EvaluateItem, LanguageModel } from '../models/model.ts';
import { lookUpChances } from '../protocol/edge-chain.ts';
import { isWritable, lacksEdgeDrafts, readyDrafts } from '../protocol/edge-session.ts';
import { expectedAcceptance, type StepTicket } from '../protocol/edge-state.ts';
import { modeOf } from '../protocol/mode.ts';
import {
  freshSchedule,
  type ScheduleState,
  type SessionWork,
  type StepItem,
  type StepLimits,
  scheduleStep,
} from '../scheduling/schedule-step.ts';
import { observeBatch, type StepTimeModel } from '../scheduling/step-time.ts';
import type { EdgeSessions, SessionEntry } from './edge-sessions.ts';
import { emptySequence, heldPrefix, type KvSequence, keepPrefix } from './kv-sequences.ts';
import { StepHistogram } from './step-histogram.ts';

/** What the loop has done since it started. */
export interface LoopAccount {
  readonly steps: number;
  readonly rows: number;
  readonly prefillTokens: number;
  /** In the engine. */
  readonly busyMs: number;
  /** In rounds that ran a step: planning, engine, judging, sending. What is more than `busyMs` is the edge's own work. */
  readonly roundMs: number;
  /** 99 of 100 rounds took no longer, to within 9 %. */
  readonly p99StepMs: number;
  readonly failures: number;
}

interface Work {
  readonly entry: SessionEntry;
  readonly kv: KvSequence;
  readonly heldTokens: number;
  readonly view: SessionWork;
}

interface RunningItem {
  readonly work: Work;
  readonly ticket: StepTicket | null;
  readonly item: EvaluateItem;
}

/** What the loop plans with. */
export interface LoopPlan {
  readonly limits: StepLimits;
  readonly stepTime: StepTimeModel;
  /** Whether measured steps correct `stepTime`. */
  readonly learns: boolean;
}

export class EngineLoop {
  readonly #model: LanguageModel;
  readonly #clock: Clock;
  readonly #limits: StepLimits;
  readonly #onFailure: (error: unknown) => void;
  readonly #learns: boolean;
  #stepTime: StepTimeModel;
  #schedule: ScheduleState = freshSchedule;
  #wakeUp: (() => void) | null = null;
  #awake = false;
  #closed = false;
  #account = { steps: 0, rows: 0, prefillTokens: 0, busyMs: 0, roundMs: 0, failures: 0 };
  readonly #rounds = new StepHistogram();

  constructor(
    model: LanguageModel,
    clock: Clock,
    { limits, stepTime, learns }: LoopPlan,
    onFailure: (error: unknown) => void,
  ) {
    this.#model = model;
    this.#clock = clock;
    this.#limits = limits;
    this.#stepTime = stepTime;
    this.#learns = learns;
    this.#onFailure = onFailure;
  }

  get account(): LoopAccount {
    return { ...this.#account, p99StepMs: this.#rounds.quantile(0.99) };
  }

  get stepTime(): StepTimeModel {
    return this.#stepTime;
  }

  /** Something may have become possible. */
  wake(): void {
    this.#awake = true;
    this.#wakeUp?.();
  }

  /** Resolves after the step in flight. */
  close(): void {
    this.#closed = true;
    this.wake();
  }

  async run(sessions: EdgeSessions): Promise<void> {
    while (!this.#closed) {
      this.#awake = false;
      const ran = await this.#round(sessions);
      // Drafts that arrived during the step are still in the socket: let them in before the next one is planned.
      if (ran) await nextTurn();
      else if (!this.#awake) await this.#sleep();
    }
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
    this.#wakeUp = null;
  }

  async #round(sessions: EdgeSessions): Promise<boolean> {
    const startMs = this.#clock.nowMs();
    const works = new Map<number, Work>();
    for (const entry of sessions.entries) {
      const work = workOf(sessions, entry);
      if (work !== undefined) works.set(entry.number, work);
    }
    if (works.size === 0) return false;
    const views = [...works.values()].map(({ view }) => view);
    const plan = scheduleStep(this.#schedule, views, this.#limits, this.#stepTime);
    this.#schedule = plan.state;
    const running: RunningItem[] = [];
    for (const item of plan.items) {
      const work = works.get(item.id);
      invariant(work !== undefined, 'the plan names an unknown session');
      running.push(begin(sessions, work, item));
    }
    await this.#runItems(sessions, running);
    const roundMs = this.#clock.nowMs() - startMs;
    this.#rounds.add(roundMs);
    this.#account = { ...this.#account, roundMs: this.#account.roundMs + roundMs };
    return true;
  }

  async #runItems(sessions: EdgeSessions, running: readonly RunningItem[]): Promise<void> {
    const startMs = this.#clock.nowMs();
    try {
      for (const { work } of running) await keepPrefix(work.kv, work.heldTokens);
      const results = await this.#model.evaluate(running.map(({ item }) => item));
      this.#note(running, this.#clock.nowMs() - startMs);
      for (const { work, item } of running) work.kv.tokens.push(...item.tokens);
      for (const [index, item] of running.entries()) await this.#judge(sessions, item, results[index] ?? []);
    } catch (error) {
      await this.#fail(sessions, running, error);
    }
  }

  /** What fails here is one session's matter: the others of the step have their rows. */
  async #judge(sessions: EdgeSessions, item: RunningItem, rows: readonly Candidates[]): Promise<void> {
    const { work, ticket } = item;
    if (ticket === null) return;
    try {
      sessions.step(work.entry, { kind: 'step-done', ticket, rows });
    } catch (error) {
      await this.#fail(sessions, [item], error);
    }
  }

  /** An engine that fails takes its sessions of this step with it, and no others. */
  async #fail(sessions: EdgeSessions, running: readonly RunningItem[], error: unknown): Promise<void> {
    this.#account = { ...this.#account, failures: this.#account.failures + 1 };
    this.#onFailure(error);
    const cause = `the engine failed: ${error instanceof Error ? error.message : String(error)}`;
    for (const { work } of running) {
      sessions.step(work.entry, { kind: 'step-failed', cause });
      await emptySequence(work.kv).catch(() => {});
    }
  }

  #note(running: readonly RunningItem[], ms: number): void {
    const prefillTokens = running.reduce(
      (sum, { ticket, item }) => sum + (ticket === null ? item.tokens.length : 0),
      0,
    );
    const rows = running.reduce((sum, { item }) => sum + item.rows, 0);
    if (this.#learns && prefillTokens === 0) {
      const itemRows = running.map(({ item }) => item.tokens.length);
      this.#stepTime = observeBatch(this.#stepTime, itemRows, ms);
    }
    this.#account = {
      ...this.#account,
      steps: this.#account.steps + 1,
      rows: this.#account.rows + rows,
      prefillTokens: this.#account.prefillTokens + prefillTokens,
      busyMs: this.#account.busyMs + ms,
    };
  }
}

/** A prompt is evaluated as soon as it is there, whatever the session's mode waits for. */
function workOf(sessions: EdgeSessions, entry: SessionEntry): Work | undefined {
  if (entry.kv === null || !isWritable(entry.state)) return undefined;
  const { text } = entry.state;
  const heldTokens = heldPrefix(entry.kv, text, text.length - 1);
  const prefillTokens = text.length - 1 - heldTokens;
  const shared = { id: entry.number, weight: entry.share, prefillTokens };
  const isLookingUp = lacksEdgeDrafts(entry.state) && modeOf(entry.state.open.mode).edgeLooksUp;
  if (prefillTokens > 0) {
    return { entry, kv: entry.kv, heldTokens, view: { ...shared, drafts: 0, acceptance: 0 } };
  }
  const made = isLookingUp ? entry.draftSources.lookUp(entry.state) : undefined;
  if (made !== undefined) sessions.step(entry, { kind: 'edge-drafted', drafts: made });
  const drafts = readyDrafts(entry.state, entry.wanted.drafts);
  if (drafts === null) return undefined;
  const chances = { acceptance: expectedAcceptance(entry.state), confidences: lookUpChances(entry.state) };
  return { entry, kv: entry.kv, heldTokens, view: { ...shared, drafts, ...chances } };
}

/** A decoding session's drafts are fixed now: the step is judged against this ticket, whatever arrives meanwhile. */
function begin(sessions: EdgeSessions, work: Work, item: StepItem): RunningItem {
  const { entry, kv, heldTokens } = work;
  const { text } = entry.state;
  if (item.kind === 'prefill') {
    const tokens = text.slice(heldTokens, heldTokens + item.tokens);
    return { work, ticket: null, item: { sequence: kv.sequence, tokens, rows: 0 } };
  }
  sessions.step(entry, { kind: 'step-started', drafts: item.drafts });
  const { ticket } = entry.state;
  invariant(ticket !== null, 'a step that did not start');
  const tokens = [text.at(text.length - 1), ...ticket.drafts];
  return { work, ticket, item: { sequence: kv.sequence, tokens, rows: tokens.length } };
}
