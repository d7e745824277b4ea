// Drafts a text that is already written: what a model of this device wrote while no edge could be reached. Where the target's text leaves
// it, another drafter continues.

import type { Draft, Drafter, DraftRequest } from '../../models/port/drafter.ts';

/** The same object for all drafts of one answer. */
export class WrittenDrafter implements Drafter {
  readonly #written: readonly number[];
  readonly #other: Drafter | null;
  /** How many tokens of the written text the committed text is known to repeat. */
  #repeated = 0;

  /** @param written ids of the answer from its beginning @param other null: nothing drafts beyond them */
  constructor(written: readonly number[], other: Drafter | null) {
    this.#written = written;
    this.#other = other;
  }

  async draft(request: DraftRequest): Promise<Draft | null> {
    const token = this.#next(request);
    if (token !== undefined) return { token, confidence: 1, isLookedUp: true };
    return (await this.#other?.draft(request)) ?? null;
  }

  #next(request: DraftRequest): number | undefined {
    const { promptLength, committedLength = promptLength } = request;
    const list = request.tokens ?? request.text;
    const length = list.length - promptLength;
    if (length >= this.#written.length) return undefined;
    let same = this.#repeated;
    while (same < length && list.at(promptLength + same) === this.#written[same]) same += 1;
    // Drafts may be taken back, committed tokens are not.
    this.#repeated = Math.min(same, committedLength - promptLength);
    return same === length ? this.#written[same] : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
