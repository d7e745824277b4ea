// Runs the engine: while any session has work, plans a step, runs it and passes the results to the sessions. It never waits for a device.
// protocol/engine-steps.ts decides what a step holds; the session's machine decides what it commits.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../basics/clock.ts';
import { invariant } from '../basics/invariant.ts';
import type { Candidates } from '../decoding/candidates.ts';
import type { EvaluateItem, LanguageModel } from '../models/model.ts';
import type { StepPart } from '../protocol/engine-steps.ts';
import { observeBatch, type StepTimeModel } from '../scheduling/step-time.ts';
import type { LiveEdgeCore, SessionEntry } from './edge-sessions.ts';
import { emptySequence, type KvSequence, keepPrefix } from './kv-sequences.ts';
import { StepHistogram } from './step-histogram.ts';

/** Counts since the start of the loop. */
export interface LoopAccount {
  readonly steps: number;
  readonly rows: number;
  readonly prefillTokens: number;
  /** Time in the engine. */
  readonly busyMs: number;
  /** Time of rounds with a step: planning, engine, verification, sending. The difference to `busyMs` is the edge's overhead. */
  readonly roundMs: number;
  /** 99th percentile of the time of a round, to within 9 %. */
  readonly p99StepMs: number;
  readonly failures: number;
}

/** A session's part of the running step, and its item for the engine. */
interface RunningPart extends StepPart<SessionEntry> {
  readonly kv: KvSequence;
  readonly item: EvaluateItem;
}

/** The step times with which the loop plans. */
export interface LoopPlan {
  readonly stepTime: StepTimeModel;
  /** Whether measured steps correct `stepTime`. */
  readonly learns: boolean;
}

export class EngineLoop {
  readonly #model: LanguageModel;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #learns: boolean;
  #stepTime: StepTimeModel;
  #wakeUp: (() => void) | null = null;
  #awake = false;
  #closed = false;
  readonly #account = { steps: 0, rows: 0, prefillTokens: 0, busyMs: 0, roundMs: 0, failures: 0 };
  readonly #rounds = new StepHistogram();

  constructor(model: LanguageModel, clock: Clock, { stepTime, learns }: LoopPlan, onFailure: (error: unknown) => void) {
    this.#model = model;
    this.#clock = clock;
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

  /** There may be a step to run. */
  wake(): void {
    this.#awake = true;
    this.#wakeUp?.();
  }

  /** Makes {@link run} resolve after the running step. */
  close(): void {
    this.#closed = true;
    this.wake();
  }

  async run(core: LiveEdgeCore): Promise<void> {
    while (!this.#closed) {
      this.#awake = false;
      const ran = await this.#round(core);
      // Drafts that arrived during the step are still in the socket; read them before the next step is planned.
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

  async #round(core: LiveEdgeCore): Promise<boolean> {
    const startMs = this.#clock.nowMs();
    const works = core.steps.gather();
    if (works.length === 0) return false;
    await this.#runParts(core, core.steps.begin(works, this.#stepTime).map(runningPart));
    const roundMs = this.#clock.nowMs() - startMs;
    this.#rounds.add(roundMs);
    this.#account.roundMs += roundMs;
    return true;
  }

  async #runParts(core: LiveEdgeCore, running: readonly RunningPart[]): Promise<void> {
    const startMs = this.#clock.nowMs();
    try {
      for (const { kv, heldTokens } of running) await keepPrefix(kv, heldTokens);
      const results = await this.#model.evaluate(running.map(({ item }) => item));
      this.#note(running, this.#clock.nowMs() - startMs);
      for (const { kv, item } of running) kv.tokens.push(...item.tokens);
      for (const [index, part] of running.entries()) await this.#verify(core, part, results[index] ?? []);
    } catch (error) {
      await this.#fail(core, running, error);
    }
  }

  /** An error here fails only this session; the others of the step have their results. */
  async #verify(core: LiveEdgeCore, part: RunningPart, rows: readonly Candidates[]): Promise<void> {
    const { entry, ticket } = part;
    if (ticket === null) return;
    try {
      core.sessions.step(entry, { kind: 'step-done', ticket, rows });
    } catch (error) {
      await this.#fail(core, [part], error);
    }
  }

  /** If the engine fails, only the sessions of this step fail. */
  async #fail(core: LiveEdgeCore, running: readonly RunningPart[], error: unknown): Promise<void> {
    this.#account.failures += 1;
    this.#onFailure(error);
    const cause = `the engine failed: ${error instanceof Error ? error.message : String(error)}`;
    for (const { entry, kv } of running) {
      core.sessions.step(entry, { kind: 'step-failed', cause });
      await emptySequence(kv).catch(() => {});
    }
  }

  #note(running: readonly RunningPart[], ms: number): void {
    const prefillTokens = running.reduce(
      (sum, { ticket, item }) => sum + (ticket === null ? item.tokens.length : 0),
      0,
    );
    const rows = running.reduce((sum, { item }) => sum + item.rows, 0);
    if (this.#learns && prefillTokens === 0) {
      const itemRows = running.map(({ item }) => item.tokens.length);
      this.#stepTime = observeBatch(this.#stepTime, itemRows, ms);
    }
    this.#account.steps += 1;
    this.#account.rows += rows;
    this.#account.prefillTokens += prefillTokens;
    this.#account.busyMs += ms;
  }
}

/** Adds to a part the tokens that the engine evaluates, and the number of rows that it returns. */
function runningPart(part: StepPart<SessionEntry>): RunningPart {
  const { entry, ticket, heldTokens, prefillTokens } = part;
  const { kv, state } = entry;
  invariant(kv !== null, 'a step of a session without a sequence');
  const { text } = state;
  if (ticket === null) {
    const tokens = text.slice(heldTokens, heldTokens + prefillTokens);
    return { ...part, kv, item: { sequence: kv.sequence, tokens, rows: 0 } };
  }
  const tokens = [text.at(text.length - 1), ...ticket.drafts];
  return { ...part, kv, item: { sequence: kv.sequence, tokens, rows: tokens.length } };
}
