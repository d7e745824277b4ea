// Mode `auto`: chooses the mode in which a turn begins, and switches drafting off and on during the turn. Pure: the device's shell takes
// the measurements. A draft costs battery, an edge draft costs edge time; neither is spent on a gain that is too small to notice.

import type { TimingFigures } from '../scheduling/latency-model.ts';
import { predictTokenTimes, windowTokens } from '../scheduling/predict-latency.ts';
import { streamMsPerToken } from '../scheduling/predict-stream.ts';
import { stepMsAsAnnounced } from './edge-timing.ts';
import type { EdgeTiming } from './messages.ts';
import { type ModeName, modeOf } from './mode.ts';

/** What is known before a turn; null: not measured yet. Times in ms. */
export interface TimingKnowledge {
  /** Whether this device has a draft. */
  readonly canDraft: boolean;
  readonly draftMs: number | null;
  readonly roundTripMs: number | null;
  readonly acceptance: number | null;
  /** From the edge's `hello`. */
  readonly edge: EdgeTiming | null;
}

export interface ModeChoice {
  readonly mode: ModeName;
  /** Whether the device begins with drafting on. With drafting off, `stream` is the edge alone; drafts are tried again later. */
  readonly drafts: boolean;
  /** One sentence for people. */
  readonly reason: string;
}

/** Least expected gain, as a share of the time per output token, for which the device drafts, and for which the edge drafts. */
const leastDeviceGain = 0.03;
const leastEdgeGain = 0.05;
/** More drafts in a step save almost nothing, and their prediction takes long to compute. */
const mostDrafts = 8;
const triedDrafts = [1, 2, 3, 4, 6, mostDrafts];

/** The mode of the next turn. Without measurements it is `stream`, which is never slower than the edge alone. */
export function chooseMode(known: TimingKnowledge): ModeChoice {
  const { canDraft, edge } = known;
  const figures = figuresOf(known);
  if (!canDraft && edge?.edgeDraftMs == null) return choice('ar', 'nothing drafts, here or on the edge');
  if (figures === null) {
    return choice(canDraft ? 'stream' : 'edge-sd', 'nothing is measured yet');
  }
  const aloneMs = figures.stepMs(1);
  const streamMs = canDraft ? bestStreamMs(figures) : Number.POSITIVE_INFINITY;
  const edgeMs = edge?.edgeDraftMs == null ? Number.POSITIVE_INFINITY : edgeSdMs(figures);
  const seen = describe(known, aloneMs);
  const quickest = Math.min(aloneMs, streamMs);
  if (edgeMs < quickest * (1 - leastEdgeGain)) {
    // `mix` uses both sources of drafts, so it is at least as quick as the quicker one.
    const reason = `${seen}: with edge drafts about ${round(edgeMs)} ms a token`;
    return choice(canDraft ? 'mix' : 'edge-sd', reason);
  }
  if (streamMs < aloneMs * (1 - leastDeviceGain)) {
    return choice('stream', `${seen}: with this device's drafts about ${round(streamMs)} ms a token`);
  }
  const reason = `${seen}: drafts would not make it quicker`;
  return canDraft ? { mode: 'stream', drafts: false, reason } : choice('ar', reason);
}

function choice(mode: ModeName, reason: string): ModeChoice {
  return { mode, drafts: modeOf(mode).deviceDrafts, reason };
}

/** The success of drafting in a running turn. Counts are weights: older comparisons count less. */
export interface DraftingJudgement {
  readonly isDrafting: boolean;
  readonly matched: number;
  readonly mismatched: number;
  /** Tokens committed since drafting was switched on or off. */
  readonly tokensSince: number;
}

/** What has happened since the last judgement. */
export interface DraftingNews extends Pick<TimingKnowledge, 'draftMs' | 'roundTripMs' | 'edge'> {
  readonly matched: number;
  readonly mismatched: number;
  readonly tokens: number;
}

/** Sum of the weights of all comparisons; when more arrive, the older ones are scaled down. */
const memory = 48;
/** Before the first comparison: a small prior with which drafting begins. */
export const freshJudgement: DraftingJudgement = { isDrafting: true, matched: 3, mismatched: 1, tokensSince: 0 };
/** Tokens between two switches of drafting: fewer say too little. */
const leastStayTokens = 24;
/** After this many tokens without drafts, drafting is tried again: the text may have become easier. */
const probeAfterTokens = 96;

/**
 * Switches drafting off when it saves less than {@link leastDeviceGain}. Switches it on again when a changed round trip or step time makes
 * it worthwhile, or after {@link probeAfterTokens}. With drafting off, mode `stream` is the edge alone.
 */
