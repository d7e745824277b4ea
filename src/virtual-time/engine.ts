// The engine of an edge in virtual time: whenever it is free and any session has work, one step is planned by the real scheduler;
// it lasts as long as the step law says, give or take, and ends with the target's candidates.

import type { Random } from '../basics/philox.ts';
import type { Candidates } from '../decoding/candidates.ts';
import type { EdgeCore } from '../protocol/edge-core.ts';
import type { StepPart } from '../protocol/engine-steps.ts';
import type { EdgeMessage } from '../protocol/messages.ts';
import type { FrameConnection } from '../protocol/wire.ts';
import type { StepLimits } from '../scheduling/schedule-step.ts';
import { batchMs, type StepTimeModel } from '../scheduling/step-time.ts';
import type { VirtualLookUp, VirtualTarget } from './model.ts';
import type { VirtualProcess } from './process.ts';
import type { VirtualSession } from './sessions.ts';

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

/** A session's part of the step that is being run, and what the target says to its rows. */
interface Running extends StepPart<VirtualSession> {
  readonly generation: number;
  readonly rows: readonly Candidates[];
}

const noRows: readonly Candidates[] = [];

type Core = Pick<EdgeCore<VirtualSession, FrameConnection<EdgeMessage>>, 'sessions' | 'steps'>;

export class VirtualEngine {
  readonly account: EngineAccount = { steps: 0, rows: 0, prefillTokens: 0, busyMs: 0 };
  readonly #process: VirtualProcess;
  readonly #settings: EngineSettings;
  readonly #target: VirtualTarget;
  readonly #random: Random;
  readonly #core: Core;
  #isBusy = false;
  #isAwake = false;

  constructor(process: VirtualProcess, settings: EngineSettings, target: VirtualTarget, random: Random, core: Core) {
    this.#process = process;
    this.#settings = settings;
    this.#target = target;
    this.#random = random;
    this.#core = core;
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
    this.#isBusy = false;
    this.#isAwake = false;
  }

  #plan(): void {
    const { stepTime, judgedStepTime = stepTime, stepJitter } = this.#settings;
    // What sessions say while the step begins must not plan a second one beside it.
    this.#isBusy = true;
    const works = this.#core.steps.gather();
    if (works.length === 0) {
      this.#isBusy = false;
      return;
    }
    const running = this.#core.steps.begin(works, judgedStepTime).map((part) => this.#begin(part));
    const jitter = 1 + stepJitter * (2 * this.#random.uniform() - 1);
    const itemRows = running.map(({ prefillTokens, ticket }) =>
      ticket === null ? prefillTokens : ticket.drafts.length + 1,
    );
    const durationMs = batchMs(stepTime, itemRows) * jitter;
    this.account.steps += 1;
    this.account.busyMs += durationMs;
    this.#process.post(durationMs, () => {
      for (const part of running) this.#finish(part);
      this.#isBusy = false;
      this.wake();
    });
  }

  #begin(part: StepPart<VirtualSession>): Running {
    const { entry, prefillTokens, ticket } = part;
    const rows = ticket === null ? noRows : this.#target.rows(entry.state, ticket.drafts);
    this.account.prefillTokens += prefillTokens;
    this.account.rows += rows.length;
    return { ...part, generation: entry.state.generation, rows };
  }

  #finish({ entry, generation, prefillTokens, ticket, rows }: Running): void {
    const isCurrent = entry.state.generation === generation;
    if (ticket === null) {
      if (isCurrent) entry.evaluatedTokens += prefillTokens;
      return;
    }
    this.#core.sessions.step(entry, { kind: 'step-done', ticket, rows });
    if (isCurrent) entry.evaluatedTokens = Math.max(ticket.length, entry.state.text.length - 1);
  }
}
