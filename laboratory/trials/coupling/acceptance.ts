// How often does a draft that is not quite the target choose as the target does? Measured on perturbed logits, next to the
// exact value of the coupling, its lower bound (1 - TV) / (1 + TV) (Daliri et al. 2024), and 1 - TV, the best that any rule
// can reach (Leviathan et al. 2023, which needs the draft's probabilities on the wire). TV: total variation distance.

import type { Random } from '../../../src/core/basics/philox.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { choiceDistribution } from '../../../src/core/decoding/choose-token-distribution.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { type Choose, randomCandidates, randomSeed } from './distribution.ts';

export interface AcceptanceCase {
  readonly name: string;
  readonly sampling: Partial<Sampling>;
  /** Standard deviation of what is added to the target's logits to make the draft's. */
  readonly perturbation: number;
}

export const acceptanceCases: readonly AcceptanceCase[] = [
  { name: 'the same model', sampling: { temperature: 1 }, perturbation: 0 },
  { name: 'draft close to the target', sampling: { temperature: 1 }, perturbation: 0.2 },
  { name: 'draft near the target', sampling: { temperature: 1 }, perturbation: 0.5 },
  { name: 'draft off the target', sampling: { temperature: 1 }, perturbation: 1 },
  { name: 'draft far from the target', sampling: { temperature: 1 }, perturbation: 3 },
  { name: 'draft near, temperature 0.6', sampling: { temperature: 0.6 }, perturbation: 0.5 },
  { name: 'draft near, top-p 0.9', sampling: { temperature: 0.8, topP: 0.9 }, perturbation: 0.5 },
];

/**
 * Means over the pairs of distributions that were tried. `acceptanceExact` is what the coupling gives exactly, `acceptanceBest` 1 - TV, and
 * `acceptanceDeviation` the distance of `acceptance` from the exact one in standard errors.
 */
export type Acceptance = Readonly<
  Record<'draws' | 'totalVariation' | 'acceptance' | `acceptance${'Exact' | 'Bound' | 'Best' | 'Deviation'}`, number>
>;

const pairCount = 20;

/** @param draws in all, shared among the pairs of distributions */
export function measureAcceptance(which: AcceptanceCase, draws: number, random: Random, choose: Choose): Acceptance {
  const sampling = { ...neutralSampling, ...which.sampling, seed: randomSeed(random) };
  const drawsPerPair = Math.ceil(draws / pairCount);
  const pairs = Array.from({ length: pairCount }, () => {
    const target = randomCandidates(random);
    const draft = perturbed(target, which.perturbation, random);
    const start = random.integer(2 ** 20);
    let accepted = 0;
    for (let draw = 0; draw < drawsPerPair; draw++) {
      const chosen = choose(target, sampling, undefined, start + draw);
      if (choose(draft, sampling, undefined, start + draw) === chosen) accepted++;
    }
    return { accepted: accepted / drawsPerPair, ...coupling(target, draft, sampling) };
  });
  const meanOf = (read: (pair: (typeof pairs)[number]) => number): number => mean(pairs.map(read));
  const accepted = meanOf((pair) => pair.accepted);
  const expected = meanOf((pair) => pair.expected);
  const variance = meanOf((pair) => pair.expected * (1 - pair.expected)) / (drawsPerPair * pairCount);
  return {
    draws: drawsPerPair * pairCount,
    totalVariation: meanOf((pair) => pair.totalVariation),
    acceptance: accepted,
    acceptanceExact: expected,
    acceptanceBound: meanOf((pair) => (1 - pair.totalVariation) / (1 + pair.totalVariation)),
    acceptanceBest: meanOf((pair) => 1 - pair.totalVariation),
    // Where both are sure to agree there is no spread: then nothing but 1 will do.
    acceptanceDeviation: Math.abs(accepted - expected) < 1e-9 ? 0 : Math.abs(accepted - expected) / Math.sqrt(variance),
  };
}

/** Another model's view: noise on every logit, and a few tokens that the target does not list at all. */
function perturbed(target: Candidates, deviation: number, random: Random): Candidates {
  if (deviation === 0) return target;
  const entries = target.ids.map((id, index) => ({
    id: index < target.ids.length - 6 ? id : id + 100_000,
    logit: Math.fround((target.logits[index] as number) + deviation * random.normal()),
  }));
  entries.sort((first, second) => second.logit - first.logit || first.id - second.id);
  return { ids: entries.map(({ id }) => id), logits: entries.map(({ logit }) => logit) };
}

/** Total variation distance and exact acceptance: sum over i of 1 / sum over j of max(p_j / p_i, q_j / q_i). */
function coupling(target: Candidates, draft: Candidates, sampling: Sampling) {
  const wanted = choiceShares(target, sampling);
  const drafted = choiceShares(draft, sampling);
  const ids = [...new Set([...wanted.keys(), ...drafted.keys()])];
  const pairs = ids.map((id) => [wanted.get(id) ?? 0, drafted.get(id) ?? 0] as const);
  let expected = 0;
  for (const [p, q] of pairs) {
    if (p === 0 || q === 0) continue;
    expected += 1 / pairs.reduce((sum, [otherP, otherQ]) => sum + Math.max(otherP / p, otherQ / q), 0);
  }
  return { totalVariation: totalVariation(wanted, drafted), expected };
}

/** The chance of each id. */
export function choiceShares(candidates: Candidates, sampling: Sampling): Map<number, number> {
  const { ids, probabilities } = choiceDistribution(candidates, sampling, undefined);
  return new Map(ids.map((id, index) => [id, probabilities[index] as number]));
}

/** Half of the sum of absolute differences. */
export function totalVariation(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): number {
  const ids = new Set([...one.keys(), ...other.keys()]);
  return [...ids].reduce((sum, id) => sum + Math.abs((one.get(id) ?? 0) - (other.get(id) ?? 0)), 0) / 2;
}
