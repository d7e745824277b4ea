// `outrider trial coupling`: tries to break two promises of shared noise. The choices follow the softmax, so sharing the dice
// costs no quality; and a draft agrees with its target at least as often as the bound says.

import { setImmediate } from 'node:timers/promises';
import { createRandom } from '../../basics/philox.ts';
import { mean } from '../../basics/statistics.ts';
import { chooseToken } from '../../decoding/choose-token.ts';
import { type Acceptance, acceptanceCases, measureAcceptance } from './acceptance.ts';
import { type ChiSquare, type Choose, combinedP, distributionCases, measureDistribution } from './distribution.ts';

export interface TrialCouplingOptions {
  /** Coupled choices to compare with the softmax, in all; those of the acceptance cases come on top. */
  readonly draws: number;
  readonly seed: number;
  readonly progress?: (done: number, total: number) => void;
  /** Aborting stops the trial between two cases. */
  readonly signal?: AbortSignal;
}

/** One case. Fields that do not apply to its kind are null. */
export interface TrialCouplingRow {
  readonly case: string;
  readonly draws: number;
  readonly chiSquare: number | null;
  readonly degreesOfFreedom: number | null;
  readonly chiSquareP: number | null;
  readonly totalVariation: number | null;
  readonly acceptance: number | null;
  readonly acceptanceExact: number | null;
  readonly acceptanceBound: number | null;
  readonly acceptanceBest: number | null;
  readonly acceptanceDeviation: number | null;
}

export interface TrialCouplingSummary extends Readonly<Record<string, number | boolean>> {
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
  readonly promiseHeld: boolean;
}

/** A true promise looks broken in one of a thousand seeds. */
const smallestP = 0.001;
const largestDeviation = 4;
/** Sets of candidates that each distribution case is tried on. */
const setCount = 4;
/** Draws of a case of acceptance for each draw of a case of distribution. */
const acceptanceWeight = 0.5;

/** @param choose is what is on trial; another may be given to see the trial fail */
export async function trialCoupling(
  options: TrialCouplingOptions,
  choose: Choose = chooseToken,
): Promise<{ rows: TrialCouplingRow[]; summary: TrialCouplingSummary }> {
  const drawsPerSet = Math.ceil(options.draws / distributionCases.length / setCount);
  const acceptanceDraws = Math.ceil(drawsPerSet * setCount * acceptanceWeight);
  const total = distributionCases.length * setCount + acceptanceCases.length;
  let done = 0;
  const pause = async (): Promise<void> => {
    options.progress?.(++done, total);
    await setImmediate();
    options.signal?.throwIfAborted();
  };
  const rows: TrialCouplingRow[] = [];
  const chiSquares: ChiSquare[][] = [];
  const acceptances: Acceptance[] = [];
  for (const [stream, which] of distributionCases.entries()) {
    const random = createRandom(options.seed, stream);
    const parts: ChiSquare[] = [];
    for (let set = 0; set < setCount; set++) {
      parts.push(measureDistribution(which, drawsPerSet, random, choose));
      await pause();
    }
    chiSquares.push(parts);
    rows.push(distributionRow(which.name, drawsPerSet * setCount, parts));
  }
  for (const [index, which] of acceptanceCases.entries()) {
    const random = createRandom(options.seed, 1000 + index);
    const acceptance = measureAcceptance(which, acceptanceDraws, random, choose);
    acceptances.push(acceptance);
    rows.push(acceptanceRow(which.name, acceptance));
    await pause();
  }
  return { rows, summary: summarise(rows, chiSquares, acceptances) };
}

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

function distributionRow(name: string, draws: number, parts: readonly ChiSquare[]): TrialCouplingRow {
  return {
    case: name,
    draws,
    ...emptyRow,
    chiSquare: parts.reduce((sum, part) => sum + part.statistic, 0),
    degreesOfFreedom: parts.reduce((sum, part) => sum + part.degreesOfFreedom, 0),
    chiSquareP: combinedP(parts),
  };
}

function acceptanceRow(name: string, acceptance: Acceptance): TrialCouplingRow {
  return {
    case: name,
    draws: acceptance.draws,
    ...emptyRow,
    totalVariation: acceptance.totalVariation,
    acceptance: acceptance.accepted,
    acceptanceExact: acceptance.expected,
    acceptanceBound: acceptance.bound,
    acceptanceBest: acceptance.best,
    acceptanceDeviation: acceptance.deviation,
  };
}

function summarise(
  rows: readonly TrialCouplingRow[],
  chiSquares: readonly ChiSquare[][],
  acceptances: readonly Acceptance[],
): TrialCouplingSummary {
  const chiSquareP = combinedP(chiSquares.flat());
  const smallest = Math.min(...chiSquares.map(combinedP));
  const chiSquareSmallestCorrectedP = Math.min(1, smallest * chiSquares.length);
  const acceptanceMean = mean(acceptances.map(({ accepted }) => accepted));
  const acceptanceBest = mean(acceptances.map(({ best }) => best));
  const acceptanceLargestDeviation = Math.max(...acceptances.map(({ deviation }) => deviation));
  return {
    draws: rows.reduce((sum, row) => sum + (row.chiSquare === null ? 0 : row.draws), 0),
    acceptanceDraws: acceptances.reduce((sum, { draws }) => sum + draws, 0),
    chiSquareP,
    chiSquareSmallestCorrectedP,
    acceptanceMean,
    acceptanceExact: mean(acceptances.map(({ expected }) => expected)),
    acceptanceBound: mean(acceptances.map(({ bound }) => bound)),
    acceptanceBest,
    acceptanceShareOfBest: acceptanceMean / acceptanceBest,
    acceptanceLargestDeviation,
    // The exact acceptance is above the bound by theorem, so the test is whether the measured one is the exact one.
    promiseHeld:
      chiSquareP > smallestP &&
      chiSquareSmallestCorrectedP > smallestP &&
      acceptanceLargestDeviation < largestDeviation &&
      acceptances.every(({ expected, bound }) => expected > bound - 1e-9),
  };
}
