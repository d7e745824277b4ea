// The engine of an edge in virtual time. While any session has work, the real scheduler plans a step; the step takes the time of the step
// law, with jitter, and ends with the target's candidates.

import type { Random } from '../../src/core/basics/philox.ts';
import type { Candidates } from '../../src/core/decoding/candidates.ts';
import type { EdgeCore } from '../../src/core/protocol/edge/edge-core.ts';
import type { PassPart } from '../../src/core/protocol/edge/edge-passes.ts';
import { promptScored } from '../../src/core/protocol/edge/edge-scores.ts';
import type { StepPart } from '../../src/core/protocol/edge/engine-steps.ts';
import type { EdgeMessage } from '../../src/core/protocol/wire/messages.ts';
import type { FrameConnection } from '../../src/core/protocol/wire/wire.ts';
import type { StepLimits } from '../../src/core/scheduling/schedule-step.ts';
import { batchMs, type StepTimeModel } from '../../src/core/scheduling/step-time.ts';
import type { VirtualLookUp, VirtualTarget } from './model.ts';
import type { VirtualProcess } from './process.ts';
import type { VirtualSession } from './sessions.ts';

export interface EngineSettings {
  readonly stepTime: StepTimeModel;
  /** Step times are uniform in the law's value * (1 ± stepJitter). */
  readonly stepJitter: number;
  readonly limits: StepLimits;
  /** Lookup for a step that would have no drafts, mode `stream`. */
  readonly lookUp?: { readonly source: VirtualLookUp; readonly tokenCount: number };
}

/** Counts since the start. */
export interface EngineAccount {
  steps: number;
  /** Rows of decoding sessions, without prompt tokens. */
  rows: number;
  prefillTokens: number;
  busyMs: number;
}

/** A session's part of the running step, and the target's candidates for its rows. */
interface Running extends StepPart<VirtualSession> {
  readonly generation: number;
  readonly placeCount: number;
  readonly rows: readonly Candidates[];
}

const noRows: readonly Candidates[] = [];

/** What an observer of the edge sees of its engine. */
export interface EngineObserver {
  begins?(parts: readonly StepPart<VirtualSession>[]): void;
  /** @param generation of the session's text when the step began */
  ends?(part: StepPart<VirtualSession>, generation: number): void;
}

type Core = Pick<
  EdgeCore<VirtualSession, FrameConnection<EdgeMessage>>,
  'sessions' | 'steps' | 'passesBefore' | 'fail'
>;
type Works = ReturnType<Core['steps']['gather']>;

/**
 * Runs a pass of the edge's draft model on the engine's accelerator, and then calls `ended`.
 * @returns its time, ms
 */
export type RunPass = (pass: readonly PassPart<VirtualSession>[], ended: () => void) => number;

export class VirtualEngine {
  readonly account: EngineAccount = { steps: 0, rows: 0, prefillTokens: 0, busyMs: 0 };
  readonly #process: VirtualProcess;
  readonly #settings: EngineSettings;
  readonly #target: VirtualTarget;
  readonly #random: Random;
  readonly #core: Core;
  readonly #runPass: RunPass;
  readonly #observer: EngineObserver;
  #isBusy = false;
  #isAwake = false;
  #isHung = false;
  #failsNext = false;
  #delayMs = 0;

  constructor(
    process: VirtualProcess,
    settings: EngineSettings,
    target: VirtualTarget,
    random: Random,
    core: Core,
    runPass: RunPass,
    observer: EngineObserver = {},
  ) {
    this.#runPass = runPass;
    this.#observer = observer;
    this.#process = process;
    this.#settings = settings;
    this.#target = target;
    this.#random = random;
    this.#core = core;
  }

  /** There may be a step to run. All other events of this moment come before the step is planned. */
  wake(): void {
    if (this.#isBusy || this.#isAwake || this.#isHung) return;
    this.#isAwake = true;
    this.#process.post(0, this.#planNow);
  }

  readonly #planNow = (): void => {
    this.#isAwake = false;
    if (!this.#isHung) this.#plan();
  };

  /** Runs no step for this long, ms, while the connections of the edge stay alive. */
  hang(durationMs: number): void {
    this.#isHung = true;
    this.#process.post(durationMs, () => {
      this.#isHung = false;
      this.wake();
    });
  }

  /** The next step that ends fails, and with it all its sessions. */
  failNext(): void {
    this.#failsNext = true;
  }

  delayNext(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Drops the running step. */
  reset(): void {
    this.#failsNext = false;
    this.#delayMs = 0;
    this.#isHung = false;
    this.#isBusy = false;
    this.#isAwake = false;
  }

  #plan(): void {
    // Calls of `wake` while drafts are made, or the step begins, must not plan a second step.
    this.#isBusy = true;
    const works = this.#core.steps.gather();
    this.#draft(works, this.#core.passesBefore(works, this.#settings.stepTime));
  }

  /** Passes of the draft model, one after the other, and the step after the last one. */
  #draft(works: Works, passes: ReturnType<Core['passesBefore']>): void {
    const { value: pass } = passes.next();
    if (pass === undefined) this.#step(works);
    else this.account.busyMs += this.#runPass(pass, () => this.#draft(this.#core.steps.gather(), passes));
  }

  #step(works: Works): void {
    const { stepTime, stepJitter } = this.#settings;
    if (works.length === 0) {
      this.#isBusy = false;
      return;
    }
    const parts = this.#core.steps.begin(works, stepTime);
    this.#observer.begins?.(parts);
    const running = parts.map((part) => this.#begin(part));
    const jitter = 1 + stepJitter * (2 * this.#random.uniform() - 1);
    const itemRows = running.map(({ prefillTokens, ticket }) =>
      ticket === null ? prefillTokens : ticket.drafts.length + 1,
    );
    const durationMs = batchMs(stepTime, itemRows) * jitter + this.#delayMs;
    this.#delayMs = 0;
    this.account.steps += 1;
    this.account.busyMs += durationMs;
    this.#process.post(durationMs, () => {
      const isFailed = this.#failsNext;
      this.#failsNext = false;
      for (const part of running) {
        if (isFailed) this.#core.fail(part.entry, 'the engine failed');
        else this.#finish(part);
      }
      this.#isBusy = false;
      this.wake();
    });
  }

  #begin(part: StepPart<VirtualSession>): Running {
    const { entry, prefillTokens, ticket } = part;
    const rows = ticket === null ? this.#promptRows(part) : this.#target.rows(entry.state, ticket.drafts);
    this.account.prefillTokens += prefillTokens;
    this.account.rows += ticket === null ? 0 : rows.length;
    return { ...part, generation: entry.state.generation, placeCount: entry.placeCount, rows };
  }

  #promptRows({ entry, scores }: StepPart<VirtualSession>): readonly Candidates[] {
    return (scores === null ? undefined : this.#target.promptRows?.(entry.state, scores)) ?? noRows;
  }

  #finish(running: Running): void {
    const { entry, generation, placeCount, heldTokens, prefillTokens, scores, ticket, rows } = running;
    const isCurrent = entry.state.generation === generation && entry.placeCount === placeCount;
    if (ticket === null) {
      if (isCurrent) entry.evaluatedTokens = Math.min(entry.evaluatedTokens, heldTokens) + prefillTokens;
      if (scores !== null) this.#core.sessions.step(entry, promptScored(scores, rows));
    } else {
      this.#core.sessions.step(entry, { kind: 'step-done', ticket, rows });
      if (isCurrent) entry.evaluatedTokens = Math.max(ticket.length, entry.state.text.length - 1);
    }
    this.#observer.ends?.(running, generation);
  }
}
