// Doctor's summary with its stable keys, and its predictions for this machine and for the hardware that edges emulate.

import { describeLaw } from '../../core/decoding/shape-law.ts';
import type { Result } from '../../files/document.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { defaultEdgeProfile } from '../../models/port/profiles.ts';
import type { Check } from './doctor-checks.ts';
import { comparedRows, type ExactCost } from './doctor-exactness.ts';
import type { MeasuredDrafts, MeasuredSteps } from './doctor-measure.ts';
import { againstNative, keepsUp, type ModePredictions, predictHere, predictPaced } from './doctor-predictions.ts';

/** What the checks found. */
export interface Found {
  readonly loopbackMs: number;
  readonly target: LanguageModel | null;
  /** The target could not be opened as exact. */
  readonly isRefused: boolean;
  readonly drafts: MeasuredDrafts | null;
  readonly steps: MeasuredSteps | null;
  /** Of each measured step; empty where the target is not exact or nothing was measured. */
  readonly costs: readonly ExactCost[];
  /** What a real edge took. */
  readonly edge: Readonly<Record<string, number>>;
}

export type AllPredictions = readonly (ModePredictions & {
  readonly key: 'here' | 'paced';
  readonly where: string;
  /** What the edge alone takes without a law, and the quickest mode beside it; only where that was measured. */
  readonly native?: { readonly msPerToken: number; readonly said: string };
})[];

/** The network that `outrider run` emulates unless told otherwise. */
const emulatedRoundTripMs = 20;

export function conclude(
  rows: readonly Check[],
  found: Found,
): { readonly summary: Result['summary']; readonly allPredictions: AllPredictions } {
  const failed = rows.filter(({ ok }) => !ok).length;
  const { loopbackMs, edge, drafts, steps } = found;
  const allPredictions = predictAll(found);
  const summary: Record<string, string | number | boolean | null> = { ok: failed === 0, failed, loopbackMs, ...edge };
  if (drafts !== null) summary['draftMs'] = drafts.draftMs;
  for (const { rows, ms } of steps?.steps ?? []) summary[`stepMs${rows}`] = ms;
  if (drafts !== null) summary['acceptance'] = drafts.acceptance;
  Object.assign(summary, summariseExactness(found));
  for (const { key, predictions, quickest, why } of allPredictions) {
    for (const { mode, msPerToken } of predictions) summary[`${key}_${mode}_msPerToken`] = msPerToken;
    summary[`${key}_quickest`] = quickest.mode;
    summary[`${key}_why`] = why;
  }
  return { summary: { ...summary, ...summariseQuickest(allPredictions[0]) }, allPredictions };
}

/** Null: the target could not be opened, or keeps to no law. */
function summariseExactness({ target, isRefused, costs }: Found): Result['summary'] {
  const summary: Record<string, string | number | boolean | null> = {
    exact: target === null ? null : !isRefused,
    law: target === null || isRefused ? null : describeLaw(target.limits.law),
    weights: target?.exactness?.weights ?? null,
  };
  for (const rows of comparedRows) {
    const cost = costs.find((one) => one.rows === rows);
    summary[`nativeStepMs${rows}`] = cost?.nativeMs ?? null;
    summary[`exactCost${rows}`] = cost?.ratio ?? null;
  }
  return summary;
}

function summariseQuickest(here: AllPredictions[number] | undefined): Result['summary'] {
  const { quickest, arMs, native } = here ?? {};
  const over = (ms: number | undefined): number | null =>
    ms === undefined || quickest === undefined ? null : quickest.msPerToken / ms;
  return {
    arNativeMsPerToken: native?.msPerToken ?? null,
    quickestMode: quickest?.mode ?? null,
    quickestMsPerToken: quickest?.msPerToken ?? null,
    quickestOverAr: over(arMs),
    quickestOverArNative: over(native?.msPerToken),
    quickestSaid: native?.said ?? null,
  };
}

function predictAll({ target, drafts, steps, costs, loopbackMs, isRefused }: Found): AllPredictions {
  if (target === null || drafts === null || steps === null || Number.isNaN(loopbackMs)) return [];
  const measured = { ...drafts, steps: steps.steps };
  const profile = defaultEdgeProfile;
  const { law } = target.limits;
  const here = predictHere(measured, law, loopbackMs);
  const arNativeMs = costs.find(({ rows }) => rows === 1)?.nativeMs ?? here.arMs;
  const said = isRefused
    ? 'Exact text is refused, so these are the times of an edge with --fast, which does not promise the text'
    : againstNative(here, arNativeMs);
  const slower = keepsUp(measured, law, profile) ? '' : '; this machine is slower than that, so its own steps count';
  return [
    {
      key: 'here',
      where: 'both processes on this machine, unpaced',
      ...here,
      native: { msPerToken: arNativeMs, said },
    },
    {
      key: 'paced',
      where: `paced to ${profile.description}, ${emulatedRoundTripMs} ms away${slower}`,
      ...predictPaced(measured, law, emulatedRoundTripMs, profile),
    },
  ];
}
