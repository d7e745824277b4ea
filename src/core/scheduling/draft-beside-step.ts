// Whether an edge's draft model adds a draft while a step of the target runs. The draft continues the chain that the step verifies, so
// it saves its time only if the step accepts that chain; it may lengthen the step, and it occupies the drafter if the chain is rejected.

export interface DraftBesideStep {
  /** The chance that all drafts before it, and the draft for the step's own token, are right: acceptance to the power of their number. */
  readonly chance: number;
  /** One draft, ms. */
  readonly draftMs: number;
  /** What a draft beside a step adds to the step, ms; 0: the two don't disturb each other; Infinity: the drafter rests during steps. */
  readonly besideMs: number;
  /** Sessions in the step: all of them wait for what is added to it. */
  readonly sessionCount: number;
  /** Since the step began, and its expected time, ms. */
  readonly elapsedMs: number;
  readonly expectedMs: number;
}

/** A step may end a tenth sooner than expected, and one that lasts longer has about a tenth of its time left. */
const spread = 0.1;

/**
 * A draft that outlasts the step occupies the drafter when the chain is rejected (chance 1 - p), and is half done when it is not: it
 * is begun while the step has left at least (1 - p) of a draft's time.
 */
export function isDraftWorthBesideStep(figures: DraftBesideStep): boolean {
  const { chance, draftMs, besideMs, sessionCount, elapsedMs, expectedMs } = figures;
  const leftMs = Math.max((1 - spread) * expectedMs - elapsedMs, spread * expectedMs);
  const costMs = besideMs === 0 ? 0 : besideMs * sessionCount;
  return chance * draftMs >= costMs && leftMs >= (1 - chance) * draftMs;
}

export interface HedgeBesideStep extends Pick<DraftBesideStep, 'chance' | 'draftMs' | 'besideMs' | 'sessionCount'> {
  /** What an alternative adds to a pass of the draft model, as a share of `draftMs`. */
  readonly price: number;
}

/**
 * The least chance that the text continues as an alternative, up to the token that this pass would add, at which the token is worth making.
 * It saves a draft's time D where the text turns to the alternative, and adds the time E = `price` D to the pass. That delays the
 * draft beside it, which is needed with `chance`, and lengthens the step of all its sessions by E besideMs / D: it breaks even at
 * p D = E (chance + besideMs sessionCount / D). Unlike those of a device (decoding/hedge-worth.ts) these alternatives cost no bytes, and
 * the draft model would rest otherwise.
 */
export function leastHedgeChanceBesideStep(figures: HedgeBesideStep): number {
  const { chance, draftMs, besideMs, sessionCount, price } = figures;
  const disturbed = besideMs === 0 ? 0 : (besideMs * sessionCount) / draftMs;
  return price * (chance + disturbed);
}

/** Whether any draft beside a step of one session can be worth its cost; see {@link isDraftWorthBesideStep}. */
export function canDraftBesideSteps(acceptance: number, draftMs: number, besideMs: number): boolean {
  return acceptance * draftMs >= besideMs;
}

/** Estimate of `besideMs` from measured steps. */
export interface BesideEstimate {
  readonly ms: number;
  /** Mean distance of a measurement from it, ms. */
  readonly deviationMs: number;
  /** Steps behind it. */
  readonly steps: number;
}

export const noBesideEstimate: BesideEstimate = { ms: 0, deviationMs: 0, steps: 0 };
const forgetting = 0.1;

/** @param addedMs time of a step above the one expected without drafts beside it @param drafts made beside it */
export function observeBeside(estimate: BesideEstimate, addedMs: number, drafts: number): BesideEstimate {
  const { ms, deviationMs, steps } = estimate;
  const weight = Math.max(forgetting, 1 / (steps + 1));
  const differenceMs = addedMs / drafts - ms;
  const distanceMs = steps === 0 ? 0 : Math.abs(differenceMs);
  return {
    ms: ms + weight * differenceMs,
    deviationMs: deviationMs + weight * (distanceMs - deviationMs),
    steps: steps + 1,
  };
}

/** What a draft may add, ms: the estimate and about 1.7 of its standard errors, so that on a noisy machine the drafter rests. */
export function likelyBesideMs({ ms, deviationMs }: BesideEstimate): number {
  return Math.max(0, ms + deviationMs / 2);
}

/** Steps with drafts beside them after which the estimate counts. */
const enough = 8;
/** A step of each so many is made the other way, so that both ways stay measured. */
const restsEach = 16;
const worksEach = 64;

/** `besideMs` for the next step: the estimate, or 0 or Infinity for a step that tries the other way. @param step number of it, from 0 */
export function besideMsFor(estimate: BesideEstimate, draftMs: number, step: number): number {
  if (estimate.steps < enough) return step % 2 === 0 ? 0 : Number.POSITIVE_INFINITY;
  const ms = likelyBesideMs(estimate);
  if (canDraftBesideSteps(1, draftMs, ms)) return step % restsEach === 0 ? Number.POSITIVE_INFINITY : ms;
  return step % worksEach === 0 ? 0 : ms;
}
