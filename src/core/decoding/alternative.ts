// What a drafter is asked for an alternative, and what it answers; docs/use/draft-models.md, "Hedged drafts".

import type { RunnerUp } from './runner-up.ts';

/** A request for the next token of an alternative: the token after text and drafts below `position`, and then `tokens`. */
export interface AlternativeOrder {
  /** Named in the result. */
  readonly id: number;
  /** Position of its first token; the text has another token there. */
  readonly position: number;
  /** At least one. */
  readonly tokens: readonly number[];
}

export interface AlternativeDraft {
  readonly id: number;
  /** Position of the drafted token: `position + tokens.length` of the alternative. */
  readonly position: number;
  readonly token: number;
  /** The drafter's probability of it, (0, 1], on the grid of confidence.ts. */
  readonly confidence: number;
  /** The drafter's second choice there. */
  readonly runnerUp?: RunnerUp;
}
