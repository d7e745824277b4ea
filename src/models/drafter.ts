// A draft source for a device, or for an edge that drafts itself: any language model, asked for one token at a time. It is handed the whole believed text each
// time and evaluates only what differs from what it holds, so a roll-back needs no order of its own.

import type { Candidates } from '../decoding/candidates.ts';
import { chooseToken } from '../decoding/choose-token.ts';
import { choiceConfidence } from '../decoding/choose-token-distribution.ts';
import { roundConfidence } from '../decoding/confidence.ts';
import type { Sampling } from '../decoding/sampling.ts';
import { penaltiesActive, RunningCounts, type TokenCounts } from '../decoding/token-counts.ts';
import type { LanguageModel } from './model.ts';
import { PrefixSequence } from './prefix-sequence.ts';

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
  readonly #contextLength: number;
  readonly #sequence: PrefixSequence;
  #last: Promise<unknown> = Promise.resolve();

  /** The model stays the caller's. @throws OutriderError `edge-full` when it has no sequence left */
  constructor(model: LanguageModel) {
    this.#contextLength = model.limits.contextLength;
    this.#sequence = new PrefixSequence(model);
  }

  draft(request: DraftRequest): Promise<Draft | null> {
    const result = this.#last.then(() => this.#draft(request));
    this.#last = result.catch(() => {});
    return result;
  }

  async #draft({ text, promptLength, sampling }: DraftRequest): Promise<Draft | null> {
    if (text.length > this.#contextLength) return null;
    const candidates = await this.#sequence.follow(text);
    const counts = penaltiesActive(sampling) ? new RunningCounts(text.slice(promptLength)) : undefined;
    return draftFrom(candidates, sampling, counts, text.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#sequence.release();
  }
}
