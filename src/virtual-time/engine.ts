// The engine of an edge in virtual time: whenever it is free and any session has work, one step is planned by the real scheduler;
// it lasts as long as the step law says, give or take, and ends with the target's candidates.

import type { Random } from '../basics/philox.ts';
import type { Candidates } from '../decoding/candidates.ts';
import { lookedUpDrafts, lookUpChances } from '../protocol/edge-chain.ts';
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
import { type StepTimeModel, stepMs } from '../scheduling/step-time.ts';
import type { VirtualLookUp, VirtualTarget } from './model.ts';
import type { VirtualProcess } from './process.ts';
import type { VirtualSession, VirtualSessions } from './sessions.ts';

export interface EngineSettings {
  readonly stepTime: StepTimeModel;
  /** What the scheduler takes a step for when it judges whether a draft pays; default: `stepTime`. */
  readonly judgedStepTime?: StepTimeModel;
  /** Step times are uniform within this share, up and down. */
  readonly stepJitter: number;
  readonly limits: StepLimits;
  /** Looked up for a step that would have no drafts, mode `stream`. */
  readonly lookUp?: { readonly source: VirtualLookUp; readonly tokenCount: number };
}

/** What the engine has done. */
export interface EngineAccount {
  steps: number;
  /** Rows of decoding sessions; prompt tokens are counted apart. */
  rows: number;
  prefillTokens: number;
  busyMs: number;
}

/** A session's part of the step that is being run: a chunk of its prompt, or, with a ticket, rows. */
interface Running {
  readonly session: VirtualSession;
  readonly generation: number;
  readonly prefillTokens: number;
  readonly ticket: StepTicket | null;
  readonly rows: readonly Candidates[];
}

const noRows: readonly Candidates[] = [];

export class VirtualEngine {
  readonly account: EngineAccount = { steps: 0, rows: 0, prefillTokens: 0, busyMs: 0 };
  readonly #process: VirtualProcess;
  readonly #settings: EngineSettings;
  readonly #target: VirtualTarget;
  readonly #random: Random;
  readonly #sessions: VirtualSessions;
  #schedule: ScheduleState = freshSchedule;
  #isBusy = false;
  #isAwake = false;

  constructor(
    process: VirtualProcess,
    settings: EngineSettings,
    target: VirtualTarget,
    random: Random,
    sessions: VirtualSessions,
  ) {
    this.#process = process;
    this.#settings = settings;
    this.#target = target;
    this.#random = random;
    this.#sessions = sessions;
  }

  /** Something may have become possible. What else happens at this moment is let in before a step is planned. */
  wake(): void {
    if (this.#isBusy || this.#isAwake) return;
    this.#isAwake = true;
    this.#process.post(0, () => {
      this.#isAwake = false;
      this.#plan();
    });
  }

  /** What was running is lost. */
  reset(): void {
    this.#schedule = freshSchedule;
    this.#isBusy = false;
    this.#isAwake = false;
  }

  #plan(): void {
    const works: VirtualSession[] = [];
    const views: SessionWork[] = [];
    for (const session of this.#sessions.entries) {
      const view = this.#view(session);
      if (view === undefined) continue;
      works.push(session);
      views.push(view);
    }
    if (views.length === 0) return;
    // What sessions say while the step begins must not plan a second one beside it.
    this.#isBusy = true;
    const { limits, stepTime, judgedStepTime = stepTime } = this.#settings;
    const plan = scheduleStep(this.#schedule, views, limits, judgedStepTime);
    this.#schedule = plan.state;
    const running: Running[] = [];
    let tokens = 0;
    let at = 0;
    for (const item of plan.items) {
      // Items are in the order of the views, but for a chunk, which comes last.
      if (item.kind === 'prefill') at = 0;
      while (views[at]?.id !== item.id) at += 1;
      tokens += item.kind === 'decode' ? item.drafts + 1 : item.tokens;
      running.push(this.#begin(works[at] as VirtualSession, item));
    }
    const jitter = 1 + this.#settings.stepJitter * (2 * this.#random.uniform() - 1);
    const durationMs = stepMs(stepTime, tokens) * jitter;
    this.account.steps += 1;
    this.account.busyMs += durationMs;
    this.#process.post(durationMs, () => {
      for (const part of running) this.#finish(part);
      this.#isBusy = false;
      this.wake();
    });
  }

  #view(session: VirtualSession): SessionWork | undefined {
    if (!session.hasPlace || !isWritable(session.state)) return undefined;
    const evaluated = Math.min(session.evaluatedTokens, session.state.text.length - 1);
    const prefillTokens = session.state.text.length - 1 - evaluated;
    if (prefillTokens === 0) this.#lookUp(session);
    const { state } = session;
    const drafts = readyDrafts(state, session.wanted.drafts);
    if (drafts === null) return undefined;
    return {
      id: session.number,
      weight: session.share,
      prefillTokens,
      drafts,
      acceptance: expectedAcceptance(state),
      confidences: lookUpChances(state),
    };
  }

  /** For the step that the session could run now, where no draft is at hand. */
  #lookUp(session: VirtualSession): void {
    const { lookUp } = this.#settings;
    const { state } = session;
    if (lookUp === undefined || !modeOf(state.open.mode).edgeLooksUp || !lacksEdgeDrafts(state)) return;
    const made = lookedUpDrafts(state, lookUp.source.lookUp(state, lookUp.tokenCount));
    this.#sessions.step(session, { kind: 'edge-drafted', drafts: made });
  }

  /** A decoding session's drafts are fixed now: the step is judged against this ticket, whatever arrives meanwhile. */
  #begin(session: VirtualSession, item: StepItem): Running {
    if (item.kind === 'prefill') {
      this.account.prefillTokens += item.tokens;
      return { session, generation: session.state.generation, prefillTokens: item.tokens, ticket: null, rows: noRows };
    }
    this.#sessions.step(session, { kind: 'step-started', drafts: item.drafts });
    const ticket = session.state.ticket as StepTicket;
    const rows = this.#target.rows(session.state, ticket.drafts);
    this.account.rows += rows.length;
    return { session, generation: ticket.generation, prefillTokens: 0, ticket, rows };
  }

  #finish({ session, generation, prefillTokens, ticket, rows }: Running): void {
    const isCurrent = session.state.generation === generation;
    if (ticket === null) {
      if (isCurrent) session.evaluatedTokens += prefillTokens;
      return;
    }
    this.#sessions.step(session, { kind: 'step-done', ticket, rows });
    if (isCurrent) session.evaluatedTokens = Math.max(ticket.length, session.state.text.length - 1);
  }
}
