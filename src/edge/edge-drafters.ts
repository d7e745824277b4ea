// The draft model of the edge, with one KV sequence for each conversation, so that a turn does not evaluate the whole prompt again. The
// session decides after which text a draft is made.

import type { Clock } from '../basics/clock.ts';
import { isOutriderError } from '../basics/errors.ts';
import { type DraftRequest, ModelDrafter } from '../models/drafter.ts';
import type { LanguageModel } from '../models/model.ts';
import { observeStep, type StepTimeModel, stepMs } from '../scheduling/step-time.ts';

export interface EdgeDraftModel {
  readonly model: LanguageModel;
  /** gamma, in mode edge-sd. */
  readonly draftLength: number;
  /** Time of one draft, measured at the start. */
  readonly draftTime: StepTimeModel;
}

interface Kept {
  readonly drafter: ModelDrafter;
  /** Conversation and credentials. */
  owner: string;
  isTaken: boolean;
  lastUsed: number;
}

/** The draft model for one session; see {@link EdgeDrafters.take}. */
export interface EdgeDrafter {
  /** The next token; null: no proposal, or no room in the context. @throws OutriderError of the engine */
  next(request: DraftRequest): Promise<number | null>;
  leave(): void;
}

export class EdgeDrafters {
  readonly draftLength: number;
  readonly #model: LanguageModel;
  readonly #clock: Clock;
  readonly #kept: Kept[] = [];
  #draftTime: StepTimeModel;
  #uses = 0;

  constructor({ model, draftLength, draftTime }: EdgeDraftModel, clock: Clock) {
    this.draftLength = draftLength;
    this.#model = model;
    this.#clock = clock;
    this.#draftTime = draftTime;
  }

  /** Recent time of one draft. */
  get draftMs(): number {
    return stepMs(this.#draftTime, 1);
  }

  /** With the conversation's KV sequence, otherwise a new one, otherwise the one that is idle longest. @throws OutriderError `edge-full` */
  take(owner: string): EdgeDrafter {
    const idle = this.#kept.filter(({ isTaken }) => !isTaken).sort((one, other) => one.lastUsed - other.lastUsed);
    const own = idle.find((kept) => kept.owner === owner);
    const kept = own ?? this.#create(idle[0]);
    kept.owner = owner;
    kept.isTaken = true;
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
      leave: () => {
        kept.isTaken = false;
        kept.lastUsed = ++this.#uses;
      },
    };
  }

  /** A new sequence if the model has one left; other users of the model may hold sequences as well. */
  #create(longestIdle: Kept | undefined): Kept {
    if (this.#kept.length >= this.#model.limits.maxSequences && longestIdle !== undefined) return longestIdle;
    try {
      return this.#open();
    } catch (error) {
      if (longestIdle === undefined || !isOutriderError(error) || error.code !== 'edge-full') throw error;
      return longestIdle;
    }
  }

  #open(): Kept {
    const kept = { drafter: new ModelDrafter(this.#model), owner: '', isTaken: false, lastUsed: 0 };
    this.#kept.push(kept);
    return kept;
  }

  /** Releases the KV sequences; waits for drafts in progress. */
  async close(): Promise<void> {
    for (const { drafter } of this.#kept.splice(0)) await drafter[Symbol.asyncDispose]();
  }
}
