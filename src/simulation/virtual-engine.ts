// The engine of an edge in virtual time: whenever it is free and any session has work, one step is planned by the real scheduler;
// it lasts as long as the step law says, give or take, and ends with the target's candidates.

import type { Clock } from '../basics/clock.ts';
import type { Random } from '../basics/philox.ts';
import {
  freshSchedule,
  type ScheduleState,
  type SessionWork,
  type StepItem,
  type StepLimits,
  scheduleStep,
} from '../decoding/schedule-step.ts';
import { type StepTimeModel, stepMs } from '../decoding/step-time.ts';
import { lookedUpGuess, lookUpChances } from '../protocol/edge-chain.ts';
import { isWritable, lacksGuess, readyDrafts } from '../protocol/edge-session.ts';
import { expectedAcceptance, type StepTicket } from '../protocol/edge-state.ts';
import type { VirtualLookUp, VirtualTarget } from './virtual-model.ts';
import type { VirtualSession, VirtualSessions } from './virtual-sessions.ts';

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

export class VirtualEngine {
  readonly account: EngineAccount = { steps: 0, rows: 0, prefillTokens: 0, busyMs: 0 };
  readonly #clock: Clock;
  readonly #settings: EngineSettings;
  readonly #target: VirtualTarget;
  readonly #random: Random;
  readonly #sessions: VirtualSessions;
  #schedule: ScheduleState = freshSchedule;
  #isBusy = false;
  #isAwake = false;

  constructor(
    clock: Clock,
    settings: EngineSettings,
    target: VirtualTarget,
    random: Random,
    sessions: VirtualSessions,
  ) {
    this.#clock = clock;
    this.#settings = settings;
    this.#target = target;
    this.#random = random;
    this.#sessions = sessions;
  }

  /** Something may have become possible. What else happens at this moment is let in before a step is planned. */
  wake(): void {
    if (this.#isBusy || this.#isAwake) return;
    this.#isAwake = true;
    this.#clock.after(0, () => {
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
    const works = new Map<number, VirtualSession>();
    const views: SessionWork[] = [];
    for (const session of this.#sessions.entries) {
      const view = this.#view(session);
      if (view === undefined) continue;
      works.set(session.number, session);
      views.push(view);
    }
    if (views.length === 0) return;
    // What sessions say while the step begins must not plan a second one beside it.
    this.#isBusy = true;
    const { limits, stepTime, judgedStepTime = stepTime } = this.#settings;
    const plan = scheduleStep(this.#schedule, views, limits, judgedStepTime);
    this.#schedule = plan.state;
    const running = plan.items.map((item) => this.#begin(works.get(item.id) as VirtualSession, item));
    const tokens = plan.items.reduce((sum, item) => sum + (item.kind === 'decode' ? item.drafts + 1 : item.tokens), 0);
    const jitter = 1 + this.#settings.stepJitter * (2 * this.#random.uniform() - 1);
    const durationMs = stepMs(stepTime, tokens) * jitter;
    this.account.steps += 1;
    this.account.busyMs += durationMs;
    this.#clock.after(durationMs, () => {
      for (const finish of running) finish();
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
    const shared = { id: session.number, share: session.share, prefillTokens, drafts };
    return { ...shared, acceptance: expectedAcceptance(state), confidences: lookUpChances(state) };
  }

  /** For the step that the session could run now, where no draft is at hand. */
  #lookUp(session: VirtualSession): void {
    const { lookUp } = this.#settings;
    const { state } = session;
    if (lookUp === undefined || state.open.pacing !== 'stream' || !lacksGuess(state)) return;
    const guess = lookedUpGuess(state, lookUp.source.guess(state, lookUp.tokenCount));
    this.#sessions.step(session, { kind: 'guess-made', guess });
  }

  /** A decoding session's drafts are fixed now: the step is judged against this ticket, whatever arrives meanwhile. */
  #begin(session: VirtualSession, item: StepItem): () => void {
    if (item.kind === 'prefill') {
      this.account.prefillTokens += item.tokens;
      const { generation } = session.state;
      return () => {
        if (session.state.generation === generation) session.evaluatedTokens += item.tokens;
      };
    }
    this.#sessions.step(session, { kind: 'step-started', drafts: item.drafts });
    const ticket = session.state.ticket as StepTicket;
    const rows = this.#target.rows(session.state, ticket.drafts);
    this.account.rows += rows.length;
    return () => {
      const isCurrent = session.state.generation === ticket.generation;
      this.#sessions.step(session, { kind: 'step-done', ticket, rows });
      if (isCurrent) session.evaluatedTokens = Math.max(ticket.length, session.state.text.length - 1);
    };
  }
}
