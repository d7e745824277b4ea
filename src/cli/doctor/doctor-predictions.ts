// Predicts the time per token of each mode from the measurements and the target's shape law, and gives the reason in a sentence.

import type { ShapeLaw } from '../../core/decoding/shape-law.ts';
import type { TimingFigures } from '../../core/scheduling/latency-model.ts';
import { predictTokenTimes, type TokenTimePrediction } from '../../core/scheduling/predict-latency.ts';
import { fitStepTime, stepMs } from '../../core/scheduling/step-time.ts';
import type { LatencyProfile } from '../../models/port/profiles.ts';
import type { MeasuredDrafts, MeasuredSteps } from './doctor-measure.ts';

export type Measured = MeasuredDrafts & Pick<MeasuredSteps, 'steps'>;

export interface ModePredictions {
  readonly predictions: readonly TokenTimePrediction[];
  readonly quickest: TokenTimePrediction;
  /** Of mode `ar`. */
  readonly arMs: number;
  /** Why, in a sentence. */
  readonly why: string;
}

/** A smaller ratio counts as none: measurements are no more precise. */
const noticeable = 1.03;

/** Both models on this machine, nothing paced. */
export function predictHere(measured: Measured, law: ShapeLaw, roundTripMs: number): ModePredictions {
  return predictionsOf({ ...figuresOf(measured, roundTripMs), stepMs: stepTimes(measured, law) });
}

/** The target on the profile's hardware; device and draft as measured here. A step that takes longer here takes as long as here. */
export function predictPaced(
  measured: Measured,
  law: ShapeLaw,
  roundTripMs: number,
  profile: LatencyProfile,
): ModePredictions {
  const hereMs = stepTimes(measured, law);
  return predictionsOf({
    ...figuresOf(measured, roundTripMs),
    stepMs: (rows) => Math.max(hereMs(rows), profileMs(profile, rows)),
    maxDrafts: Math.max(1, profile.rowCap - 1),
  });
}

/** Whether steps as large as the profile allows are done in its time here. */
export function keepsUp(measured: Measured, law: ShapeLaw, profile: LatencyProfile): boolean {
  return stepTimes(measured, law)(profile.rowCap) <= profileMs(profile, profile.rowCap);
}

/** The quickest mode beside the edge alone without a law (`ar-native`), in a sentence. */
export function againstNative({ quickest, arMs }: ModePredictions, arNativeMs: number): string {
  const ratio = quickest.msPerToken / arNativeMs;
  return `${quickest.mode} takes ${ratio.toFixed(2)} of ar-native, the edge alone without the law: ${judgeNative(quickest.msPerToken, arMs, arNativeMs)}`;
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

function profileMs(profile: LatencyProfile, rows: number): number {
  return profile.stepMs + profile.rowMs * rows;
}

/** As measured where it was measured; the law says what more rows take. */
function stepTimes({ steps }: Measured, law: ShapeLaw): (rows: number) => number {
  const fitted = fitStepTime(
    steps.filter(({ rows }) => rows <= law.most),
    law,
  );
  return (rows) => stepMs(fitted, rows);
}

function figuresOf({ draftMs, acceptance }: Measured, roundTripMs: number): Omit<TimingFigures, 'stepMs'> {
  return { draftMs, edgeDraftMs: draftMs, acceptance, roundTripMs };
}

function predictionsOf(figures: TimingFigures): ModePredictions {
  const predictions = predictTokenTimes(figures);
  const [quickest] = predictions;
  if (quickest === undefined) throw new Error('no mode was predicted');
  const arMs = predictions.find(({ mode }) => mode === 'ar')?.msPerToken ?? quickest.msPerToken;
  return { predictions, quickest, arMs, why: explain(figures, quickest, arMs) };
}

function explain(figures: TimingFigures, quickest: TokenTimePrediction, arMs: number): string {
  const percent = `${Math.round(figures.acceptance * 100)} % of the drafts hold`;
  const rows = `a step over 4 rows takes ${(figures.stepMs(4) / figures.stepMs(1)).toFixed(1)} times one over a single row`;
  if (quickest.mode === 'ar') return `${percent} and ${rows}, so drafts save less than they cost`;
  const ratio = `${(quickest.msPerToken / arMs).toFixed(2)} of the edge alone`;
  const speed = `the target's step takes ${(figures.stepMs(1) / figures.draftMs).toFixed(1)} drafts`;
  return `${ratio}: ${percent}, ${speed}, ${rows}`;
}
