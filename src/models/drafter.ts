// A draft source for a device, or for an edge that drafts itself: any language model, asked for one token at a time. It is handed the whole believed text each
// time and evaluates only what differs from what it holds, so a roll-back needs no order of its own.

import type { Candidates } from '../decoding/candidates.ts';
import { chooseToken } from '../decoding/choose-token.ts';
import { choiceConfidence } from '../decoding/choose-token-distribution.ts';
import { roundConfidence } from '../decoding/confidence.ts';
import type { Sampling } from '../decoding/sampling.ts';
import { penaltiesActive, RunningCounts, type TokenCounts } from '../decoding/token-counts.ts';
import type { LanguageModel, ModelSequence } from './model.ts';

/** One guess at the next token. */
export interface Draft {
  readonly token: number;
  /** Chance that it is right if all before it is, as far as the drafter can tell, (0, 1], on the grid of decoding/confidence.ts. */
  readonly confidence: number;
  /** Found by looking back in the text: it took no time. */
  readonly isLookedUp?: true;
}

/** What a guess may depend on. It must hold for any text: commits and roll-backs change it between calls. */
export interface DraftRequest {
  /** Committed and drafted ids, prompt included. */
  readonly text: readonly number[];
  readonly promptLength: number;
  /**
   * Tokens of `text` that are final, prompt included: what a drafter may learn from. Absent where nothing is verified: then only the
   * model itself may answer.
   */
  readonly committedLength?: number;
  /** How much less likely than the model's a draft may be that costs nothing, [0, 1]. Default 0. */
  readonly lookUpMargin?: number;
  readonly sampling: Sampling;
}

/** One at a time: a second call waits for the first. */
export interface Drafter extends AsyncDisposable {
  /** Resolves with null when there is no guess, or no room. */
  draft(request: DraftRequest): Promise<Draft | null>;
}

/**
 * The guess that these candidates of the draft model make at `position`; null without candidates.
 * @param counts of the answer before it, where a penalty is active
 */
export function draftFrom(
  candidates: Candidates,
  sampling: Sampling,
  counts: TokenCounts | undefined,
  position: number,
): Draft | null {
  if (candidates.ids.length === 0) return null;
  const token = chooseToken(candidates, sampling, counts, position);
  return { token, confidence: roundConfidence(choiceConfidence(candidates, sampling, counts, token)) };
}

/** The draft makes the choice that the target would make if it had these candidates: same noise, same position. */
export class ModelDrafter implements Drafter {
  readonly #model: LanguageModel;
  readonly #sequence: ModelSequence;
  #held: number[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /** The model stays the caller's. @throws OutriderError `edge-full` when it has no sequence left */
  constructor(model: LanguageModel) {
    this.#model = model;
    this.#sequence = model.openSequence();
  }

  draft(request: DraftRequest): Promise<Draft | null> {
    const result = this.#last.then(() => this.#draft(request));
    this.#last = result.catch(() => {});
    return result;
  }

  async #draft({ text, promptLength, sampling }: DraftRequest): Promise<Draft | null> {
    const { contextLength, maxItemTokens } = this.#model.limits;
    if (text.length > contextLength) return null;
    const shared = sharedPrefix(this.#held, text, text.length - 1);
    if (shared < this.#held.length) {
      this.#held.length = shared;
      await this.#sequence.truncate(shared);
    }
    let candidates = await this.#append(text.slice(shared, shared + maxItemTokens), text.length);
    while (this.#held.length < text.length) {
      const from = this.#held.length;
      candidates = await this.#append(text.slice(from, from + maxItemTokens), text.length);
    }
    const counts = penaltiesActive(sampling) ? new RunningCounts(text.slice(promptLength)) : undefined;
    return candidates === undefined ? null : draftFrom(candidates, sampling, counts, text.length);
  }

  async #append(tokens: readonly number[], textLength: number) {
    const isLast = this.#held.length + tokens.length === textLength;
    const [rows] = await this.#model.evaluate([{ sequence: this.#sequence, tokens, rows: isLast ? 1 : 0 }]);
    this.#held.push(...tokens);
    return rows?.[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#sequence.release();
  }
}

function sharedPrefix(held: readonly number[], text: readonly number[], limit: number): number {
  const until = Math.min(held.length, limit);
  let length = 0;
  while (length < until && held[length] === text[length]) length += 1;
  return length;
}
