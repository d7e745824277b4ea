// The paper's rule of acceptance beside ours: which distribution a token has in the end. The paper accepts a draft x with min(1, p(x) / q(x)) (Koh &
// Yang 2025, eq. 1), and the target draws a rejected token again from p, not from the residual. Both rules are compared at positions of the toy
// language, and of texts that the default target writes.

import { encodeTrialPrompts } from '../../../simulator/files/sample-prompts.ts';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { toyCandidates } from '../../../src/core/decoding/toy-language.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { defaultPair } from '../../../src/models/files/manifest-data.ts';
import { PrefixSequence } from '../../../src/models/port/prefix-sequence.ts';
import { choiceShares, totalVariation } from '../../trials/coupling/acceptance.ts';
import { type ChiSquare, chiSquare } from '../../trials/coupling/distribution.ts';

export type Rule = 'paper' | 'shared noise';
export const rules: readonly Rule[] = ['paper', 'shared noise'];

/** The candidates of both at one position. */
type PositionCandidates = Readonly<Record<'target' | 'draft', Candidates>>;

/** Positions of one pair. */
export interface RulePositions {
  readonly pair: string;
  readonly positions: readonly PositionCandidates[];
}

/**
 * The distribution of a token by the paper's rule: min(p, q) + (1 - a) p with a = sum of min(p, q). It is p where p = q, and where both are certain.
 * @param p of the target, by id @param q of the draft
 */
export function paperDistribution(p: ReadonlyMap<number, number>, q: ReadonlyMap<number, number>): Map<number, number> {
  const accepted = new Map([...p].map(([id, chance]) => [id, Math.min(chance, q.get(id) ?? 0)]));
  const acceptance = [...accepted.values()].reduce((sum, chance) => sum + chance, 0);
  return new Map([...p].map(([id, chance]) => [id, (accepted.get(id) as number) + (1 - acceptance) * chance]));
}

/** One position under one rule. */
export interface RuleFound {
  readonly rule: Rule;
  /** Distance of the exact distribution of the token from the target's, in total variation, [0, 1]. */
  readonly totalVariation: number;
  /** The same of drawn tokens, minus that of as many tokens drawn from the target itself: 0 on average where nothing is changed. */
  readonly drawnVariation: number;
  /** Share of the draws in which the draft was taken. */
  readonly acceptance: number;
  /** The drawn tokens against the target's distribution. */
  readonly chiSquare: ChiSquare;
}

/** @param draws tokens drawn by each rule, and from the target itself @param seed other draws for another seed */
export function compareRules(
  at: PositionCandidates,
  temperature: number,
  draws: number,
  seed: number,
): readonly RuleFound[] {
  const sampling: Sampling = { ...neutralSampling, temperature, seed: BigInt(seed) };
  const p = choiceShares(at.target, sampling);
  const q = choiceShares(at.draft, sampling);
  const random = createRandom(seed);
  const control = totalVariation(frequencies(draws, () => drawFrom(p, random)).shares, p);
  const expected = new Map([...p].map(([id, chance]) => [`${id}`, chance]));
  return rules.map((rule) => {
    let accepted = 0;
    const { counts, shares } = frequencies(draws, (draw) => {
      const { token, isDraft } = rule === 'paper' ? drawByPaper(p, q, random) : drawBySharedNoise(at, sampling, draw);
      if (isDraft) accepted += 1;
      return token;
    });
    return {
      rule,
      // With shared noise the token is the target's own choice; the draws test it.
      totalVariation: rule === 'paper' ? totalVariation(paperDistribution(p, q), p) : 0,
      drawnVariation: totalVariation(shares, p) - control,
      acceptance: accepted / draws,
      chiSquare: chiSquare(counts, expected, draws),
    };
  });
}

/** @returns the token, and whether it is the accepted draft */
function drawByPaper(p: ReadonlyMap<number, number>, q: ReadonlyMap<number, number>, random: Random) {
  const draft = drawFrom(q, random);
  const isDraft = random.uniform() * (q.get(draft) as number) < (p.get(draft) ?? 0);
  return { token: isDraft ? draft : drawFrom(p, random), isDraft };
}

/** Both choose with the same noise; the target's choice is the token. Positions stand for independent noise. */
function drawBySharedNoise({ target, draft }: PositionCandidates, sampling: Sampling, position: number) {
  const token = chooseToken(target, sampling, undefined, position);
  return { token, isDraft: chooseToken(draft, sampling, undefined, position) === token };
}

function drawFrom(distribution: ReadonlyMap<number, number>, random: Random): number {
  let left = random.uniform();
  let last = -1;
  for (const [id, chance] of distribution) {
    last = id;
    left -= chance;
    if (left < 0) break;
  }
  return last;
}

function frequencies(draws: number, draw: (index: number) => number) {
  const counts = new Map<string, number>();
  for (let index = 0; index < draws; index++) {
    const key = `${draw(index)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { counts, shares: new Map([...counts].map(([key, count]) => [Number(key), count / draws])) };
}

const toy = { seed: 1, agreement: 0.7, vocabularySize: 49_152, endRate: 0 } as const;
const contextLength = 2048;

/** Contexts without order: each has one id that no other has. */
export function toyPositions(count: number): RulePositions {
  const positions = Array.from({ length: count }, (_, index) => {
    const of = (role: 'target' | 'draft'): Candidates => toyCandidates([index + 1], { ...toy, role });
    return { target: of('target'), draft: of('draft') };
  });
  return { pair: 'the toy language', positions };
}

/**
 * Every fourth position of texts that the target writes at this temperature; null: models or engine are not there.
 * @param tokens of each text
 */
export async function realPositions(
  promptCount: number,
  tokens: number,
  temperature: number,
): Promise<RulePositions | null> {
  try {
    const shape = { sequences: 1, contextLength, exact: false, threads: 1 };
    await using target = await openModel(defaultPair.target, { role: 'target', ...shape });
    const { tokenizer } = target;
    await using draft = await openModel(defaultPair.draft, { role: 'draft', tokenizer, ...shape });
    const written = new PrefixSequence(target);
    const read = new PrefixSequence(draft);
    const positions: PositionCandidates[] = [];
    for (const [index, { ids }] of encodeTrialPrompts(tokenizer, promptCount).entries()) {
      const sampling = { ...neutralSampling, temperature, seed: BigInt(1 + index) };
      await written.truncate(0);
      const answer: number[] = [];
      const rows: Candidates[] = await written.append(ids, 1);
      while (answer.length < tokens) {
        const id = chooseToken(rows.at(-1) as Candidates, sampling, undefined, ids.length + answer.length);
        if (tokenizer.endIds.has(id)) break;
        answer.push(id);
        rows.push(...(await written.append([id], 1)));
      }
      await read.truncate(0);
      const drafted = await read.append([...ids, ...answer], answer.length + 1);
      for (let at = 0; at < rows.length; at += 4)
        positions.push({ target: rows[at] as Candidates, draft: drafted[at] as Candidates });
    }
    await written.release();
    await read.release();
    return { pair: `${defaultPair.target} with ${defaultPair.draft}`, positions };
  } catch (error) {
    if (isOutriderError(error)) return null;
    throw error;
  }
}
