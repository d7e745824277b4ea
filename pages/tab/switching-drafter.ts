// Drafts by look-up, and with a model from the moment on at which there is one. A model that fails is left, and look-up drafts again.

import type { Draft, Drafter, DraftRequest } from '../../src/models/port/drafter.ts';

export class SwitchingDrafter implements Drafter {
  readonly #lookUp: Drafter;
  readonly #onFailure: (error: unknown) => void;
  #model: Drafter | null = null;

  /** @param onFailure called when the model was left */
  constructor(lookUp: Drafter, onFailure: (error: unknown) => void) {
    this.#lookUp = lookUp;
    this.#onFailure = onFailure;
  }

  /** From now on this one drafts. */
  use(model: Drafter): void {
    this.#model = model;
  }

  async draft(request: DraftRequest): Promise<Draft | null> {
    const model = this.#model;
    if (model === null) return this.#lookUp.draft(request);
    try {
      return await model.draft(request);
    } catch (error) {
      if (this.#model === model) {
        this.#model = null;
        this.#onFailure(error);
      }
      return this.#lookUp.draft(request);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#model?.[Symbol.asyncDispose]();
    await this.#lookUp[Symbol.asyncDispose]();
  }
}
