// Mode `auto` decides whether the device drafts, from predictions and from the times per token that were measured (felt) with drafts and
// without. Pure: the device's shell takes the measurements. A draft costs battery, which is not spent on a gain that is too small to
// notice. Whether the edge drafts is the edge's own decision (scheduling/edge-draft-length.ts): its drafts cost its time, and only
// the edge can measure its load.

import { edgeSdBestMs, windowTokens } from '../../scheduling/predict-latency.ts';
import { stepMsAsAnnounced } from '../wire/edge-timing.ts';
import type { EdgeTiming } from '../wire/messages.ts';
import type { ModeName } from '../wire/mode.ts';
import { bestStreamMs, coarse, figuresOf, type TimingKnowledge } from './stream-forecast.ts';

/** Time per token that was felt while the device drafted, or while it did not. Tokens are weights: older ones count less. */
export interface Pace {
  readonly tokens: number;
  readonly ms: number;
}
export const noPace: Pace = { tokens: 0, ms: 0 };

/** Both paces of one edge. */
export interface Paces {
  readonly drafting: Pace;
  readonly resting: Pace;
}
export const noPaces: Paces = { drafting: noPace, resting: noPace };

/** Least expected gain, as a share of the time per output token, for which the device drafts with a full battery. */
const leastGain = 0.03;
/** Below this charge drafts have to save more, and below the second one the device does not draft. */
const halfCharge = 0.5;
const lastCharge = 0.05;
/** Extra gain required per unit of charge below {@link halfCharge}. */
const gainPerCharge = 0.6;

/** The least gain for which the device drafts. @param batteryLevel charge, 0 to 1; undefined: on mains, or not known */
export function leastGainAt(batteryLevel: number | undefined): number {
  if (batteryLevel === undefined) return leastGain;
  if (batteryLevel < lastCharge) return Number.POSITIVE_INFINITY;
  return leastGain + gainPerCharge * Math.max(0, halfCharge - batteryLevel);
}

/** The mode in which device and edge are, from which of them draft. */
export function modeInForce(isDrafting: boolean, canEdgeDraft: boolean): ModeName {
  if (canEdgeDraft) return isDrafting ? 'mix' : 'edge-sd';
  return isDrafting ? 'stream' : 'ar';
}

/** The share of the time per token that the device's drafts save, and two times: as they were felt, or as they are predicted. */
export interface Gain {
  readonly share: number;
  readonly isFelt: boolean;
  readonly withMs: number;
  readonly withoutMs: number;
}

/**
 * Tokens of each pace at which measurement and prediction count the same: where the two agree but for the noise of a measurement, and where
 * they do not. The number of tokens in a step varies so much that the share that n tokens show has a deviation of about 1.2 / sqrt(n).
 */
const trustAfterTokens = 800;
const believeAfterTokens = 64;
const noiseOfToken = 1.2;
/** Least tokens for a measured time per token to be used. */
const leastPaceTokens = 12;

/** Prediction and measurements combined; null: there is neither. */
export function expectedGain(known: TimingKnowledge, paces: Paces): Gain | null {
  const { drafting, resting } = paces;
  const predicted = predictGain(known, paces);
  const tokens = Math.min(drafting.tokens, resting.tokens);
  if (tokens < leastPaceTokens) return predicted;
  const withMs = drafting.ms / drafting.tokens;
  const withoutMs = resting.ms / resting.tokens;
  const felt = 1 - withMs / withoutMs;
  if (predicted === null) return { share: felt, isFelt: true, withMs, withoutMs };
  const isSurprising = Math.abs(felt - predicted.share) > (2 * noiseOfToken) / Math.sqrt(tokens);
  const weight = tokens / (tokens + (isSurprising ? believeAfterTokens : trustAfterTokens));
  return { share: weight * felt + (1 - weight) * predicted.share, isFelt: true, withMs, withoutMs };
}

/**
 * With drafts of the edge as well, the device's drafts count where they are there before the edge has made its own: the more, the nearer
 * the edge. The most that they save then, in virtual time (`bench modes`, `mix` beside `edge-sd`).
 */
const mostBesideEdgeDrafts = 0.08;

