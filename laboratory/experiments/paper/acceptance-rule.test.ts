import { describe, expect, it } from 'vitest';
import { totalVariation } from '../../trials/coupling/acceptance.ts';
import { combinedP } from '../../trials/coupling/distribution.ts';
import { compareRules, paperDistribution, type Rule, type RuleFound, toyPositions } from './acceptance-rule.ts';

const p = new Map([
  [1, 0.5],
  [2, 0.3],
  [3, 0.2],
]);
const q = new Map([
  [1, 0.8],
  [2, 0.1],
  [4, 0.1],
]);

describe("the paper's rule of acceptance", () => {
  it('gives min(p, q) + (1 - a) p', () => {
    // a = 0.5 + 0.1 = 0.6
    const found = paperDistribution(p, q);
    expect([1, 2, 3].map((id) => found.get(id))).toEqual(
      [0.5 + 0.2, 0.1 + 0.12, 0.08].map((x) => expect.closeTo(x, 12)),
    );
    expect(totalVariation(found, p)).toBeCloseTo(0.2, 12);
  });

  it('changes nothing where both are equal, certain, or never agree', () => {
    expect(totalVariation(paperDistribution(p, p), p)).toBeCloseTo(0, 12);
    const certain = new Map([[7, 1]]);
    expect(paperDistribution(certain, q).get(7)).toBe(1);
    expect(totalVariation(paperDistribution(p, new Map([[9, 1]])), p)).toBeCloseTo(0, 12);
  });
});

describe('drawn tokens', () => {
  const of = (rule: Rule, temperature: number): RuleFound[] =>
    toyPositions(20).positions.map((at, index) => {
      return compareRules(at, temperature, 500, 1 + index).find((one) => one.rule === rule) as RuleFound;
    });
  const mean = (found: readonly RuleFound[], key: 'totalVariation' | 'drawnVariation'): number =>
    found.reduce((sum, one) => sum + one[key], 0) / found.length;

  it('are as far from the target as the formula says, and a test sees it', () => {
    const found = of('paper', 0.8);
    expect(mean(found, 'totalVariation')).toBeGreaterThan(0.02);
    expect(mean(found, 'drawnVariation')).toBeCloseTo(mean(found, 'totalVariation'), 1);
    expect(combinedP(found.map(({ chiSquare }) => chiSquare))).toBeLessThan(1e-6);
  });

  it("are the target's with shared noise, and with either rule at temperature 0", () => {
    const shared = of('shared noise', 0.8);
    expect(Math.abs(mean(shared, 'drawnVariation'))).toBeLessThan(0.02);
    expect(combinedP(shared.map(({ chiSquare }) => chiSquare))).toBeGreaterThan(0.001);
    for (const one of [...of('paper', 0), ...of('shared noise', 0)]) expect(one.drawnVariation).toBe(0);
  });
});
