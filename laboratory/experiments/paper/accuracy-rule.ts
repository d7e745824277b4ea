// The paper's own rule of acceptance against ours: what its claim of unchanged accuracy means for one token. Claims, rows, a table.

import type { DraftClaim } from '../../../simulator/runner/claim.ts';
import { type Estimate, estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, numberWithin, percent } from '../../../src/core/basics/markdown.ts';
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
    rows.push(...rowsOf(toyPositions(toyCount), temperature));
    // At temperature 0 both rules give the target's most likely token.
    if (promptCount === 0 || temperature === 0) continue;
    const real = await realPositions(promptCount, textTokens, temperature, 4);
    if (real !== null) rows.push(...rowsOf(real, temperature));
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
    const claim = make('tokenBias', statement, 0, totalVariation, () =>
      chiSquareP < leastP ? 'does not hold' : 'holds',
    );
    return { ...claim, summaryName: rule === 'paper' ? 'tokenBiasPaperRule' : 'tokenBiasSharedNoise' };
  });
}

export function ruleTable(rows: readonly RuleRow[]): string {
  const lines = rows.map((one) => [
    one.pair,
    `${one.temperature}`,
    ruleNames[one.rule],
    `${one.positions}`,
    percent(one.acceptance),
    numberWithin(one.totalVariation.value, one.totalVariation.interval, 4),
    numberWithin(one.drawnVariation.value, one.drawnVariation.interval, 4),
    one.chiSquareP < 1e-4 ? '< 0.0001' : one.chiSquareP.toFixed(2),
  ]);
  const head = ['pair', 'temperature', 'rule', 'positions', 'accepted', 'exact distance', 'drawn distance', 'p'];
  return markdownTable(head, lines);
}
