// Predicts the time per token of each mode from the measurements and the target's shape law, for this machine and for the hardware that
// edges emulate, and gives the reason in a sentence.

import type { ShapeLaw } from '../../core/decoding/shape-law.ts';
import type { TimingFigures } from '../../core/scheduling/latency-model.ts';
import { chainBoundMs, predictTokenTimes, type TokenTimePrediction } from '../../core/scheduling/predict-latency.ts';
import { batchMs, fitStepTime, stepMs } from '../../core/scheduling/step-time.ts';
import type { LatencyProfile } from '../../models/port/profiles.ts';
import type { MeasuredDrafts, StepTime } from './doctor-measure.ts';

export interface Measured extends MeasuredDrafts {
  readonly steps: readonly Pick<StepTime, 'rows' | 'ms'>[];
}

export interface ModePredictions {
  readonly predictions: readonly TokenTimePrediction[];
  readonly quickest: TokenTimePrediction;
  /** The time per token in mode `ar`. */
  readonly arMs: number;
  /** Why, in a sentence. */
  readonly why: string;
  /** Whether this machine does steps as large as the profile allows in its time. */
  readonly keepsUp: boolean;
}

/** What no mode can fall below on this edge: drafts are free and always there. */
export interface ChainBound {
  readonly msPerToken: number;
  /** Over the edge alone without a law. */
  readonly overNative: number;
  readonly said: string;
}

export type AllPredictions = readonly (ModePredictions & {
  readonly key: 'here' | 'paced';
  readonly where: string;
  /** What the edge alone takes without a law, and the quickest mode beside it; only where that was measured. */
  readonly native?: { readonly msPerToken: number; readonly said: string };
  readonly bound?: ChainBound;
})[];

/** A smaller ratio counts as none: measurements are no more precise. */
const noticeable = 1.03;

/**
 * Device and draft as measured here; steps of more rows by the step-time law.
 * @param profile of the target's hardware, where a step that takes longer here takes as long as here; left out: nothing is paced
 */
export function predict(
  { draftMs, acceptance, steps }: Measured,
  law: ShapeLaw,
  roundTripMs: number,
  profile?: LatencyProfile,
): ModePredictions {
  const known = steps.filter(({ rows }) => rows <= law.most);
  const fitted = fitStepTime(known, law);
  const profileMs = (rows: number): number => (profile === undefined ? 0 : profile.stepMs + profile.rowMs * rows);
  const figures: TimingFigures = {
    draftMs,
    edgeDraftMs: draftMs,
    acceptance,
    roundTripMs,
    stepMs: (rows) => Math.max(stepMs(fitted, rows), profileMs(rows)),
    ...(profile === undefined ? {} : { maxDrafts: Math.max(1, profile.rowCap - 1) }),
  };
  const keepsUp = profile === undefined || stepMs(fitted, profile.rowCap) <= profileMs(profile.rowCap);
  const predictions = predictTokenTimes(figures);
  const quickest = predictions[0] as TokenTimePrediction;
  const arMs = predictions.find(({ mode }) => mode === 'ar')?.msPerToken ?? quickest.msPerToken;
  return { predictions, quickest, arMs, why: explain(figures, quickest, arMs), keepsUp };
}

/** The quickest mode beside the edge alone without a law (`ar-native`), in a sentence. */
export function againstNative(
  { quickest, arMs }: Pick<ModePredictions, 'quickest' | 'arMs'>,
  nativeMs: number,
): string {
  const ratio = (quickest.msPerToken / nativeMs).toFixed(2);
  const judgement = judgeNative(quickest.msPerToken, arMs, nativeMs);
  return `${quickest.mode} takes ${ratio} of ar-native, the edge alone without the law: ${judgement}`;
}

/** Fields of a summary: the quickest mode of a prediction, and what it gains. */
export function quickestOf({
  quickest,
  arMs,
  native,
  bound,
}: Partial<AllPredictions[number]> = {}): Readonly<Record<string, string | number | null>> {
  const over = (ms: number | undefined): number | null =>
    ms === undefined || quickest === undefined ? null : quickest.msPerToken / ms;
  return {
    arNativeMsPerToken: native?.msPerToken ?? null,
    quickestMode: quickest?.mode ?? null,
    quickestMsPerToken: quickest?.msPerToken ?? null,
    quickestOverAr: over(arMs),
    quickestOverArNative: over(native?.msPerToken),
    quickestSaid: native?.said ?? null,
    boundMsPerToken: bound?.msPerToken ?? null,
    boundOverArNative: bound?.overNative ?? null,
  };
}

