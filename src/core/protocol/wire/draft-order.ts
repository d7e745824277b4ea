// What the driver of a device asks its drafter for, and what it gets.

import type { AlternativeDraft, AlternativeOrder } from '../../decoding/alternative.ts';
import type { RunnerUp } from '../../decoding/runner-up.ts';

export interface DraftMade {
  readonly token: number;
  /** The drafter's probability of the token, (0, 1]. */
  readonly confidence: number;
  /** Found by lookup in the text. */
  readonly isLookedUp?: true;
  /** The drafter's second choice at the position, under the same noise. */
  readonly runnerUp?: RunnerUp;
  /** The next token of each alternative that the same pass has extended. */
  readonly alternatives?: readonly AlternativeDraft[];
}

export interface DraftOrder {
  readonly generation: number;
  readonly position: number;
  /** For drafters with a lookup: see `lookUpMargin` in decoding/draft-timing.ts. */
  readonly lookUpMargin: number;
  /** To be extended in the same pass; a drafter may leave out any of them. */
  readonly alternatives: readonly AlternativeOrder[];
}
