// Predicts the time per token of each mode from the measurements and the target's shape law, for this machine and for the hardware that edges
// emulate, and gives the reason in a sentence. Doctor's summary with its stable keys.

import { describeLaw, type ShapeLaw } from '../../core/decoding/shape-law.ts';
import type { TimingFigures } from '../../core/scheduling/latency-model.ts';
import { predictTokenTimes, type TokenTimePrediction } from '../../core/scheduling/predict-latency.ts';
import { fitStepTime, stepMs } from '../../core/scheduling/step-time.ts';
import type { Result } from '../../files/document.ts';
import { defaultEdgeProfile, type LatencyProfile } from '../../models/port/profiles.ts';
import type { Check } from './doctor-checks.ts';
import { comparedRows } from './doctor-exactness.ts';
import type { Found } from './doctor-found.ts';
import type { MeasuredDrafts, MeasuredSteps } from './doctor-measure.ts';

export type Measured = MeasuredDrafts & Pick<MeasuredSteps, 'steps'>;

export interface ModePredictions {
  readonly predictions: readonly TokenTimePrediction[];
  readonly quickest: TokenTimePrediction;
  /** The time per token in mode `ar`. */
  readonly arMs: number;
  /** Why, in a sentence. */
  readonly why: string;
}

export type AllPredictions = readonly (ModePredictions & {
  readonly key: 'here' | 'paced';
  readonly where: string;
  /** What the edge alone takes without a law, and the quickest mode beside it; only where that was measured. */
  readonly native?: { readonly msPerToken: number; readonly said: string };
})[];

type Summary = Record<string, string | number | boolean | null>;

/** A smaller ratio counts as none: measurements are no more precise. */
const noticeable = 1.03;
/** The network that `outrider run` emulates by default. */
const emulatedRoundTripMs = 20;

export function conclude(
  rows: readonly Check[],
  found: Found,
): { readonly summary: Result['summary']; readonly allPredictions: AllPredictions } {
  const failed = rows.filter(({ ok }) => !ok).length;
  const { loopbackMs, edge, drafts, steps } = found;
  const allPredictions = predictAll(found);
  const summary: Summary = { ok: failed === 0, failed, loopbackMs, ...edge };
  if (drafts !== null) summary['draftMs'] = drafts.draftMs;
  for (const { rows, ms } of steps?.steps ?? []) summary[`stepMs${rows}`] = ms;
  if (drafts !== null) summary['acceptance'] = drafts.acceptance;
  summariseExactness(summary, found);
  for (const { key, predictions, quickest, why } of allPredictions) {
    for (const { mode, msPerToken } of predictions) summary[`${key}_${mode}_msPerToken`] = msPerToken;
    summary[`${key}_quickest`] = quickest.mode;
    summary[`${key}_why`] = why;
  }
  summariseQuickest(summary, allPredictions[0]);
  return { summary, allPredictions };
}

/** Null: the target could not be opened, or keeps to no law. */
function summariseExactness(summary: Summary, { target, refusal, costs }: Found): void {
  const isRefused = refusal !== null;
  summary['exact'] = target === null ? null : !isRefused;
  summary['law'] = target === null || isRefused ? null : describeLaw(target.limits.law);
  summary['weights'] = target?.exactness?.weights ?? null;
  for (const rows of comparedRows) {
    const cost = costs.find((one) => one.rows === rows);
    summary[`nativeStepMs${rows}`] = cost?.nativeMs ?? null;
    summary[`exactCost${rows}`] = cost?.ratio ?? null;
  }
}

function summariseQuickest(summary: Summary, here: AllPredictions[number] | undefined): void {
  const { quickest, arMs, native } = here ?? {};
  const over = (ms: number | undefined): number | null =>
    ms === undefined || quickest === undefined ? null : quickest.msPerToken / ms;
  summary['arNativeMsPerToken'] = native?.msPerToken ?? null;
  summary['quickestMode'] = quickest?.mode ?? null;
  summary['quickestMsPerToken'] = quickest?.msPerToken ?? null;
  summary['quickestOverAr'] = over(arMs);
  summary['quickestOverArNative'] = over(native?.msPerToken);
  summary['quickestSaid'] = native?.said ?? null;
}

function predictAll({ target, drafts, steps, costs, loopbackMs, refusal }: Found): AllPredictions {
  if (target === null || drafts === null || steps === null || Number.isNaN(loopbackMs)) return [];
  const measured = { ...drafts, steps: steps.steps };
  const profile = defaultEdgeProfile;
  const { law } = target.limits;
  const here = predictHere(measured, law, loopbackMs);
  const msPerToken = costs.find(({ rows }) => rows === 1)?.nativeMs ?? here.arMs;
  const refused =
    'Exact text is refused, so these are the times of an edge with --fast, which does not promise the text';
  const said = refusal === null ? againstNative(here, msPerToken) : refused;
  const slower = keepsUp(measured, law, profile) ? '' : '; this machine is slower than that, so its own steps count';
  const where = `paced to ${profile.description}, ${emulatedRoundTripMs} ms away${slower}`;
  return [
    { key: 'here', where: 'both processes on this machine, unpaced', ...here, native: { msPerToken, said } },
    { key: 'paced', where, ...predictPaced(measured, law, emulatedRoundTripMs, profile) },
  ];
}

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