/** A short answer each: a smaller difference may be chance. */
const noticeableAtEdge = 1.1;

/** What two answers of a real edge have shown, in a sentence. */
export function measuredAtEdge(
  aloneMs: number,
  streamMs: number,
): { readonly edgeQuickest: 'ar' | 'stream' | null; readonly edgeSaid: string } {
  const ratio = streamMs / aloneMs;
  const times = `with drafts a token took ${ratio.toFixed(2)} times as long as from the edge alone`;
  if (ratio > noticeableAtEdge)
    return { edgeQuickest: 'ar', edgeSaid: `${times}: there ar is quicker, whatever is predicted above` };
  if (ratio * noticeableAtEdge < 1)
    return { edgeQuickest: 'stream', edgeSaid: `${times}: there stream is quicker, whatever is predicted above` };
  return { edgeQuickest: null, edgeSaid: `${times}, which two short answers do not tell from 1` };
}

export function boundOf({ acceptance, steps }: Pick<Measured, 'acceptance' | 'steps'>, nativeMs: number): ChainBound {
  const inOrder = steps.toSorted((one, other) => one.rows - other.rows).map(({ ms }) => ms);
  const msPerToken = chainBoundMs(inOrder, acceptance);
  const overNative = msPerToken / nativeMs;
  const said = `the bound is ${overNative.toFixed(2)} of ar-native: drafts that cost nothing bring no more on this engine`;
  return { msPerToken, overNative, said };
}

/** One engine's share of a comparison. */
export interface EngineCosts {
  /** The time of steps of 1, 2, 3, ... rows of one sequence. */
  readonly steps: readonly Pick<StepTime, 'rows' | 'ms'>[];
  readonly law: ShapeLaw;
}

/** What one engine takes for a token of each of several sessions over what llama.cpp takes, and which of them is quicker, in a sentence. */
export function besideLlama(
  engine: EngineCosts,
  llama: EngineCosts,
  { acceptance, sessions }: { readonly acceptance: number; readonly sessions: number },
): { readonly ratio: number; readonly said: string } {
  const ratio = crowdedMs(engine, acceptance, sessions) / crowdedMs(llama, acceptance, sessions);
  const count = sessions === 1 ? 'one session' : `${sessions} sessions`;
  const isQuicker = ratio * noticeable < 1;
  const slower =
    ratio > noticeable ? 'llama.cpp is the quicker one here: leave --engine out' : 'it makes no difference here';
  const verdict = isQuicker ? 'it is the quicker engine here' : slower;
  return { ratio, said: `${ratio.toFixed(2)} of llama.cpp without a law, for ${count} and free drafts: ${verdict}` };
}

/** Drafts cost nothing, and every step has the best number of rows of each session. */
function crowdedMs({ steps, law }: EngineCosts, acceptance: number, sessions: number): number {
  const fitted = fitStepTime(
    steps.filter(({ rows }) => rows <= law.most),
    law,
  );
  return chainBoundMs(
    steps.map(({ rows }) =>
      batchMs(
        fitted,
        Array.from({ length: sessions }, () => rows),
      ),
    ),
    acceptance,
  );
}

function judgeNative(quickestMs: number, arMs: number, arNativeMs: number): string {
  const exactnessCosts = arMs > noticeable * arNativeMs;
  const draftingPays = arMs > noticeable * quickestMs;
  if (!draftingPays && exactnessCosts) return 'here neither exactness nor drafting pays';
  if (!draftingPays) return 'exactness costs nothing here, and drafting does not pay';
  if (!exactnessCosts) return 'drafting pays, and exactness costs nothing here';
  if (quickestMs > noticeable * arNativeMs) return 'drafting does not make up for what exactness costs';
  const isQuicker = arNativeMs > noticeable * quickestMs;
  return `drafting ${isQuicker ? 'more than' : 'just'} makes up for what exactness costs`;
}

function explain(figures: TimingFigures, quickest: TokenTimePrediction, arMs: number): string {
  const percent = `${Math.round(figures.acceptance * 100)} % of the drafts hold`;
  const rows = `a step over 4 rows takes ${(figures.stepMs(4) / figures.stepMs(1)).toFixed(1)} times one over a single row`;
  if (quickest.mode === 'ar') return `${percent} and ${rows}, so drafts save less than they cost`;
  const ratio = `${(quickest.msPerToken / arMs).toFixed(2)} of the edge alone`;
  const speed = `the target's step takes ${(figures.stepMs(1) / figures.draftMs).toFixed(1)} drafts`;
  return `${ratio}: ${percent}, ${speed}, ${rows}`;
}
