// The draft model of the edge, with one KV sequence for each conversation, so that a turn does not evaluate the whole prompt again. The
// session decides after which text a draft is made.

import type { Clock } from '../basics/clock.ts';
import { isOutriderError } from '../basics/errors.ts';
import { invariant } from '../basics/invariant.ts';
import { type DraftRequest, ModelDrafter } from '../models/drafter.ts';
import type { LanguageModel } from '../models/model.ts';
import { observeStep, type StepTimeModel, stepMs } from '../scheduling/step-time.ts';
import { type Owned, OwnedPool, unowned } from './owned-pool.ts';

export interface EdgeDraftModel {
  readonly model: LanguageModel;
  /** gamma, in mode edge-sd. */
  readonly draftLength: number;
  /** Time of one draft, measured at the start. */
  readonly draftTime: StepTimeModel;
}

interface Kept extends Owned {
  readonly drafter: ModelDrafter;
}

/** The draft model for one session; see {@link EdgeDrafters.take}. */
export interface EdgeDrafter {
  /** The next token; null: no proposal, or no room in the context. @throws OutriderError of the engine */
  next(request: DraftRequest): Promise<number | null>;
  leave(): void;
}

export class EdgeDrafters {
  readonly draftLength: number;
  readonly #clock: Clock;
  readonly #kept: OwnedPool<Kept>;
  #draftTime: StepTimeModel;

  constructor({ model, draftLength, draftTime }: EdgeDraftModel, clock: Clock) {
    this.draftLength = draftLength;
    this.#clock = clock;
    this.#kept = new OwnedPool((count, hasIdle) => createKept(model, count, hasIdle));
    this.#draftTime = draftTime;
  }

  /** Recent time of one draft. */
  get draftMs(): number {
    return stepMs(this.#draftTime, 1);
  }

  /** With the conversation's KV sequence, otherwise a new one, otherwise the one that is idle longest. @throws OutriderError `edge-full` */
  take(owner: string): EdgeDrafter {
    const kept = this.#kept.take(owner);
    invariant(kept !== undefined, 'neither a new drafter nor an idle one');
    if (kept.filledBy !== owner) kept.drafter.forget();
    kept.filledBy = owner;
    let isFirst = true;
    return {
      next: async (request) => {
        const startMs = this.#clock.nowMs();
        const draft = await kept.drafter.draft(request);
        // The first draft includes the prefill.
        if (!isFirst) this.#draftTime = observeStep(this.#draftTime, 1, this.#clock.nowMs() - startMs);
        isFirst = false;
        return draft?.token ?? null;
      },
      leave: () => this.#kept.leave(kept),
    };
  }

  /** Releases the KV sequences; waits for drafts in progress. */
  async close(): Promise<void> {
    for (const { drafter } of this.#kept.clear()) await drafter[Symbol.asyncDispose]();
  }
}

/** A new sequence if the model has one left; other users of the model may hold sequences as well. */
function createKept(model: LanguageModel, count: number, hasIdle: boolean): Kept | undefined {
  if (hasIdle && count >= model.limits.maxSequences) return undefined;
  try {
    return { ...unowned, drafter: new ModelDrafter(model) };
  } catch (error) {
    if (!hasIdle || !isOutriderError(error) || error.code !== 'edge-full') throw error;
    return undefined;
  }
}
