// `outrider trial coupling`: tries to break two promises of shared noise. The choices follow the softmax, so sharing the dice
// costs no quality; and a draft agrees with its target at least as often as the bound says.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { trialSeed } from '../../../src/cli/options/options.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { type Acceptance, acceptanceCases, measureAcceptance } from './acceptance.ts';
import { type ChiSquare, type Choose, combinedP, distributionCases, measureDistribution } from './distribution.ts';

/** Fields that do not apply to the kind of a case. */
const emptyRow = {
  chiSquare: null,
  degreesOfFreedom: null,
  chiSquareP: null,
  totalVariation: null,
  acceptance: null,
  acceptanceExact: null,
  acceptanceBound: null,
  acceptanceBest: null,
  acceptanceDeviation: null,
} as const;

/** One case. */
export interface CouplingRow extends Readonly<Record<keyof typeof emptyRow, number | null>> {
  readonly case: string;
  readonly draws: number;
}

export interface CouplingSummary extends Readonly<Record<string, number>> {
  /** Choices compared with the softmax. */
  readonly draws: number;
  /** Pairs of choices by target and draft. */
  readonly acceptanceDraws: number;
  /** p of the sum of all chi-square statistics, at the sum of their degrees of freedom. */
  readonly chiSquareP: number;
  /** The smallest p of a case times the number of cases (Bonferroni), at most 1. */
  readonly chiSquareSmallestCorrectedP: number;
  readonly acceptanceMean: number;
  readonly acceptanceExact: number;
  readonly acceptanceBound: number;
  /** 1 - TV, which no rule exceeds. */
  readonly acceptanceBest: number;
  readonly acceptanceShareOfBest: number;
  /** The largest distance of a measured acceptance from its exact value, in standard errors. */
  readonly acceptanceLargestDeviation: number;
}

/** A true promise looks broken in one of a thousand seeds. */
const smallestP = 0.001;
const largestDeviation = 4;
/** Sets of candidates that each distribution case is tried on. */
const setCount = 4;
/** Draws of a case of acceptance for each draw of a case of distribution. */
const acceptanceWeight = 0.5;

const options = {
  draws: {
    flag: '--draws <count>',
    help: 'choices compared with the softmax; those of the acceptance cases come on top',
    whole: [10_000, 1_000_000_000],
    default: 1_000_000,
  },
  seed: trialSeed as typeof trialSeed,
  /** What is on trial; another may be given to see the trial fail. */
  choose: { default: chooseToken as Choose },
} as const;

interface Found {
  readonly distributions: readonly ChiSquare[][];
  readonly acceptances: readonly Acceptance[];
}

function sizesOf(draws: number): { readonly drawsPerSet: number; readonly acceptanceDraws: number } {
  const drawsPerSet = Math.ceil(draws / distributionCases.length / setCount);
  return { drawsPerSet, acceptanceDraws: Math.ceil(drawsPerSet * setCount * acceptanceWeight) };
}

export const couplingTrial: Experiment<typeof options, Found, Conclusion<CouplingRow, CouplingSummary>> = {
  name: 'trial coupling',
  description: 'check that coupled choices follow the softmax, and that drafts agree as often as the bound says',
  options,
  async measure({ draws, seed, choose }, run) {
    const { drawsPerSet, acceptanceDraws } = sizesOf(draws);
    const sets = await run.all(
      'distributions',
      distributionCases.flatMap((which, stream) => {
        // The sets of a case are measured one after the other, from one stream.
        const random = createRandom(seed, stream);
        return Array.from({ length: setCount }, (_, set) => ({
          key: `distribution ${which.name}, set ${set}`,
          measure: () => measureDistribution(which, drawsPerSet, random, choose),
        }));
      }),
    );
    const distributions = distributionCases.map((_, index) => sets.slice(index * setCount, (index + 1) * setCount));
    const acceptances = await run.all(
      'acceptance',
      acceptanceCases.map((which, index) => ({
        key: `acceptance ${which.name}`,
        measure: () => measureAcceptance(which, acceptanceDraws, createRandom(seed, 1000 + index), choose),
      })),
    );
    return { distributions, acceptances };
  },
  conclude({ distributions, acceptances }, { draws }) {
    const setDraws = sizesOf(draws).drawsPerSet * setCount;
    const rows: CouplingRow[] = [
      ...distributions.map((parts, index) => distributionRow(distributionCases[index]?.name ?? '', setDraws, parts)),
      ...acceptances.map(({ draws: ownDraws, ...own }, index) => ({
        case: acceptanceCases[index]?.name ?? '',
        draws: ownDraws,
        ...emptyRow,
        ...own,
      })),
    ];
    const summary = summarise(rows, distributions, acceptances);
    return { rows, summary, passed: isPassed(summary, acceptances), params: { draws } };
  },
};

function distributionRow(name: string, draws: number, parts: readonly ChiSquare[]): CouplingRow {
  return {
    case: name,
    draws,
    ...emptyRow,
    chiSquare: parts.reduce((sum, part) => sum + part.statistic, 0),
    degreesOfFreedom: parts.reduce((sum, part) => sum + part.degreesOfFreedom, 0),
    chiSquareP: combinedP(parts),
  };
}

function summarise(
  rows: readonly CouplingRow[],
  chiSquares: readonly ChiSquare[][],
  acceptances: readonly Acceptance[],
): CouplingSummary {
  const chiSquareP = combinedP(chiSquares.flat());
  const smallest = Math.min(...chiSquares.map(combinedP));
  const chiSquareSmallestCorrectedP = Math.min(1, smallest * chiSquares.length);
  const acceptanceMean = mean(acceptances.map(({ acceptance }) => acceptance));
  const acceptanceBest = mean(acceptances.map((one) => one.acceptanceBest));
  const acceptanceLargestDeviation = Math.max(...acceptances.map((one) => one.acceptanceDeviation));
  return {
    draws: rows.reduce((sum, row) => sum + (row.chiSquare === null ? 0 : row.draws), 0),
    acceptanceDraws: acceptances.reduce((sum, { draws }) => sum + draws, 0),
    chiSquareP,
    chiSquareSmallestCorrectedP,
    acceptanceMean,
    acceptanceExact: mean(acceptances.map((one) => one.acceptanceExact)),
    acceptanceBound: mean(acceptances.map((one) => one.acceptanceBound)),
    acceptanceBest,
    acceptanceShareOfBest: acceptanceMean / acceptanceBest,
    acceptanceLargestDeviation,
  };
}

/** The exact acceptance is above the bound by theorem, so the test is whether the measured one is the exact one. */
function isPassed(summary: CouplingSummary, acceptances: readonly Acceptance[]): boolean {
  return (
    summary.chiSquareP > smallestP &&
    summary.chiSquareSmallestCorrectedP > smallestP &&
    summary.acceptanceLargestDeviation < largestDeviation &&
    acceptances.every((one) => one.acceptanceExact > one.acceptanceBound - 1e-9)
  );
}
