// What the driver of a device asks its drafter for, and what it gets.

import type { AlternativeDraft, AlternativeOrder } from '../../decoding/alternative.ts';
import { narrowPass, type PassWork } from '../../decoding/pass-times.ts';
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
  /** What the pass has evaluated; absent: the drafter does not say. */
  readonly work?: PassWork;
}

export interface DraftOrder {
  readonly generation: number;
  readonly position: number;
  /** For drafters with a lookup: see `lookUpMargin` in decoding/draft-timing.ts. */
  readonly lookUpMargin: number;
  /** To be extended in the same pass; a drafter may leave out any of them. */
  readonly alternatives: readonly AlternativeOrder[];
}

/** What the pass of a draft has evaluated, as its drafter says it, or as far as the orders show it. */
export function workOf({ work, alternatives = [] }: DraftMade, orders: readonly AlternativeOrder[]): PassWork {
  if (orders.length === 0) return work ?? narrowPass;
  return work ?? workOrdered(orders.filter(({ id }) => alternatives.some((one) => one.id === id)));
}

/** For the state machine, which knows no times. */
export function withoutWork(draft: DraftMade): Omit<DraftMade, 'work'> {
  if (draft.work === undefined) return draft;
  const { work: _work, ...made } = draft;
  return made;
}

/** What a pass will evaluate that extends these alternatives. */
export function workOrdered(orders: readonly AlternativeOrder[]): PassWork {
  const started = orders.filter(({ tokens }) => tokens.length === 1).length;
  return { tokens: 1, continued: orders.length - started, started, copied: 0 };
}
