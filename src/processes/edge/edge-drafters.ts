// The draft model of the edge. Its KV sequences are kept for their owners, so that a turn does not evaluate the whole prompt again. The
// session decides after which text a draft is made.

import type { Clock } from '../../core/basics/clock.ts';
import { isOutriderError } from '../../core/basics/errors.ts';
import { invariant } from '../../core/basics/invariant.ts';
import { noteDraftTime, unknownTiming } from '../../core/decoding/draft-timing.ts';
import { narrowPass, type PassPrices, type PassWork } from '../../core/decoding/pass-times.ts';
import type { TokenList } from '../../core/decoding/token-list.ts';
import {
  besideMsFor,
  likelyBesideMs,
  noBesideEstimate,
  observeBeside,
} from '../../core/scheduling/draft-beside-step.ts';
import { observeStep, type StepTimeModel, stepMs } from '../../core/scheduling/step-time.ts';
import { type Draft, type DraftRequest, ModelDrafter } from '../../models/port/drafter.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { type Asker, type Owned, OwnedPool, unowned } from './owned-pool.ts';

export interface EdgeDraftModel {
  readonly model: LanguageModel;
  /** gamma, in mode edge-sd. */
  readonly draftLength: number;
  /** Time of one draft, measured at the start. */
  readonly draftTime: StepTimeModel;
  /** The draft model never works while the target steps. Default: it does where that is measured to save time. */
  readonly restsInSteps?: boolean;
  /** Most alternatives beside a draft; each needs a KV sequence more for every session. Default 0. */
  readonly hedges?: number;
  /**
   * The draft model drafts for all sessions of a step in passes before it, where there are several. Default: where a second row adds at
   * most half of a pass to it.
   */
  readonly inPasses?: boolean | undefined;
}

/** Passes of several sessions pay where a second row adds at most this share to a pass of one row. */
const cheapRow = 0.5;
/** A quicker draft has hardly any time that could be shared, and none that can be measured, ms. */
const leastPassMs = 0.5;
/** A session that is further behind has read a part of its text in this pass, so that its time is not that of rows; tokens. */
const mostRead = 8;

interface Kept extends Owned {
  readonly drafter: ModelDrafter;
}

/** The draft model for one session; see {@link EdgeDrafters.take}. */
export interface EdgeDrafter {
  readonly drafter: ModelDrafter;
  /** Null: no proposal, or no room in the context. @throws OutriderError of the engine */
  next(request: DraftRequest): Promise<Draft | null>;
  leave(): void;
  /** A draft of it may never return: no other session gets it, and steps do not count as disturbed by it. */
  abandon(): void;
}

export class EdgeDrafters {
  readonly draftLength: number;
  readonly hedges: number;
  readonly #clock: Clock;
  readonly #model: LanguageModel;
  readonly #inPasses: boolean;
  #passTime: StepTimeModel;
  readonly #kept: OwnedPool<Kept>;
  readonly #rests: boolean;
  #draftTime: StepTimeModel;
  /** Times of all passes, to see what an alternative adds to one. */
  #timing = unknownTiming;
  #beside = noBesideEstimate;
  /** Time of a pass beside the present step, or beside the last one, ms. */
  #besideMs: number;
  #stepCount = 0;
  #isStepRunning = false;
  #draftsRunning = 0;
  /** Drafts that have run beside the present step. */
  #draftsBeside = 0;

  constructor(
    { model, draftLength, draftTime, restsInSteps = false, hedges = 0, inPasses }: EdgeDraftModel,
    clock: Clock,
  ) {
    this.draftLength = draftLength;
    this.#model = model;
    this.#inPasses = inPasses ?? arePassesWorth(stepMs(draftTime, 1), stepMs(draftTime, 2));
    this.#passTime = draftTime;
    this.hedges = hedges;
    this.#clock = clock;
    this.#kept = new OwnedPool((count, hasIdle) => createKept(model, 1 + hedges, count, hasIdle));
    this.#draftTime = draftTime;
    this.#rests = restsInSteps;
    this.#besideMs = restsInSteps ? Number.POSITIVE_INFINITY : 0;
  }

