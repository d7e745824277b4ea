// Runs the engine: while any session has work, plans a step, runs it and passes the results to the sessions. It never waits for a device.
// core/protocol/edge/engine-steps.ts decides what a step holds; the session's machine decides what it commits.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/basics/clock.ts';
import { isOutriderError, type OutriderError } from '../../core/basics/errors.ts';
import { invariant } from '../../core/basics/invariant.ts';
import type { Candidates } from '../../core/decoding/candidates.ts';
import { promptAsks, promptScored } from '../../core/protocol/edge/edge-scores.ts';
import type { StepPart } from '../../core/protocol/edge/engine-steps.ts';
import { batchMs, observeBatch, type StepTimeModel, stepMs } from '../../core/scheduling/step-time.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import type { MeteredStep } from './edge-meter.ts';
import type { EdgeSessions, LiveEdgeCore, SessionEntry } from './edge-sessions.ts';
import { stallLimitMs, watchEngine } from './engine-watch.ts';
import { emptySequence, keepPrefix } from './kv-sequences.ts';
import { LateParts, type LatePartsHost, type RunningPart } from './late-parts.ts';
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
  /** The engine runs in another process and was lost: sessions wait until it is back. */
  readonly engineAway: boolean;
  /** How often they began to wait for it, or for it to read their texts again. */
  readonly engineWaits: number;
}

/** What the loop needs of the sessions' resources. */
export type LoopSessions = Pick<LatePartsHost, 'asks' | 'refuse'> & Pick<EdgeSessions, 'draftPass'>;

/** How the loop plans, and when it gives a step up. */
export interface LoopPlan {
  readonly stepTime: StepTimeModel;
  /** Whether measured steps correct `stepTime`. */
  readonly learns: boolean;
  /** Least time after which a step counts as one that will not return, ms. */
  readonly stallAfterMs: number;
}

/** What the loop reports to the edge; neither may throw. */
export interface LoopObserver {
  /** A failure of the engine, of a session or of the loop itself. */
  failed(error: unknown): void;
  /** The engine has not returned for too long, or has returned after all. */
  stalled(isStalled: boolean): void;
  /**
   * The engine has returned from a step.
   * @param addedMs its time above the expected one, ms; null: it has read a prompt
   * @param step what it held
   * @returns whether nothing else ran on the machine for the edge, so that the time is that of the target alone
   */
  stepped(addedMs: number | null, step: MeteredStep): boolean;
}

/** A step waits for masks a part of its own time, within bounds, ms: sessions without a grammar must hardly notice. */
const patienceOf = (expectedMs: number): number => Math.min(20, Math.max(2, expectedMs / 4));
/** After so many rounds that failed as a whole, in a row, no session can be served, so all are refused. */
const mostFailedRounds = 3;
const longestPauseMs = 1000;
/** What a device is sent: the engine's own words may hold paths, so only the operator gets them. */
const engineFailed = 'the engine failed';
const useAnother = 'use another edge; its operator has the cause in the log';
/** What a device is sent for errors of the engine with a code. */
const engineRefusals: ReadonlyMap<string, Parameters<LiveEdgeCore['refuse']>[1]> = new Map(
  (
    [
      ['engine-failed', "the edge's model computes no numbers", 'use another edge; its operator checks the model file'],
      ['engine-refused', "the edge's engine breaks its protocol", useAnother],
      ['engine-changed', "the edge's engine has become another one", useAnother],
      ['engine-lost', "the edge's engine was lost", useAnother],
      ['memory-full', "the edge's engine has no memory left for the text", 'try again when other answers have ended'],
    ] as const
  ).map(([code, cause, remedy]) => [code, { code, cause, remedy }]),
);

export class EngineLoop {
  readonly #model: LanguageModel;
  readonly #clock: Clock;
  readonly #observer: LoopObserver;
  readonly #plan: LoopPlan;
  #stepTime: StepTimeModel;
  #wakeUp: (() => void) | null = null;
  #awake = false;
  #closed = false;
  #isStalled = false;
  readonly #account = { steps: 0, rows: 0, prefillTokens: 0, busyMs: 0, roundMs: 0, failures: 0 };
  readonly #rounds = new StepHistogram();
  /** When the engine returned from the last step; null: there was no work since. */
  #endedMs: number | null = null;

  constructor(model: LanguageModel, clock: Clock, plan: LoopPlan, observer: LoopObserver) {
    this.#model = model;
    this.#clock = clock;
    this.#plan = plan;
    this.#stepTime = plan.stepTime;
    this.#observer = observer;
  }

  get account(): LoopAccount {
    const { isWaiting = false, waitCount: engineWaits = 0 } = this.#model;
    return { ...this.#account, p99StepMs: this.#rounds.quantile(0.99), engineAway: isWaiting, engineWaits };
  }

  get stepTime(): StepTimeModel {
    return this.#stepTime;
  }

  /** The engine has not returned from a step for too long. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** There may be a step to run. */
  wake(): void {
    this.#awake = true;
    this.#wakeUp?.();
  }

  /** Makes {@link run} resolve after the running step, which is not waited for while its engine is away. */
  close(): void {
    this.#closed = true;
    this.#waits();
    this.wake();
  }

  /** Whether the engine is away. A loop that is to end does not wait for it. */
  #waits(): boolean {
    const isWaiting = this.#model.isWaiting === true;
    if (isWaiting && this.#closed) this.#giveUp();
    return isWaiting;
  }

  #giveUp(): void {
    try {
      this.#model.giveUp?.();
    } catch (error) {
      this.#noteFailure(error);
    }
  }

