// How many drafts an edge with its own draft model makes before it runs a step: the number that maximises the tokens per millisecond of the
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
  /** The drafter also works while a step runs. Default: false. */
  readonly overlaps?: boolean;
  /** The step of other sessions that begins while this one drafts, and that it waits for, ms. Default 0: there are none. */
  readonly missedMs?: number;
}

/**
 * The chain length at which to step: the n >= freeDrafts with the most expected tokens, 1 + a + ... + a^n, per ms of (n - freeDrafts)
 * drafts and a step of n + 1 rows. A session that drafts misses the step of the others. If the drafter works meanwhile, a step that accepts
 * its whole chain and whose own token was drafted right as well (chance a^(n+1)) is followed by steps whose drafts have cost no time; they
 * count. Call it once for each length of the committed text: if it were called again after each draft, with the new draft counted as free,
 * it would stop too early.
 */
export function chainLengthWorth(figures: EdgeDraftLengthFigures): number {
  const { freeDrafts, acceptance, draftMs, stepTime, maxDrafts, missedMs = 0 } = figures;
  invariant(
    acceptance >= 0 && acceptance <= 1 && draftMs >= 0,
    () => `acceptance ${acceptance}, ${draftMs} ms a draft`,
  );
  const next = draftedMeanwhile(figures);
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
    const draftingMs = length === freeDrafts ? 0 : Math.max(missedMs, (length - freeDrafts) * draftMs);
    const ms = draftingMs + stepMs(stepTime, length + 1);
    const continues = chance * acceptance;
    const rate = (tokens + continues * next.tokens) / (ms + continues * next.ms);
    if (rate <= bestRate) continue;
    best = length;
    bestRate = rate;
  }
  return best;
}

/**
 * Expected tokens and time of the steps that follow a wholly accepted chain, until one of their drafts is rejected. Each takes the drafts
 * made during the one before, without the one for that step's own token.
 */
function draftedMeanwhile({ acceptance, draftMs, stepTime, maxDrafts, overlaps = false }: EdgeDraftLengthFigures) {
  const none = { tokens: 0, ms: 0 };
  if (!overlaps) return none;
  const made = draftMs === 0 ? maxDrafts : Math.floor(stepMs(stepTime, 1) / draftMs) - 1;
  let best = none;
  let tokens = 1;
  let chance = 1;
  for (let length = 1; length <= Math.min(made, maxDrafts); length += 1) {
    chance *= acceptance;
    tokens += chance;
    // At an acceptance of 1 there is no end; any large number of steps gives the same rate.
    const steps = 1 / Math.max(1e-6, 1 - chance * acceptance);
    const ms = stepMs(stepTime, length + 1);
    if (best.ms === 0 || tokens / ms > best.tokens / best.ms) best = { tokens: tokens * steps, ms: ms * steps };
  }
  return best;
}
