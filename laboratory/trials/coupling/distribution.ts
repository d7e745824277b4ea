// Tests that the choices follow the softmax: draws by the real choice, compared by chi-square
// tests: over positions, over seeds, over derived seeds, with every filter, and in pairs of neighbouring positions.

import type { Random } from '../../../src/core/basics/philox.ts';
import { chiSquareSurvival } from '../../../src/core/basics/statistics.ts';
import { type Candidates, candidateLimit } from '../../../src/core/decoding/candidates.ts';
import type { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { type ChoiceDistribution, choiceDistribution } from '../../../src/core/decoding/choose-token-distribution.ts';
import { deriveSeed } from '../../../src/core/decoding/noise.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { RunningCounts } from '../../../src/core/decoding/token-counts.ts';

export type Choose = typeof chooseToken;

export interface DistributionCase {
  readonly name: string;
  readonly sampling: Partial<Sampling>;
  /** What differs from one draw to the next. */
  readonly varies: 'positions' | 'seeds' | 'answers' | 'both';
  /** Whether the answer holds some of the candidates already, and some have a bias. */
  readonly counted: boolean;
  /** Two positions in a row count as one draw. */
  readonly pairs: boolean;
}

const plain = { varies: 'positions', counted: false, pairs: false } as const;

export const distributionCases: readonly DistributionCase[] = [
  { ...plain, name: 'temperature 0.3', sampling: { temperature: 0.3 } },
  { ...plain, name: 'temperature 0.7', sampling: { temperature: 0.7 } },
  { ...plain, name: 'temperature 1', sampling: { temperature: 1 } },
  { ...plain, name: 'temperature 2', sampling: { temperature: 2 } },
  { ...plain, name: 'temperature 1, seeds in a row', sampling: { temperature: 1 }, varies: 'seeds' },
  { ...plain, name: 'temperature 1, derived seeds', sampling: { temperature: 1 }, varies: 'answers' },
  { ...plain, name: 'temperature 1, seeds and positions', sampling: { temperature: 1 }, varies: 'both' },
  { ...plain, name: 'top-k 8', sampling: { temperature: 1, topK: 8 } },
  { ...plain, name: 'top-p 0.9', sampling: { temperature: 0.8, topP: 0.9 } },
  { ...plain, name: 'min-p 0.02', sampling: { temperature: 1.2, minP: 0.02 } },
  {
    ...plain,
    name: 'penalties and bias',
    sampling: {
      temperature: 1,
      presencePenalty: 0.5,
      frequencyPenalty: 0.25,
      repetitionPenalty: 1.1,
    },
    counted: true,
  },
  {
    ...plain,
    name: 'everything',
    sampling: {
      temperature: 0.9,
      topK: 40,
      topP: 0.98,
      minP: 0.005,
      presencePenalty: -0.25,
      frequencyPenalty: 0.125,
      repetitionPenalty: 0.95,
    },
    varies: 'both',
    counted: true,
  },
  { ...plain, name: 'neighbouring positions', sampling: { temperature: 1, topK: 12 }, pairs: true },
];

export interface ChiSquare {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
}

/** Random logits that fall off as a language model's do; ids without order. */
export function randomCandidates(random: Random): Candidates {
  let logit = 20;
  const ids = Array.from({ length: candidateLimit }, (_, index) => index * 700 + random.integer(700));
  const logits = ids.map((_, index) => {
    logit -= (random.exponential() * 2) / (index + 2);
    return Math.fround(logit);
  });
  for (let index = ids.length - 1; index > 0; index--) {
    const other = random.integer(index + 1);
    [ids[index], ids[other]] = [ids[other] as number, ids[index] as number];
  }
  return { ids, logits };
}

export function randomSeed(random: Random): bigint {
  return (BigInt(random.integer(2 ** 32)) << 32n) | BigInt(random.integer(2 ** 32));
}

/** Compares `draws` choices from one set of candidates with their distribution. */
export function measureDistribution(which: DistributionCase, draws: number, random: Random, choose: Choose): ChiSquare {
  const candidates = randomCandidates(random);
  const answer = which.counted ? [0, 1, 1, 2, 2, 2].map((index) => candidates.ids[index] as number) : [];
  const counts = new RunningCounts(answer);
  const logitBias = which.counted ? biasSome(candidates) : [];
  const sampling = { ...neutralSampling, ...which.sampling, logitBias, seed: randomSeed(random) };
  const start = random.integer(2 ** 20);
  const observed = new Map<string, number>();
  for (let draw = 0; draw < draws; draw++) {
    const [drawn, position] = settings(which, sampling, start, draw);
    let key = `${choose(candidates, drawn, counts, position)}`;
    if (which.pairs) key += ` ${choose(candidates, drawn, counts, position + 1)}`;
    observed.set(key, (observed.get(key) ?? 0) + 1);
  }
  const single = expectedShares(choiceDistribution(candidates, sampling, counts));
  return chiSquare(observed, which.pairs ? expectedPairs(single) : single, draws);
}

function biasSome({ ids }: Candidates): Sampling['logitBias'] {
  const biased = [2, 5, 30].map((index) => ids[index] as number).sort((first, second) => first - second);
  return biased.map((id, index) => [id, index - 0.5] as const);
}

function settings(which: DistributionCase, sampling: Sampling, start: number, draw: number): [Sampling, number] {
  const seed = sampling.seed;
  switch (which.varies) {
    case 'positions':
      return [sampling, start + (which.pairs ? 2 * draw : draw)];
    case 'seeds':
      return [{ ...sampling, seed: BigInt.asUintN(64, seed + BigInt(draw)) }, start];
    case 'answers':
      return [{ ...sampling, seed: deriveSeed(seed, draw) }, start];
    case 'both':
      return [{ ...sampling, seed: BigInt.asUintN(64, seed + BigInt(draw >> 6)) }, start + (draw & 63)];
  }
}

function expectedShares({ ids, probabilities }: ChoiceDistribution): Map<string, number> {
  return new Map(ids.map((id, index) => [`${id}`, probabilities[index] as number]));
}

function expectedPairs(single: ReadonlyMap<string, number>): Map<string, number> {
  const pairs = new Map<string, number>();
  for (const [first, share] of single) {
    for (const [second, other] of single) pairs.set(`${first} ${second}`, share * other);
  }
  return pairs;
}

/** Fewer expected draws than this in a cell would spoil the approximation: such cells count as one. */
const smallestCell = 10;

/** Pearson's statistic. A draw outside the distribution makes it infinite. */
export function chiSquare(
  observed: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
  draws: number,
): ChiSquare {
  const cells = [...expected].map(([key, share]) => ({ wanted: share * draws, seen: observed.get(key) ?? 0 }));
  const rare = { wanted: 0, seen: 0 };
  for (const { wanted, seen } of cells.filter((cell) => cell.wanted < smallestCell)) {
    rare.wanted += wanted;
    rare.seen += seen;
  }
  const counted = [...cells, rare].filter(({ wanted }) => wanted >= smallestCell);
  const isInside = cells.reduce((sum, { seen }) => sum + seen, 0) === draws;
  const statistic = counted.reduce((sum, { wanted, seen }) => sum + (seen - wanted) ** 2 / wanted, 0);
  return {
    statistic: isInside ? statistic : Number.POSITIVE_INFINITY,
    degreesOfFreedom: Math.max(1, counted.length - 1),
  };
}

/** The chance of a statistic as large as the sum of these, if all choices follow their distributions. */
export function combinedP(parts: readonly ChiSquare[]): number {
  const statistic = parts.reduce((sum, part) => sum + part.statistic, 0);
  if (statistic === Number.POSITIVE_INFINITY) return 0;
  return chiSquareSurvival(
    statistic,
    parts.reduce((sum, part) => sum + part.degreesOfFreedom, 0),
  );
}