  /** Never rejects: a round that fails is reported, and the next one follows. */
  async run(core: LiveEdgeCore, sessions: LoopSessions): Promise<void> {
    let failedRounds = 0;
    const late = new LateParts(this.#clock, {
      asks: (entry, ticket) => sessions.asks(entry, ticket),
      refuse: (entry, error) => sessions.refuse(entry, error),
      missed: (entry, ticket) => core.sessions.step(entry, { kind: 'step-missed', ticket }),
      wake: () => this.wake(),
    });
    while (!this.#closed) {
      this.#awake = false;
      try {
        const ran = await this.#round(core, sessions, late);
        failedRounds = 0;
        // Drafts that arrived during the step are still in the socket; read them before the next step is planned.
        if (ran) await nextTurn();
        else if (!this.#awake) core.steps.rested(await this.#sleep());
      } catch (error) {
        failedRounds += 1;
        this.#noteFailure(error);
        if (failedRounds >= mostFailedRounds) this.#failAll(core);
        await sleep(Math.min(longestPauseMs, 2 ** failedRounds));
      }
    }
  }

  /** @returns how long, ms */
  async #sleep(): Promise<number> {
    this.#endedMs = null;
    const fromMs = this.#clock.nowMs();
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
    this.#wakeUp = null;
    return this.#clock.nowMs() - fromMs;
  }

  async #round(core: LiveEdgeCore, sessions: LoopSessions, late: LateParts): Promise<boolean> {
    const startMs = this.#clock.nowMs();
    // Parts of this step keep half of its rows.
    const kept = late.take(Math.ceil(core.steps.maxRows / 2));
    let works = core.steps.gather();
    if (works.length === 0 && kept.length === 0) return false;
    for (const pass of core.passesBefore(works, this.#stepTime)) {
      await sessions.draftPass(pass);
      works = core.steps.gather();
    }
    const begun = core.steps.begin(works, this.#stepTime, rowsOf(kept));
    const parts = begun.flatMap((part) => this.#itemOf(core, part));
    try {
      await this.#runParts(core, late, parts, kept);
    } catch (error) {
      await this.#fail(core, [...parts, ...kept], error);
    }
    const roundMs = this.#clock.nowMs() - startMs;
    this.#rounds.add(roundMs);
    this.#account.roundMs += roundMs;
    return true;
  }

  #itemOf(core: LiveEdgeCore, part: StepPart<SessionEntry>): readonly RunningPart[] {
    try {
      return [runningPart(part)];
    } catch (error) {
      this.#noteFailure(error);
      core.fail(part.entry, engineFailed);
      return [];
    }
  }

  /** @param kept parts of earlier steps */
  async #runParts(
    core: LiveEdgeCore,
    late: LateParts,
    parts: readonly RunningPart[],
    kept: readonly RunningPart[],
  ): Promise<void> {
    if (parts.length + kept.length === 0) return;
    const stopWatch = this.#watch(core, [...parts, ...kept]);
    try {
      const rows = parts.map(({ item }) => item.tokens.length);
      const asked = await late.ask(await this.#prepare(core, parts), patienceOf(batchMs(this.#stepTime, rows)));
      const running = [...kept, ...asked];
      if (running.length === 0) return;
      const results = await this.#evaluate(core, running);
      // Its sessions are refused already; what the sequences hold is not known.
      if (this.#isStalled) await this.#empty(running);
      else if (results !== null) await this.#deliver(core, running, results);
    } finally {
      stopWatch();
      if (this.#isStalled) {
        this.#isStalled = false;
        this.#observer.stalled(false);
      }
    }
  }

  /** @returns null: the engine failed, and with it the sessions of this step */
  async #evaluate(
    core: LiveEdgeCore,
    running: readonly RunningPart[],
  ): Promise<readonly (readonly Candidates[])[] | null> {
    const startMs = this.#clock.nowMs();
    const waitCount = this.#model.waitCount;
    try {
      const results = await this.#model.evaluate(running.map(({ item }) => item));
      const ms = this.#clock.nowMs() - startMs;
      const waited = this.#model.waitCount !== waitCount;
      this.#note(running, ms, waited);
      if (!waited) core.steps.ended(running, ms, this.#stepTime, this.#endedMs === null ? 0 : startMs - this.#endedMs);
      this.#endedMs = this.#clock.nowMs();
      return results;
    } catch (error) {
      await this.#fail(core, running, error);
      return null;
    }
  }

  /** Takes out of each sequence what its text does not have. */
  async #prepare(core: LiveEdgeCore, parts: readonly RunningPart[]): Promise<readonly RunningPart[]> {
    const ready: RunningPart[] = [];
    for (const part of parts) {
      try {
        await keepPrefix(part.kv, part.heldTokens);
        ready.push(part);
      } catch (error) {
        await this.#fail(core, [part], error);
      }
    }
    return ready;
  }

  /** An error here fails only one session; the others of the step have their results. */
  async #deliver(
    core: LiveEdgeCore,
    running: readonly RunningPart[],
    results: readonly (readonly Candidates[])[],
  ): Promise<void> {
    for (const { kv, owner, item } of running) {
      kv.tokens.push(...item.tokens);
      kv.filledBy = owner;
    }
    for (const [index, part] of running.entries()) {
      const { entry, ticket, scores, item } = part;
      const rows = results[index];
      try {
        if ((rows?.length ?? 0) < item.rows) {
          throw new Error(`the engine returned ${rows?.length ?? 0} of ${item.rows} rows`);
        }
        if (ticket !== null && rows !== undefined) core.sessions.step(entry, { kind: 'step-done', ticket, rows });
        if (scores !== null && rows !== undefined) core.sessions.step(entry, promptScored(scores, rows));
      } catch (error) {
        if (isOutriderError(error) && error.code === 'bad-argument') core.refuse(entry, refusalOf(error));
        else await this.#fail(core, [part], error);
      }
    }
  }

  /** Only these sessions fail. */
  async #fail(core: LiveEdgeCore, parts: readonly RunningPart[], error: unknown): Promise<void> {
    this.#noteFailure(error);
    const refusal = isOutriderError(error) ? engineRefusals.get(error.code) : undefined;
    for (const { entry } of parts) {
      if (refusal !== undefined) core.refuse(entry, refusal);
      else core.fail(entry, engineFailed);
    }
    await this.#empty(parts);
  }

  async #empty(parts: readonly RunningPart[]): Promise<void> {
    for (const { kv } of parts) await emptySequence(kv).catch((error) => this.#observer.failed(error));
  }

  #failAll(core: LiveEdgeCore): void {
    for (const entry of [...core.sessions.entries]) if (entry.state.end === null) core.fail(entry, engineFailed);
  }

  #noteFailure(error: unknown): void {
    this.#account.failures += 1;
    this.#observer.failed(error);
  }

  #watch(core: LiveEdgeCore, parts: readonly RunningPart[]): () => void {
    const rows = parts.reduce((sum, { item }) => sum + item.tokens.length, 0);
    const limitMs = stallLimitMs(stepMs(this.#stepTime, rows), this.#plan.stallAfterMs);
    const stalled = (): void => {
      this.#isStalled = true;
      this.#observer.stalled(true);
      this.#noteFailure(new Error(`the engine has not returned from a step for ${Math.round(limitMs / 1000)} s`));
      this.#failAll(core);
      this.#giveUp();
    };
    return watchEngine(this.#clock, limitMs, stalled, () => this.#waits());
  }

  /** @param waited for an engine that was away, so that the time says nothing about its speed */
  #note(running: readonly RunningPart[], ms: number, waited: boolean): void {
    const prefillTokens = running.reduce(
      (sum, { ticket, item }) => sum + (ticket === null ? item.tokens.length : 0),
      0,
    );
    const rows = rowsOf(running);
    const itemRows = running.map(({ item }) => item.tokens.length);
    const addedMs = prefillTokens > 0 || waited ? null : ms - batchMs(this.#stepTime, itemRows);
    const isAlone = this.#observer.stepped(addedMs, { sessions: running.length, rows, prefillTokens, ms });
    if (this.#plan.learns && prefillTokens === 0 && isAlone && !waited) {
      this.#stepTime = observeBatch(this.#stepTime, itemRows, ms);
    }
    this.#account.steps += 1;
    this.#account.rows += rows;
    this.#account.prefillTokens += prefillTokens;
    this.#account.busyMs += ms;
  }
}

/** Rows that are verified: not those for logprobs of prompts. */
function rowsOf(parts: readonly RunningPart[]): number {
  return parts.reduce((sum, { ticket, item }) => sum + (ticket === null ? 0 : item.rows), 0);
}

function refusalOf({
  code,
  message: cause,
  remedy,
}: OutriderError): Pick<OutriderError, 'code' | 'remedy'> & { readonly cause: string } {
  return { code, cause, remedy };
}

/** Adds to a part the tokens that the engine evaluates, and the number of rows that it returns. */
function runningPart(part: StepPart<SessionEntry>): RunningPart {
  const { entry, ticket, scores, heldTokens, prefillTokens } = part;
  const { kv, state } = entry;
  invariant(kv !== null, 'a step of a session without a sequence');
  const { text } = state;
  if (ticket === null) {
    const tokens = text.slice(heldTokens, heldTokens + prefillTokens);
    const wanted = scores === null ? { rows: 0 } : { rows: tokens.length, asks: promptAsks(scores) };
    return { ...part, kv, owner: kv.owner, item: { sequence: kv.sequence, tokens, ...wanted } };
  }
  const tokens = [text.at(text.length - 1), ...ticket.drafts];
  return { ...part, kv, owner: kv.owner, item: { sequence: kv.sequence, tokens, rows: tokens.length } };
}