  /** Recent time of one draft. */
  get draftMs(): number {
    return stepMs(this.#draftTime, 1);
  }

  /** See {@link EdgeDraftFigures}; undefined: one draft at a time. */
  get passTime(): StepTimeModel | undefined {
    return this.#inPasses ? this.#passTime : undefined;
  }

  /** One pass for these drafters: a draft of each. @throws OutriderError of the engine */
  async pass(
    parts: readonly { readonly drafter: EdgeDrafter; readonly request: DraftRequest }[],
  ): Promise<readonly (Draft | null)[]> {
    const startMs = this.#clock.nowMs();
    const own = parts.map(({ drafter, request }) => ({ drafter: drafter.drafter, request }));
    const { drafts, rows } = await ModelDrafter.draftTogether(this.#model, own);
    const ms = this.#clock.nowMs() - startMs;
    if (rows > 0 && rows <= mostRead * parts.length) this.#passTime = observeStep(this.#passTime, rows, ms);
    return drafts;
  }

  /** What alternatives add to a pass, as shares of a draft's time. */
  get prices(): PassPrices {
    return this.#timing.prices;
  }

  /** See {@link EdgeDraftFigures}; Infinity or 0 in a step that tries the other way, so that both stay measured. */
  get besideMs(): number {
    return this.#besideMs;
  }

  stepBegins(): void {
    this.#isStepRunning = true;
    this.#draftsBeside = this.#draftsRunning;
    if (!this.#rests) this.#besideMs = besideMsFor(this.#beside, this.draftMs, this.#stepCount);
    this.#stepCount += 1;
  }

  /**
   * The engine has returned from a step.
   * @param addedMs its time above the one expected without drafts; null: there is none to compare with
   * @returns whether no draft ran beside it, so that its time is that of the target alone
   */
  stepEnds(addedMs: number | null): boolean {
    this.#isStepRunning = false;
    const drafts = this.#draftsBeside;
    if (drafts > 0 && addedMs !== null) this.#beside = observeBeside(this.#beside, addedMs, drafts);
    if (!this.#rests) this.#besideMs = likelyBesideMs(this.#beside);
    return drafts === 0;
  }

  /** For a text, with what its owner has left of it; see {@link OwnedPool.take}. @throws OutriderError `edge-full` */
  take(asker: Asker, text: TokenList): EdgeDrafter {
    const kept = this.#kept.take(asker, ({ drafter }) => drafter.overlapWith(text));
    invariant(kept !== undefined, 'neither a new drafter nor an idle one');
    if (kept.filledBy !== asker.owner) kept.drafter.forget();
    kept.filledBy = asker.owner;
    let isFirst = true;
    const own = { draftsRunning: 0 };
    return {
      drafter: kept.drafter,
      next: async (request) => {
        const startMs = this.#clock.nowMs();
        const { draft, isAlone } = await this.#made(kept.drafter.draft(request), own);
        // The first draft includes the prefill, and beside a step each takes longer.
        if (!isFirst && draft !== null) this.#note(this.#clock.nowMs() - startMs, draft.work, isAlone);
        isFirst = false;
        return draft;
      },
      leave: () => this.#kept.leave(kept),
      abandon: () => {
        this.#draftsRunning -= own.draftsRunning;
        own.draftsRunning = 0;
      },
    };
  }

  #note(ms: number, work: PassWork = narrowPass, isAlone: boolean): void {
    this.#timing = noteDraftTime(this.#timing, ms, work);
    if (isAlone && work.tokens + work.continued + work.started + work.copied === 1)
      this.#draftTime = observeStep(this.#draftTime, 1, ms);
  }

  /** Counts a draft until it is made, or abandoned. @returns also whether neither a step nor another draft ran beside it */
  async #made<Draft>(
    making: Promise<Draft>,
    own: { draftsRunning: number },
  ): Promise<{ readonly draft: Draft; readonly isAlone: boolean }> {
    const stepCount = this.#stepCount;
    const beganInStep = this.#isStepRunning;
    const beganAlone = !beganInStep && this.#draftsRunning === 0;
    this.#draftsRunning += 1;
    own.draftsRunning += 1;
    if (beganInStep) this.#draftsBeside += 1;
    try {
      return { draft: await making, isAlone: beganAlone && stepCount === this.#stepCount };
    } finally {
      if (own.draftsRunning > 0) {
        this.#draftsRunning -= 1;
        own.draftsRunning -= 1;
      }
    }
  }

  /** Releases the KV sequences; waits for drafts in progress. */
  async close(): Promise<void> {
    for (const { drafter } of this.#kept.clear()) await drafter[Symbol.asyncDispose]();
  }
}

/** @param oneMs of a pass of one row @param twoMs of two */
function arePassesWorth(oneMs: number, twoMs: number): boolean {
  return oneMs >= leastPassMs && twoMs <= (1 + cheapRow) * oneMs;
}

/** A new drafter if the model has sequences left for it; other users of the model may hold sequences as well. */
function createKept(model: LanguageModel, sequences: number, count: number, hasIdle: boolean): Kept | undefined {
  if (hasIdle && (count + 1) * sequences > model.limits.maxSequences) return undefined;
  try {
    return { ...unowned, drafter: new ModelDrafter(model, sequences) };
  } catch (error) {
    if (!hasIdle || !isOutriderError(error) || error.code !== 'edge-full') throw error;
    return undefined;
  }
}
