// The paper's rule of acceptance beside ours: which distribution a token has in the end. The paper accepts a draft x with min(1, p(x) / q(x)) (Koh &
// Yang 2025, eq. 1), and the target draws a rejected token again from p, not from the residual. Claims, rows and a table.

import { encodeTrialPrompts } from '../../../simulator/files/sample-prompts.ts';
import type { DraftClaim } from '../../../simulator/runner/claim.ts';
import { type Estimate, estimate } from '../../../src/core/basics/bootstrap.ts';
import { isOutriderError } from '../../../src/core/basics/errors.ts';
import { columnTable, numberWithin, percent } from '../../../src/core/basics/markdown.ts';
import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { Candidates } from '../../../src/core/decoding/candidates.ts';
import { chooseToken } from '../../../src/core/decoding/choose-token.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { toyCandidates } from '../../../src/core/decoding/toy-language.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { defaultPair } from '../../../src/models/files/manifest-data.ts';
import { PrefixSequence } from '../../../src/models/port/prefix-sequence.ts';
import { choiceShares, totalVariation } from '../../trials/coupling/acceptance.ts';
import { type ChiSquare, chiSquare, combinedP } from '../../trials/coupling/distribution.ts';
import { claimMaker } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

export type Rule = 'paper' | 'shared noise';
const rules: readonly Rule[] = ['paper', 'shared noise'];

/** The candidates of target and draft at one position. */
interface PositionCandidates {
  readonly target: Candidates;
  readonly draft: Candidates;
}

/** Positions of one pair. */
interface RulePositions {
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

/** One pair, temperature and rule; means over positions. */
export interface RuleRow extends Pick<RuleFound, 'rule' | 'acceptance'> {
  readonly pair: string;
  readonly temperature: number;
  readonly positions: number;
  readonly totalVariation: Estimate;
  readonly drawnVariation: Estimate;
  /** p of all chi-square statistics together. */
  readonly chiSquareP: number;
}

const temperatures = [0, 0.8];
const toyCount = 120;
const drawsPerPosition = 500;
/** Below this p the drawn tokens do not follow the target's distribution. */
const leastP = 0.001;

export async function measureRules({ promptCount, textTokens }: Size): Promise<RuleRow[]> {
  const rows: RuleRow[] = [];
  for (const temperature of temperatures) {
    rows.push(...rowsOf(toyPositions(toyCount), temperature));
    // At temperature 0 both rules give the target's most likely token.
    if (promptCount === 0 || temperature === 0) continue;
    const real = await realPositions(promptCount, textTokens, temperature);
    if (real !== null) rows.push(...rowsOf(real, temperature));
  }
  return rows;
}

function rowsOf({ pair, positions }: RulePositions, temperature: number): RuleRow[] {
  const found = positions.map((at, index) => compareRules(at, temperature, drawsPerPosition, 1 + index));
  return rules.map((rule, which) => {
    const own = found.map((all) => all[which] as RuleFound);
    const over = (key: 'totalVariation' | 'drawnVariation'): Estimate =>
      estimate(own.length, (pick) => mean(pick.map((index) => (own[index] as RuleFound)[key])));
    return {
      pair,
      temperature,
      rule,
      positions: own.length,
      totalVariation: over('totalVariation'),
      drawnVariation: over('drawnVariation'),
      acceptance: mean(own.map(({ acceptance }) => acceptance)),
      chiSquareP: combinedP(own.map((one) => one.chiSquare)),
    };
  });
}

const ruleNames: Readonly<Record<Rule, string>> = {
  paper: "the paper's: min(1, p/q), a rejected token drawn from p",
  'shared noise': 'ours: shared noise',
};

/** The claim of unchanged accuracy for one token: the real pair at temperature 0.8 in the summary, the toy where there is none. */
export function ruleClaims(rows: readonly RuleRow[]): DraftClaim[] {
  const mainPair = rows.at(-1)?.pair;
  return rows.map(({ pair, temperature, rule, totalVariation, chiSquareP }) => {
    const choices = { rule: ruleNames[rule], temperature: `${temperature}`, pair };
    const isMain = pair === mainPair && temperature === 0.8;
    const make = claimMaker({ figure: 'accuracy', choices, isMain });
    const statement = "accuracy unchanged: distance of a token's distribution from the target's, total variation";
    const claim = make('tokenBias', statement, 0, totalVariation, () =>
      chiSquareP < leastP ? 'does not hold' : 'holds',
    );
    return { ...claim, summaryName: rule === 'paper' ? 'tokenBiasPaperRule' : 'tokenBiasSharedNoise' };
  });
}

export function ruleTable(rows: readonly RuleRow[]): string {
  return columnTable(rows, {
    pair: ({ pair }) => pair,
    temperature: (row) => `${row.temperature}`,
    rule: ({ rule }) => ruleNames[rule],
    positions: (row) => `${row.positions}`,
    accepted: ({ acceptance }) => percent(acceptance),
    'exact distance': ({ totalVariation: { value, interval } }) => numberWithin(value, interval, 4),
    'drawn distance': ({ drawnVariation: { value, interval } }) => numberWithin(value, interval, 4),
    p: ({ chiSquareP }) => (chiSquareP < 1e-4 ? '< 0.0001' : chiSquareP.toFixed(2)),
  });
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
async function realPositions(promptCount: number, tokens: number, temperature: number): Promise<RulePositions | null> {
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
