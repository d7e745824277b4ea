// The common part of all figures of the paper: their settings, their record, and a conclusion that fills a page.

import type { Estimate } from '../../../simulator/charts/bootstrap.ts';
import type { Drawing } from '../../../simulator/charts/drawing.ts';
import {
  type Claim,
  claimSummary,
  type DraftClaim,
  interpretClaims,
  type VerdictOn,
} from '../../../simulator/runner/claim.ts';
import type { Conclusion, Run, Unit } from '../../../simulator/runner/experiment.ts';
import { type RunSettings, runExperiment } from '../../../simulator/runner/run.ts';
import type { Size } from './sizes.ts';

interface Asked {
  readonly size: Size;
  /** A file of acceptance traces for Fig. 2; null: drafts are drawn. */
  readonly tracePath: string | null;
  /** Names or files of further policies. */
  readonly policies: readonly string[];
}

export interface PaperConclusion extends Conclusion {
  readonly figure: string;
  readonly description: string;
  readonly claims: readonly Claim[];
  /** By the names of their files. */
  readonly figures: Readonly<Record<string, Drawing>>;
  /** Markdown below the heading of the figure. */
  readonly page: string;
}

export interface PaperExperiment {
  /** The word after `outrider reproduce`, and the prefix of the names of its files. */
  readonly figure: string;
  readonly description: string;
  run(asked: Asked, recording: RunSettings): Promise<PaperConclusion>;
}

/** Markdown tables by their headings. */
export type Tables = Readonly<Record<string, string>>;

/** A conclusion whose claims do not yet say what they depend on. */
export interface Drafted extends Pick<PaperConclusion, 'rows' | 'figures'> {
  readonly claims: readonly DraftClaim[];
  readonly tables: Tables;
  /** Sentences above the tables: which policies were there. */
  readonly notes?: readonly string[];
  /** Numbers of the summary beside those of the claims. */
  readonly figuresOfSummary?: Readonly<Record<string, number>>;
}

interface Plan<Measured> {
  /** All settings that affect the units; the parameters of the document. */
  readonly settings: object;
  readonly units: readonly Unit<Measured>[];
  /** @param found the results of the units, in their order */
  conclude(found: readonly Measured[]): Drafted;
}

interface PaperFigure<Measured> extends Pick<PaperExperiment, 'figure' | 'description'> {
  plan(asked: Asked): Plan<Measured> | Promise<Plan<Measured>>;
}

export function paperExperiment<Measured>({ figure, description, plan }: PaperFigure<Measured>): PaperExperiment {
  return {
    figure,
    description,
    async run(asked, recording) {
      const { settings, units, conclude } = await plan(asked);
      const params = { figure, ...settings };
      const experiment = {
        name: `reproduce ${figure}`,
        description,
        options: {},
        async measure(_options: object, run: Run): Promise<Measured[]> {
          await run.begin({ ...params });
          return run.all(figure, units);
        },
        conclude(found: readonly Measured[]): PaperConclusion {
          const { claims: drafts, figuresOfSummary, tables, notes = [], ...drafted } = conclude(found);
          const claims = interpretClaims(drafts);
          const summary = { ...claimSummary(claims), ...figuresOfSummary };
          const sections = Object.entries(tables).map(([heading, table]) => `### ${heading}\n\n${table}`);
          const page = [...notes, ...sections].join('\n\n');
          return { ...drafted, figure, description, claims, summary, params, page };
        },
      };
      return runExperiment(experiment, {}, recording);
    },
  };
}

/** Makes the claims of a figure under one interpretation. */
export function claimMaker(about: Pick<DraftClaim, 'figure' | 'choices' | 'isMain'>) {
  return (
    name: string,
    statement: string,
    claimed: Claim['claimed'],
    { value, interval }: Estimate,
    verdictOn: VerdictOn,
  ): DraftClaim => ({ ...about, name, statement, claimed, measured: value, interval, verdict: verdictOn(interval) });
}
