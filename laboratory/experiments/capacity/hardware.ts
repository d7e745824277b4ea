// What the hardware of a profile means for its sessions: the times per output token that 95 of 100 answers are to keep, and its power. The energy of a
// token is a model, not a measurement: while a step runs the accelerators draw their whole limit, otherwise what they draw with a model loaded.

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

/** MLPerf Inference, "interactive": the first token within 450 ms for Llama 2 70B, 500 ms for Llama 3.1 8B. */
export function firstTokenLimitMs(profile: string): number {
  return profile.includes('70b') ? 450 : 500;
}

/** Watts of all accelerators of a profile together. */
export interface EdgePower {
  readonly busyW: number;
  readonly idleW: number;
}

/** Share of the limit that is drawn between steps with a model in memory: an assumption. */
const idleShare = 0.2;

/** Board power limits of the makers' data sheets: RTX A6000 300 W, A100 80GB SXM 400 W, RTX 4090 450 W. */
const limitsW: Readonly<Record<string, number>> = {
  'edge-70b-a6000': 300,
  'edge-70b-a100x2': 2 * 400,
  'edge-8b-rtx4090': 450,
};

/** Null: no such hardware is known, as of a profile that was chosen and not measured. */
export function edgePower(profile: string): EdgePower | null {
  const busyW = limitsW[profile];
  return busyW === undefined ? null : { busyW, idleW: idleShare * busyW };
}

/** @param busyMs time in which a step ran @param elapsedMs all the time @returns null: the power is not known */
export function joulesPerToken(
  power: EdgePower | null,
  { tokens, busyMs, elapsedMs }: { readonly tokens: number; readonly busyMs: number; readonly elapsedMs: number },
): number | null {
  if (power === null || tokens === 0) return null;
  return (power.busyW * busyMs + power.idleW * Math.max(0, elapsedMs - busyMs)) / 1000 / tokens;
}
