// What all figures of the paper have in common as experiments: their options, their record, and a conclusion that fills a page.

import { packageVersion } from '../../files/document.ts';
import { type Claim, claimSummary } from '../../laboratory/claim.ts';
import type { Conclusion, Experiment, Figure, Run, Unit } from '../../laboratory/experiment.ts';
import { type Size, sizes } from './sizes.ts';

export const paperOptions = {
  size: { default: sizes.default as Size },
  /** A file of acceptance traces for Fig. 2; null: drafts are drawn. */
  tracePath: { default: null as string | null },
} as const;

export interface PaperConclusion extends Conclusion {
  readonly claims: readonly Claim[];
  readonly figures: readonly Figure[];
  readonly page: string;
}

export type PaperExperiment<Found> = Experiment<typeof paperOptions, Found, PaperConclusion>;

/** For lists: whatever an experiment finds. */
// biome-ignore lint/suspicious/noExplicitAny: only the experiment itself reads what it found
export type AnyPaperExperiment = PaperExperiment<any>;

/** @param settings all that the units depend on @returns what they found, in their order */
export async function measureUnits<Found>(
  run: Run,
  settings: Settings,
  units: readonly Unit<Found>[],
): Promise<Found[]> {
  await run.begin({ version: packageVersion(), ...settings });
  return run.all(settings.figure, units);
}

/** What a figure was measured with; the parameters of its document. */
export interface Settings {
  readonly figure: string;
}

export function concluded(settings: Settings, parts: Omit<PaperConclusion, 'summary' | 'params'>): PaperConclusion {
  return { ...parts, summary: claimSummary(parts.claims), params: settings };
}

/** Paired seeds: 1, 2, ... */
export function seedsOf(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
