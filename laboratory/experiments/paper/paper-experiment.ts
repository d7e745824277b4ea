// The common part of all figures of the paper as experiments: their options, their record, and a conclusion that fills a page.

import {
  type Claim,
  claimSummary,
  type DraftClaim,
  interpretClaims,
  type Verdict,
} from '../../../simulator/runner/claim.ts';
import type { Conclusion, Experiment, Figure, Unit } from '../../../simulator/runner/experiment.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { packageVersion } from '../../../src/files/document.ts';
import { type Size, sizes } from './sizes.ts';

const paperOptions = {
  size: { default: sizes.default as Size },
  /** A file of acceptance traces for Fig. 2; null: drafts are drawn. */
  tracePath: { default: null as string | null },
  /** Names or files of further policies. */
  policies: { default: [] as readonly string[] },
} as const;

export interface PaperConclusion extends Conclusion {
  readonly claims: readonly Claim[];
  readonly figures: readonly Figure[];
  readonly page: string;
}

export type PaperExperiment = Experiment<typeof paperOptions, object, PaperConclusion>;

interface Plan<Measured> {
  /** All settings that affect the units; the parameters of the document. */
  readonly settings: object;
  readonly units: readonly Unit<Measured>[];
}

/** A conclusion whose claims do not yet say what they depend on. */
export interface Drafted extends Omit<PaperConclusion, 'summary' | 'params' | 'claims'> {
  readonly claims: readonly DraftClaim[];
  /** Numbers of the summary beside those of the claims. */
  readonly figuresOfSummary?: Readonly<Record<string, number>>;
}

/** A figure: its measurement, and its conclusion from the results of the units, in their order. */
interface PaperFigure<Measured, Planned> {
  readonly figure: string;
  readonly description: string;
  plan(asked: OptionsOf<typeof paperOptions>): (Plan<Measured> & Planned) | Promise<Plan<Measured> & Planned>;
  conclude(found: readonly Measured[], planned: Planned, size: Size): Drafted;
}

export function paperExperiment<Measured, Planned>(of: PaperFigure<Measured, Planned>): PaperExperiment {
  const { figure, description } = of;
  const experiment: Experiment<
    typeof paperOptions,
    { readonly planned: Plan<Measured> & Planned; readonly found: readonly Measured[] },
    PaperConclusion
  > = {
    name: `reproduce ${figure}`,
    description,
    options: paperOptions,
    async measure(asked, run) {
      const planned = await of.plan(asked);
      await run.begin({ version: packageVersion(), figure, ...planned.settings });
      return { planned, found: await run.all(figure, planned.units) };
    },
    conclude({ planned, found }, { size }) {
      const { claims: drafts, figuresOfSummary, ...concluded } = of.conclude(found, planned, size);
      const claims = interpretClaims(drafts);
      const summary = { ...claimSummary(claims), ...figuresOfSummary };
      return { ...concluded, claims, summary, params: { figure, ...planned.settings } };
    },
  };
  return experiment;
}

/** Makes the claims of a figure under one interpretation. */
export function claimMaker(about: Pick<DraftClaim, 'figure' | 'choices' | 'isMain'>) {
  return (
    name: string,
    statement: string,
    claimed: Claim['claimed'],
    { value, interval }: Estimate,
    verdict: Verdict,
  ): DraftClaim => ({ ...about, name, statement, claimed, measured: value, interval, verdict });
}
