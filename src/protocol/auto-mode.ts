// Mode `auto`: which mode a turn begins with, and whether its device goes on drafting, from what was measured. Pure; who measures is
// the device's shell. A draft costs battery, and one made on the edge costs the edge: neither is spent on a gain too small to notice.

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
  /** As the edge's greeting told it. */
  readonly edge: EdgeTiming | null;
}

export interface ModeChoice {
  readonly mode: ModeName;
  /** Whether the device begins with drafting on; off, `stream` is the edge alone, and drafts are tried again after a while. */
  readonly drafts: boolean;
  /** In one sentence, for people. */
  readonly reason: string;
}

/** Expected gain below which the device does not begin to draft, or the edge to draft beside it. */
const leastDeviceGain = 0.03;
const leastEdgeGain = 0.05;
/** Drafts in a step beyond these save next to nothing and take long to play through. */
const mostDrafts = 8;
const triedDrafts = [1, 2, 3, 4, 6, mostDrafts];

/** The mode of the next turn. Nothing known: `stream`, which is never slower than the edge alone. */
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
    // With both, the quicker of the two bounds the time from above.
    const reason = `${seen}: with drafts of the edge's own about ${round(edgeMs)} ms a token`;
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

/** How drafting goes in a running turn; counts are weights that fade. */
export interface DraftingJudgement {
  readonly isDrafting: boolean;
  readonly matched: number;
  readonly mismatched: number;
  /** Tokens committed since drafting was switched on or off. */
  readonly tokensSince: number;
}

export interface DraftingNews {
  /** Since the last judgement. */
  readonly matched: number;
  readonly mismatched: number;
  readonly tokens: number;
  /** Null: not measured in this turn yet. */
  readonly draftMs: number | null;
  readonly roundTripMs: number | null;
  readonly edge: EdgeTiming | null;
}

/** Comparisons that count in full; older ones fade. */
const memory = 48;
/** What is known of drafts that were not compared yet: little, and good enough to begin. */
export const freshJudgement: DraftingJudgement = { isDrafting: true, matched: 3, mismatched: 1, tokensSince: 0 };
/** Fewer tokens than these tell nothing, so drafting is not switched again before. */
const leastStayTokens = 24;
/** After so many without drafts they are tried again: the text may have become easier. */
const probeAfterTokens = 96;

/**
 * Switches drafting off where it saves less than {@link leastDeviceGain}, and on again where the round trip or the edge's step time has
 * moved so that it does, or after a while to see. Off, mode `stream` is the edge alone.
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
  // Twice the gain, so that it does not flicker.
  if (gain >= 2 * leastDeviceGain) return { ...kept, isDrafting: true, tokensSince: 0 };
  return tokensSince < probeAfterTokens ? kept : { ...freshJudgement };
}

/** As good as drafts of a natural pair become on easy text: with less than this nothing is ruled out. */
const optimisticAcceptance = 0.9;
/** Steps that are shorter than this are measured too roughly to tell stairs from noise, ms. */
const leastJudgedMs = 1;

/**
 * Whether drafts could save anything on this edge if they cost nothing, were always there and held {@link optimisticAcceptance} of the time.
 * Where a step's time goes up with every row as quickly as its tokens do, none can; then the device need not begin.
 */
export function canDraftsPay({ stepMs: told }: EdgeTiming): boolean {
  if (told === null) return true;
  const stepMs = stepMsAsAnnounced(told);
  const aloneMs = stepMs(1);
  if (aloneMs < leastJudgedMs) return true;
  const rowCounts = told.map((_, index) => index + 1);
  const bestMs = Math.min(...rowCounts.map((rows) => stepMs(rows) / windowTokens(optimisticAcceptance, rows - 1)));
  // Twice the gain, as for switching drafts on: what the edge tells is measured.
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

/** Where the time of a step goes up in stairs, the counts of drafts that fill one. */
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
