// The predicted time per token of mode `stream` on an edge, from what is known of the edge and of the drafts. The decisions of auto-mode.ts
// are made from it. Pure; it keeps its predictions, because a turn asks for the same ones again and again.

import type { TimingFigures } from '../../scheduling/latency-model.ts';
import { streamMsPerToken } from '../../scheduling/predict-stream.ts';
import { stepMsAsAnnounced } from '../wire/edge-timing.ts';
import type { EdgeTiming } from '../wire/messages.ts';

/** What is known of an edge and of the drafts; null: not measured yet. Times in ms. */
export interface TimingKnowledge {
  readonly draftMs: number | null;
  readonly roundTripMs: number | null;
  readonly acceptance: number | null;
  /** From the edge's `hello`. */
  readonly edge: EdgeTiming | null;
  /** Extra time of a step beyond the announced one, ms: the edge's other sessions. Default 0. */
  readonly loadMs?: number;
}

/** More drafts in a step save almost nothing. */
const mostDrafts = 8;
const triedDrafts = [1, 2, 3, 4, 6, mostDrafts];

/** The input of a prediction; null: not enough is measured. */
export function figuresOf({
  draftMs,
  roundTripMs,
  acceptance,
  edge,
  loadMs = 0,
}: TimingKnowledge): TimingFigures | null {
  const step = edge?.stepMs ?? null;
  if (step === null || roundTripMs === null || acceptance === null || draftMs === null) return null;
  const announcedMs = stepMsAsAnnounced(step);
  const coarseLoadMs = coarse(loadMs);
  return {
    stepMs: (rows) => announcedMs(rows) + coarseLoadMs,
    draftMs: coarse(draftMs),
    edgeDraftMs: Math.max(0.01, edge?.edgeDraftMs ?? draftMs),
    edgeDraftsOverlap: true,
    roundTripMs: coarse(roundTripMs),
    acceptance: Math.round(acceptance / acceptanceStep) * acceptanceStep,
    maxDrafts: mostDrafts,
  };
}

/** Measured times are rounded to steps of a twelfth, and the acceptance to steps of 0.02, so that predictions repeat and are kept. */
const acceptanceStep = 0.02;
const leastMs = 0.01;

/** A measured time in steps of a twelfth. */
export function coarse(ms: number): number {
  return ms < leastMs ? leastMs : 2 ** (Math.round(8 * Math.log2(ms)) / 8);
}

/** A prediction of all draft counts takes up to a few milliseconds on a phone. A device has a few; a controller those of its devices. */
const keptPredictions = 8192;
const predictions = new Map<string, readonly (readonly [drafts: number, ms: number])[]>();

/** The time per token at the best number of drafts in a step. */
export function bestStreamMs(figures: TimingFigures): number {
  return Math.min(...streamTimes(figures).map(([, ms]) => ms));
}

/**
 * How far ahead of the text a device must draft for the fewest drafts in a step with which the text takes at most this share longer than with
 * the best number, tokens: those of the step that runs, those of the next one, which are made meanwhile, and those of the time in which drafts
 * and text are on their way. Null: not enough is measured.
 */
export function frugalLead(known: TimingKnowledge, share: number): number | null {
  const figures = figuresOf(known);
  if (figures === null) return null;
  const bestMs = bestStreamMs(figures);
  const times = [...streamTimes(figures)].sort(([one], [other]) => one - other);
  const [drafts] = times.find(([, ms]) => ms * (1 - share) <= bestMs) ?? [mostDrafts, bestMs];
  return Math.ceil(drafts * (2 + figures.roundTripMs / figures.stepMs(1 + drafts)));
}

/** The time per token with none, one, two, ... drafts in a step; the last one of the list need not be the largest. */
function streamTimes(figures: TimingFigures): readonly (readonly [drafts: number, ms: number])[] {
  const { stepMs, draftMs, roundTripMs, acceptance } = figures;
  const steps = Array.from({ length: mostDrafts + 2 }, (_, index) => stepMs(index + 1).toFixed(2));
  const key = [...steps, draftMs, roundTripMs, acceptance].join(' ');
  const known = predictions.get(key);
  if (known !== undefined) return known;
  const counts = new Set([...triedDrafts, ...fillingDrafts(figures)]);
  const times = [0, ...counts].map((drafts) => {
    return [drafts, drafts === 0 ? stepMs(1) : streamMsPerToken(figures, drafts)] as const;
  });
  if (predictions.size >= keptPredictions) predictions.clear();
  predictions.set(key, times);
  return times;
}

/** The numbers of drafts that fill a stair of the step time. */
function fillingDrafts({ stepMs }: TimingFigures): number[] {
  const counts = Array.from({ length: mostDrafts }, (_, index) => index + 1);
  return counts.filter((drafts) => stepMs(drafts) === stepMs(drafts + 1) && stepMs(drafts + 1) < stepMs(drafts + 2));
}
