// The targets at which sessions are counted: the time per output token that 95 of 100 answers keep.

import type { LatencyProfile } from '../../../src/models/port/profiles.ts';

export interface Target {
  /** "1.5 steps", "40 ms". */
  readonly name: string;
  readonly ms: number;
}

/** In steps of a session that has the edge for itself. The main one is that of the summary. */
export const usualTargets: readonly number[] = [1.1, 1.25, 1.5];
export const mainTarget = 1.5;

/** MLPerf Inference, scenario "interactive": 40 ms for Llama 2 70B, 30 ms for Llama 3.1 8B, each kept by 99 of 100 answers there. */
const absoluteTargetsMs: Readonly<Record<string, readonly number[]>> = {
  'edge-70b-a6000': [40],
  'edge-70b-a100x2': [40],
  'edge-8b-rtx4090': [30],
};

export function aloneMs({ stepMs, rowMs }: Pick<LatencyProfile, 'stepMs' | 'rowMs'>): number {
  return stepMs + rowMs;
}

export function relativeName(steps: number): string {
  return `${steps} steps`;
}

/** From the strictest on. @param steps multiples of a step */
export function targetsOf(profile: LatencyProfile, steps: readonly number[] = usualTargets): Target[] {
  const alone = aloneMs(profile);
  const relative = steps.map((count) => ({ name: relativeName(count), ms: count * alone }));
  const absolute = (absoluteTargetsMs[profile.name] ?? []).map((ms) => ({ name: `${ms} ms`, ms }));
  return [...relative, ...absolute].toSorted((one, other) => one.ms - other.ms);
}
