// How many drafts an edge with its own draft model makes before it runs a step: as many as raise the tokens per millisecond of the
// whole cycle, drafting and step.

import { invariant } from '../basics/invariant.ts';
import { type StepTimeModel, stepMs } from './step-time.ts';

export interface EdgeDraftLengthFigures {
  /** Drafts that exist already and cost nothing more. */
  readonly freeDrafts: number;
  /** Acceptance rate: the chance that a draft is accepted, given that those before it are. */
  readonly acceptance: number;
  /** One draft of the edge's own, ms. */
  readonly draftMs: number;
  readonly stepTime: StepTimeModel;
  /** Longest chain in a step. */
  readonly maxDrafts: number;
}

/**
 * The chain length at which to step: the n >= freeDrafts with the most expected tokens, 1 + a + ... + a^n, per ms of (n -
 * freeDrafts) drafts and a step of n + 1 rows. Call it once for each length of the committed text: if it were called again after
 * each draft, with the new draft counted as free, it would stop too early.
 */
export function chainLengthWorth({
  freeDrafts,
  acceptance,
  draftMs,
  stepTime,
  maxDrafts,
}: EdgeDraftLengthFigures): number {
  invariant(
    acceptance >= 0 && acceptance <= 1 && draftMs >= 0,
    () => `acceptance ${acceptance}, ${draftMs} ms a draft`,
  );
  let best = freeDrafts;
  let bestRate = 0;
  let tokens = 1;
  let chance = 1;
  for (let length = 0; length <= Math.max(freeDrafts, maxDrafts); length += 1) {
    if (length > 0) {
      chance *= acceptance;
      tokens += chance;
    }
    if (length < freeDrafts) continue;
    const rate = tokens / ((length - freeDrafts) * draftMs + stepMs(stepTime, length + 1));
    if (rate <= bestRate) continue;
    best = length;
    bestRate = rate;
  }
  return best;
}