export function judgeDrafting(before: DraftingJudgement, news: DraftingNews): DraftingJudgement {
  const faded = memory / Math.max(memory, before.matched + before.mismatched + news.matched + news.mismatched);
  const matched = (before.matched + news.matched) * faded;
  const mismatched = (before.mismatched + news.mismatched) * faded;
  const tokensSince = before.tokensSince + news.tokens;
  const kept = { isDrafting: before.isDrafting, matched, mismatched, tokensSince };
  if (tokensSince < leastStayTokens) return kept;
  const acceptance = matched / (matched + mismatched);
  const { draftMs, roundTripMs, edge } = news;
  const figures = figuresOf({ canDraft: true, acceptance, draftMs, roundTripMs, edge });
  if (figures === null) return kept;
  const gain = 1 - bestStreamMs(figures) / figures.stepMs(1);
  if (before.isDrafting) {
    return gain < leastDeviceGain ? { ...kept, isDrafting: false, tokensSince: 0 } : kept;
  }
  // Hysteresis: twice the gain.
  if (gain >= 2 * leastDeviceGain) return { ...kept, isDrafting: true, tokensSince: 0 };
  return tokensSince < probeAfterTokens ? kept : { ...freshJudgement };
}

/** The acceptance that drafts of a natural pair reach on easy text. */
const optimisticAcceptance = 0.9;
/** The measurement of shorter steps is too rough to tell stairs from noise, ms. */
const leastJudgedMs = 1;

/**
 * Whether drafts could save time on this edge if they were free, always in time and accepted at {@link optimisticAcceptance}. They cannot
 * where the time of a step grows with its rows as fast as the committed tokens do; then the device need not begin.
 */
export function canDraftsPay({ stepMs: told }: EdgeTiming): boolean {
  if (told === null) return true;
  const stepMs = stepMsAsAnnounced(told);
  const aloneMs = stepMs(1);
  if (aloneMs < leastJudgedMs) return true;
  const rowCounts = told.map((_, index) => index + 1);
  const bestMs = Math.min(...rowCounts.map((rows) => stepMs(rows) / windowTokens(optimisticAcceptance, rows - 1)));
  // Twice the gain, as for switching drafts on: the announced times are measurements.
  return bestMs < aloneMs * (1 - 2 * leastDeviceGain);
}

function figuresOf({ draftMs, roundTripMs, acceptance, edge }: TimingKnowledge): TimingFigures | null {
  const step = edge?.stepMs ?? null;
  if (step === null || roundTripMs === null || acceptance === null) return null;
  const edgeDraftMs = edge?.edgeDraftMs ?? Number.NaN;
  const ownMs = draftMs ?? edgeDraftMs;
  if (Number.isNaN(ownMs)) return null;
  return {
    stepMs: stepMsAsAnnounced(step),
    draftMs: Math.max(0.01, ownMs),
    edgeDraftMs: Math.max(0.01, Number.isNaN(edgeDraftMs) ? ownMs : edgeDraftMs),
    roundTripMs,
    acceptance,
    maxDrafts: mostDrafts,
  };
}

function bestStreamMs(figures: TimingFigures): number {
  const counts = new Set([...triedDrafts, ...fillingDrafts(figures)]);
  return Math.min(figures.stepMs(1), ...[...counts].map((drafts) => streamMsPerToken(figures, drafts)));
}

/** The numbers of drafts that fill a stair of the step time. */
function fillingDrafts({ stepMs }: TimingFigures): number[] {
  const counts = Array.from({ length: mostDrafts }, (_, index) => index + 1);
  return counts.filter((drafts) => stepMs(drafts) === stepMs(drafts + 1) && stepMs(drafts + 1) < stepMs(drafts + 2));
}

function edgeSdMs(figures: TimingFigures): number {
  const found = predictTokenTimes({ ...figures, maxDrafts: 16 }).find(({ mode }) => mode === 'edge-sd');
  return found?.msPerToken ?? Number.POSITIVE_INFINITY;
}

function describe({ draftMs, roundTripMs, acceptance }: TimingKnowledge, aloneMs: number): string {
  const parts = [`the edge alone takes ${round(aloneMs)} ms`, `the network ${round(roundTripMs ?? 0)} ms`];
  if (draftMs !== null) parts.push(`a draft ${round(draftMs)} ms`);
  return `${parts.join(', ')}, ${Math.round(100 * (acceptance ?? 0))} % of drafts hold`;
}

function round(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}