/**
 * The ratio of the measured time per token with both kinds of drafts to the prediction for the edge's drafts alone, above which that
 * prediction is not used.
 */
const mostSlowness = 1.3;

function predictGain(known: TimingKnowledge, paces: Paces): Gain | null {
  const figures = figuresOf(known);
  if (figures === null) return null;
  const aloneMs = figures.stepMs(1);
  if (known.edge?.edgeDraftMs == null) return gainOf(bestStreamMs(figures), aloneMs);
  const withoutMs = msWithoutDevice(paces, aloneMs, Math.min(aloneMs, edgeSdBestMs(figures)));
  const loadMs = withoutMs > aloneMs ? coarse(withoutMs - aloneMs) : 0;
  const streamMs = bestStreamMs({ ...figures, stepMs: (rows) => figures.stepMs(rows) + loadMs });
  const nearness = figures.acceptance * Math.exp(-figures.roundTripMs / aloneMs);
  return gainOf(Math.min(streamMs, withoutMs * (1 - mostBesideEdgeDrafts * nearness)), withoutMs);
}

/**
 * Time per token with drafts of the edge alone. How much it drafts depends on its load, which a device can only measure: while it does not
 * draft, or by a text that is slower with both kinds of drafts than predicted with one. The device then assumes that the edge drafts
 * little.
 */
function msWithoutDevice({ drafting, resting }: Paces, aloneMs: number, predictedMs: number): number {
  if (resting.tokens >= leastPaceTokens) return resting.ms / resting.tokens;
  const withMs = drafting.tokens < leastPaceTokens ? 0 : drafting.ms / drafting.tokens;
  return withMs > mostSlowness * predictedMs ? Math.max(aloneMs, withMs) : predictedMs;
}

function gainOf(withMs: number, withoutMs: number): Gain {
  return { share: 1 - withMs / withoutMs, isFelt: false, withMs, withoutMs };
}

/** A controller's decision whether the device drafts. The controller has more measurements of the edge than the device. */
export interface DraftingOrder {
  readonly on: boolean;
  /** In words for people. */
  readonly reason: string;
}

/**
 * A device follows an order to draft unless its battery is too low, or it has measured that drafts cost time, which counts for more than
 * a prediction.
 */
function isFollowed({ on }: DraftingOrder, least: number, gain: Gain | null): boolean {
  return !on || (least < 1 && !(gain?.isFelt === true && gain.share < 0));
}

/** The success of drafting in a running turn. Counts are weights: older comparisons count less. */
export interface DraftingJudgement {
  readonly isDrafting: boolean;
  readonly matched: number;
  readonly mismatched: number;
  /** Tokens committed since drafting was switched on or off. */
  readonly tokensSince: number;
  readonly paces: Paces;
  /** Without drafts for so many tokens, the device tries them again; with a low battery after more. */
  readonly tryAfter: number;
  /** The present state was begun to try it. */
  readonly isTrial: boolean;
  /** Why drafting was switched last, in words for people. */
  readonly reason: string;
}

/** What has happened since the last judgement. */
export interface DraftingNews extends Pick<TimingKnowledge, 'draftMs' | 'roundTripMs' | 'edge'> {
  readonly matched: number;
  readonly mismatched: number;
  readonly tokens: number;
  /** Commits, their tokens and the time between them; see `TurnMeasures`. */
  readonly commits: number;
  readonly decodedTokens: number;
  readonly decodeMs: number;
  readonly leastGain: number;
  /** Null or left out: the device decides by itself. */
  readonly order?: DraftingOrder | null;
}

/** Sum of the weights of all comparisons; when more arrive, the older ones are scaled down. */
const memory = 48;
/** The same of a pace, in tokens. */
const paceMemory = 400;
/** Tokens between two switches of drafting, and at least in a trial: fewer say too little. */
const leastStayTokens = 24;
const leastTrialTokens = 16;
/**
 * After this many tokens without drafts they are tried again: the text may have become easier, and only drafts show it. Where drafting was
 * felt to cost time, not only battery, it is tried more rarely each time.
 */
