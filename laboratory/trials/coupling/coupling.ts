// `outrider trial coupling`: tries to break two promises of shared noise. The choices follow the softmax, so sharing the noise
// costs no quality; and a draft agrees with its target at least as often as the bound promises.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { trialSeed } from '../../../src/core/options/options.ts';
import { type Acceptance, acceptanceCases, measureAcceptance } from './acceptance.ts';
import { type ChiSquare, type Choose, combinedP, distributionCases, measureDistribution } from './distribution.ts';

/** Columns that do not apply to the kind of a case are null. */
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
interface CouplingRow extends Readonly<Record<keyof typeof emptyRow, number | null>> {
  readonly case: string;
  readonly draws: number;
}

type SummaryKey =
  | 'draws'
  | 'acceptanceDraws'
  | `chiSquare${'' | 'SmallestCorrected'}P`
  | `acceptance${'Mean' | 'Exact' | 'Bound' | 'Best' | 'ShareOfBest' | 'LargestDeviation'}`;
type CouplingSummary = Readonly<Record<SummaryKey, number>>;

/** A true promise seems broken in one of a thousand seeds. */
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

function drawsPerSet(draws: number): number {
  return Math.ceil(draws / distributionCases.length / setCount);
}

export const couplingTrial: Experiment<typeof options, Found, Conclusion<CouplingRow, CouplingSummary>> = {
  name: 'trial coupling',
  lasts: '1 minute',
  description: 'check that coupled choices follow the softmax, and that drafts agree as often as the bound says',
  isResumable: true,
  options,
  async measure({ draws, seed, choose }, run) {
    await run.begin({ draws, seed });
    const setDraws = drawsPerSet(draws);
    const acceptanceDraws = Math.ceil(setDraws * setCount * acceptanceWeight);
    const distributions = await run.all(
      'distributions',
      distributionCases.map((which, stream) => ({
        key: `distribution ${which.name}`,
        measure(): ChiSquare[] {
          // The sets of a case are measured one after the other, from one stream.
          const random = createRandom(seed, stream);
          return Array.from({ length: setCount }, () => measureDistribution(which, setDraws, random, choose));
        },
      })),
    );
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
    const rows: CouplingRow[] = [
      ...distributions.map((parts, index) => ({
        case: distributionCases[index]?.name ?? '',
        draws: drawsPerSet(draws) * setCount,
        ...emptyRow,
        chiSquare: parts.reduce((sum, { statistic }) => sum + statistic, 0),
        degreesOfFreedom: parts.reduce((sum, { degreesOfFreedom }) => sum + degreesOfFreedom, 0),
        chiSquareP: combinedP(parts),
      })),
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

function summarise(
  rows: readonly CouplingRow[],
  chiSquares: readonly ChiSquare[][],
  acceptances: readonly Acceptance[],
): CouplingSummary {
  const smallest = Math.min(...chiSquares.map(combinedP));
  const meanOf = (key: keyof Acceptance): number => mean(acceptances.map((one) => one[key]));
  return {
    draws: rows.reduce((sum, row) => sum + (row.chiSquare === null ? 0 : row.draws), 0),
    acceptanceDraws: acceptances.reduce((sum, { draws }) => sum + draws, 0),
    chiSquareP: combinedP(chiSquares.flat()),
    // The smallest p of a case times the number of cases (Bonferroni).
    chiSquareSmallestCorrectedP: Math.min(1, smallest * chiSquares.length),
    acceptanceMean: meanOf('acceptance'),
    acceptanceExact: meanOf('acceptanceExact'),
    acceptanceBound: meanOf('acceptanceBound'),
    acceptanceBest: meanOf('acceptanceBest'),
    acceptanceShareOfBest: meanOf('acceptance') / meanOf('acceptanceBest'),
    acceptanceLargestDeviation: Math.max(...acceptances.map((one) => one.acceptanceDeviation)),
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
