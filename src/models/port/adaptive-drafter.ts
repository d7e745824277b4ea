// A draft model with prompt look-up first: where a looked-up draft is about as likely to be accepted, the model is not asked.
// decoding/draft-source.ts decides between the two. The model reads the looked-up tokens in one call when it is asked again.

import { DraftSource } from '../../core/decoding/draft-source.ts';
import type { Draft, Drafter, DraftRequest } from './drafter.ts';

/** Tokens of a long text that one draft adds to the look-up's index: a few ms. */
const readAtOnce = 4096;

/** Drafts from the text first (look-up), and asks the draft model only where that is not likely enough. */
export class AdaptiveDrafter implements Drafter {
  readonly #model: Drafter;
  readonly #source = new DraftSource();

  /** The model's drafter belongs to this one, and is disposed with it. */
  constructor(model: Drafter) {
    this.#model = model;
  }

  async draft(request: DraftRequest): Promise<Draft | null> {
    const { promptLength, committedLength, lookUpMargin = 0 } = request;
    const text = request.tokens ?? request.text;
    if (committedLength === undefined) return this.#model.draft(request);
    this.#source.follow(text, promptLength, committedLength, readAtOnce);
    const found = this.#source.lookUp(lookUpMargin);
    if (found !== null) return { ...found, isLookedUp: true };
    const made = await this.#model.draft(request);
    return made === null ? null : { ...made, ...this.#source.calibrated(text.length, made) };
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#model[Symbol.asyncDispose]();
  }
}