const firstTryTokens = 32;
const lastTryTokens = 1024;
const costlyGain = -0.05;
/** Where the gain is in doubt and no time without drafts was measured yet, the device rests for a while, to compare. */
const compareAfterTokens = 96;
export const doubtfulGain = 0.25;

/** Before the first comparison: a small prior with which drafting begins. */
export const freshJudgement: DraftingJudgement = {
  isDrafting: true,
  matched: 3,
  mismatched: 1,
  tokensSince: 0,
  paces: noPaces,
  tryAfter: firstTryTokens,
  isTrial: false,
  reason: 'nothing was measured before this answer',
};

/**
 * Switches drafting off when it saves less than the least gain, and on again when it saves twice that, or to try it. With drafting off, the
 * edge continues alone, or with its own drafts.
 */
export function judgeDrafting(before: DraftingJudgement, news: DraftingNews): DraftingJudgement {
  const kept = remember(before, news);
  const { tokensSince, isDrafting, isTrial } = kept;
  if (news.order != null) {
    const { on, reason } = news.order;
    if (isFollowed(news.order, news.leastGain, expectedGain(knowledgeOf(kept, news), kept.paces)))
      return on === isDrafting && !isTrial ? kept : { ...kept, isDrafting: on, isTrial: false, tokensSince: 0, reason };
  }
  if (tokensSince < (isTrial ? leastTrialTokens : leastStayTokens)) return kept;
  const hasCompared = kept.paces.resting.tokens >= leastPaceTokens;
  if (isTrial && !isDrafting && !hasCompared) return kept;
  const known = knowledgeOf(kept, news);
  const gain = expectedGain(known, kept.paces);
  if (gain === null) return kept;
  const switched = { ...kept, isDrafting: !isDrafting, tokensSince: 0, isTrial: false };
  const reason = describeGain(known, gain);
  if (isDrafting && gain.share < news.leastGain) return { ...switched, reason, tryAfter: tryAfterOf(kept) };
  if (isDrafting) return compares(kept, gain, news) ? { ...switched, isTrial: true, reason: compareReason } : kept;
  // Hysteresis: twice the gain.
  if (gain.share >= 2 * news.leastGain) return { ...switched, reason, tryAfter: firstTryTokens };
  // Compared, and better without.
  if (isTrial) return { ...kept, isTrial: false, tokensSince: 0, reason, tryAfter: tryAfterOf(kept) };
  const isTried = news.leastGain < 1 && tokensSince >= (kept.tryAfter * news.leastGain) / leastGain;
  const { matched, mismatched } = freshJudgement;
  return isTried ? { ...switched, matched, mismatched, isTrial: true, reason: tryReason } : kept;
}

function knowledgeOf({ matched, mismatched }: DraftingJudgement, news: DraftingNews): TimingKnowledge {
  return { ...news, acceptance: matched / (matched + mismatched), loadMs: loadOf(news) };
}

const compareReason = 'to compare the time with drafts of this device and without';
const tryReason = 'to see whether drafts of this device save time now';

/** Whether the device rests for a while to compare. */
function compares({ paces, tokensSince }: DraftingJudgement, { share }: Gain, { edge }: DraftingNews): boolean {
  const isUnsure = edge?.edgeDraftMs != null && paces.resting.tokens < leastPaceTokens;
  return isUnsure && share < doubtfulGain && tokensSince >= compareAfterTokens;
}

function tryAfterOf({ paces: { drafting, resting }, tryAfter }: DraftingJudgement): number {
  if (Math.min(drafting.tokens, resting.tokens) < leastPaceTokens) return firstTryTokens;
  const felt = 1 - drafting.ms / drafting.tokens / (resting.ms / resting.tokens);
  return felt < costlyGain ? Math.min(lastTryTokens, 2 * tryAfter) : firstTryTokens;
}

