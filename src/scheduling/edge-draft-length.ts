// How far an edge that has a draft model of its own should draft on from what it has, before it runs a step: as far as the tokens a
// millisecond of the whole cycle, drafting and step, rise.

import { invariant } from '../basics/invariant.ts';
import { type StepTimeModel, stepMs } from './step-time.ts';

export interface OwnDraftFigures {
  /** Drafts that are there already and cost nothing more. */
  readonly freeDrafts: number;
  /** Chance that a draft holds, given that those before it do. */
  readonly acceptance: number;
  /** One draft of the edge's own, ms. */
  readonly draftMs: number;
  readonly stepTime: StepTimeModel;
  /** Longest chain that a step may hold. */
  readonly maxDrafts: number;
}

/**
 * The length of the chain at which to step: n >= freeDrafts that gives the most expected tokens, 1 + a + ... + a^n, per ms of
 * (n - freeDrafts) drafts and a step of n + 1 rows. It is to be asked for once, when the text has come to its present length:
 * asked again after each draft, with what was just made taken as free, it would stop too soon.
 */
export function chainLengthWorth({ freeDrafts, acceptance, draftMs, stepTime, maxDrafts }: OwnDraftFigures): number {
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
