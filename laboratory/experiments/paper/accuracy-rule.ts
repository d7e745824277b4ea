// The paper's own rule of acceptance against ours: what its claim of unchanged accuracy means for one token. Claims, rows and a table.

import type { DraftClaim } from '../../../simulator/runner/claim.ts';
import { type Estimate, estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, numberWithin } from '../../../src/core/basics/markdown.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { combinedP } from '../../trials/coupling/distribution.ts';
import { compareRules, type Rule, type RuleFound, rules } from './acceptance-rule.ts';
import { claimMaker } from './paper-experiment.ts';
import { type RulePositions, realPositions, toyPositions } from './rule-positions.ts';
import type { Size } from './sizes.ts';

/** One pair, temperature and rule; over positions. */
export interface RuleRow {
  readonly pair: string;
  readonly temperature: number;
  readonly rule: Rule;
  readonly positions: number;
  /** Of each position: exact, and of the drawn tokens beyond the noise of drawing. */
  readonly totalVariation: Estimate;
  readonly drawnVariation: Estimate;
  readonly acceptance: number;
  /** p of all chi-square statistics together. */
  readonly chiSquareP: number;
}

const temperatures = [0, 0.8];
const toyCount = 120;
const drawsPerPosition = 500;
/** A text by the rule is told from the target's where p lies below. */
const leastP = 0.001;

export async function measureRules({ promptCount, textTokens }: Size): Promise<RuleRow[]> {
  const rows: RuleRow[] = [];
  for (const temperature of temperatures) {
    // At temperature 0 both rules give the target's most likely token.
    const real =
      promptCount === 0 || temperature === 0 ? null : await realPositions(promptCount, textTokens, temperature, 4);
    for (const where of [toyPositions(toyCount), real]) {
      if (where !== null) rows.push(...rowsOf(where, temperature));
    }
  }
  return rows;
}

function rowsOf({ pair, positions }: RulePositions, temperature: number): RuleRow[] {
  const found = positions.map((at, index) => compareRules(at, temperature, drawsPerPosition, 1 + index));
  return rules.map((rule, which): RuleRow => {
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
    const verdict = chiSquareP < leastP ? 'does not hold' : 'holds';
    const claim = make('tokenBias', statement, 0, totalVariation, verdict);
    return { ...claim, summaryName: rule === 'paper' ? 'tokenBiasPaperRule' : 'tokenBiasSharedNoise' };
  });
}

export function ruleTable(rows: readonly RuleRow[]): string {
  const lines = rows.map((one) => [
    one.pair,
    `${one.temperature}`,
    ruleNames[one.rule],
    `${one.positions}`,
    `${(100 * one.acceptance).toFixed(1)} %`,
    numberWithin(one.totalVariation.value, one.totalVariation.interval, 4),
    numberWithin(one.drawnVariation.value, one.drawnVariation.interval, 4),
    one.chiSquareP < 1e-4 ? '< 0.0001' : one.chiSquareP.toFixed(2),
  ]);
  const head = ['pair', 'temperature', 'rule', 'positions', 'accepted', 'exact distance', 'drawn distance', 'p'];
  return [
    'The rule itself. The paper accepts a draft with min(1, p/q) and lets the target draw a rejected token again from p, not from the residual. Its token then has the distribution',
    'min(p, q) + (1 - a) p with a = sum of min(p, q): too much on what both find likely. Distance: total variation to the target, mean over positions, in brackets 95 %; "drawn" counts',
    `${drawsPerPosition} tokens at each position, less the same of tokens that the target draws. p: chi-square of the drawn tokens against the target, all positions together.`,
    '',
    markdownTable(head, lines),
  ].join('\n');
}