function remember(before: DraftingJudgement, news: DraftingNews): DraftingJudgement {
  const faded = memory / Math.max(memory, before.matched + before.mismatched + news.matched + news.mismatched);
  const { isDrafting, paces } = before;
  const arm = isDrafting ? 'drafting' : 'resting';
  // The time just after a switch belongs to both states.
  const felt = before.tokensSince > 0 ? addPace(paces[arm], news.decodedTokens, news.decodeMs) : paces[arm];
  return {
    ...before,
    matched: (before.matched + news.matched) * faded,
    mismatched: (before.mismatched + news.mismatched) * faded,
    tokensSince: before.tokensSince + news.tokens,
    paces: { ...paces, [arm]: felt },
  };
}

/** Older measurements count less. */
function addPace(pace: Pace, tokens: number, ms: number): Pace {
  const faded = paceMemory / Math.max(paceMemory, pace.tokens + tokens);
  return { tokens: (pace.tokens + tokens) * faded, ms: (pace.ms + ms) * faded };
}

/**
 * The extra time of a step beyond the announced one, from the time between commits; 0 for an edge with drafts of its own, where that time
 * has other parts.
 */
function loadOf({ edge, commits, decodedTokens, decodeMs, matched, mismatched }: DraftingNews): number {
  if (edge?.stepMs == null || edge.edgeDraftMs !== null || commits === 0) return 0;
  // No step had more rows: accepted or compared drafts, and one.
  const rows = 1 + Math.ceil(Math.max(decodedTokens / commits - 1, (matched + mismatched) / commits));
  return Math.max(0, decodeMs / commits - stepMsAsAnnounced(edge.stepMs)(rows));
}

export const emptyBattery = 'the battery is almost empty';

/** Whether a turn begins with drafting on, and why. */
export function beginDrafting(
  known: TimingKnowledge,
  paces: Paces,
  least: number,
  order: DraftingOrder | null = null,
): Pick<DraftingJudgement, 'isDrafting' | 'reason'> {
  const gain = expectedGain(known, paces);
  if (order !== null && isFollowed(order, least, gain)) return { isDrafting: order.on, reason: order.reason };
  if (least >= 1) return { isDrafting: false, reason: emptyBattery };
  if (gain !== null) return { isDrafting: gain.share >= least, reason: describeGain(known, gain) };
  if (known.edge === null || canDraftsPay(known.edge)) {
    return { isDrafting: true, reason: freshJudgement.reason };
  }
  return { isDrafting: false, reason: 'steps of this edge take longer with each draft' };
}

/** The acceptance that drafts of a natural pair reach on easy text. */
export const optimisticAcceptance = 0.9;
/** The measurement of shorter steps is too rough to separate stairs from noise, ms. */
const leastJudgedMs = 1;

/**
 * Whether drafts could save time on this edge if they were free, always in time and accepted at {@link optimisticAcceptance}. They cannot
 * where the time of a step grows with its rows as fast as the committed tokens do; then the device need not begin.
 */
export function canDraftsPay({ stepMs: announced }: EdgeTiming): boolean {
  if (announced === null) return true;
  const stepMs = stepMsAsAnnounced(announced);
  const aloneMs = stepMs(1);
  if (aloneMs < leastJudgedMs) return true;
  const rowCounts = announced.map((_, index) => index + 1);
  const bestMs = Math.min(...rowCounts.map((rows) => stepMs(rows) / windowTokens(optimisticAcceptance, rows - 1)));
  // Twice the gain, as for switching drafts on: the announced times are measurements.
  return bestMs < aloneMs * (1 - 2 * leastGain);
}

/** The gain and its causes in words for people. */
export function describeGain({ draftMs, roundTripMs, acceptance }: TimingKnowledge, gain: Gain): string {
  const saved = `drafts of this device save about ${Math.max(0, Math.round(100 * gain.share))} %`;
  const times = `${gain.isFelt ? 'felt' : 'expected'}: ${round(gain.withMs)} ms a token with them, ${round(gain.withoutMs)} without`;
  const seen = [
    ...(roundTripMs === null ? [] : [`the network takes ${round(roundTripMs)} ms`]),
    ...(draftMs === null ? [] : [`a draft ${round(draftMs)} ms`]),
    ...(acceptance === null ? [] : [`${Math.round(100 * acceptance)} % of drafts hold`]),
  ];
  return `${saved} (${times}${seen.length === 0 ? '' : `; ${seen.join(', ')}`})`;
}

function round(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}
