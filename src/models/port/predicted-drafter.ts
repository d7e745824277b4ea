// Drafts from a text that the answer will probably repeat, and asks another drafter where the answer has left it.

import { roundConfidence } from '../../core/decoding/confidence.ts';
import { PredictedText } from '../../core/decoding/predicted-text.ts';
import type { Draft, Drafter, DraftRequest } from './drafter.ts';

/** A less likely token is not worth a row of the edge. */
const leastChance = 0.25;
/** The answer mostly comes back to the predicted text within so many tokens; a draft model would first have to read what it has missed. */
const patienceTokens = 6;

/** The drafter of one answer. Disposing it leaves the other drafter open. */
export class PredictedDrafter implements Drafter {
  readonly #predicted: PredictedText;
  readonly #other: Drafter | null;

  /** @param prediction ids of the predicted text @param other null: nothing drafts where the answer has left it */
  constructor(prediction: readonly number[], other: Drafter | null) {
    this.#predicted = new PredictedText(prediction);
    this.#other = other;
  }

  async draft(request: DraftRequest): Promise<Draft | null> {
    const { promptLength, committedLength } = request;
    if (committedLength === undefined) return (await this.#other?.draft(request)) ?? null;
    this.#predicted.follow(request.tokens ?? request.text, promptLength, committedLength);
    const found = this.#predicted.next();
    if (found !== undefined && found.chance >= leastChance)
      return { token: found.token, confidence: roundConfidence(found.chance), isLookedUp: true };
    if (found !== undefined && this.#predicted.tokensAway <= patienceTokens) return null;
    return (await this.#other?.draft(request)) ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
