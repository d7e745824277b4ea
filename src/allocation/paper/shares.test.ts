// Closed forms against the vectors of the derivation in docs/research/allocation.md and against brute force.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandVectors, oneServerProblem } from '../../../simulator/policies/share-vectors.ts';
import { associateByMaxSinr } from '../policies/simple-association.ts';
import { createProblem, findProblemLink } from '../search/problem.ts';
import { syntheticSlot } from '../slot/synthetic-slot.ts';
import { bandCostMs, bestShare, cubicRoot, leastCostMs, shareSlope } from './band-root.ts';
import { BandSolver } from './band-shares.ts';
import { shareCompute } from './compute-shares.ts';
import { shareEqually } from './equal-shares.ts';
import { createSlotTerms, evaluate } from './objective.ts';
import { shareOptimally } from './optimal-shares.ts';

const energyModels = ['band', 'airtime'] as const;
const radioModels = ['fixed-snr', 'concentrated'] as const;

describe('shareCompute', () => {
  it('follows the square-root rule', () => {
    const share = new Float64Array(3);
    shareCompute(Float64Array.of(8, 10, 12), 3, share);
    for (const [index, expected] of [4 / 15, 1 / 3, 2 / 5].entries()) expect(share[index]).toBeCloseTo(expected, 12);
    const cost = [64, 100, 144].reduce((sum, work, index) => sum + work / ((share[index] as number) * 20), 0);
    expect(cost).toBeCloseTo(45, 12);
  });

  it('gives devices below a floor the floor, and the others the rest by the rule', () => {
    const share = new Float64Array(4);
    shareCompute(Float64Array.of(1, 2, 3, 14), 4, share, 0.1);
    // 1/20 is below the floor; of the 0.9 left 2 gets 2/19 * 0.9 = 0.0947, below it as well; of 0.8 left 3 gets 3/17.
    for (const [index, expected] of [0.1, 0.1, 0.8 * (3 / 17), 0.8 * (14 / 17)].entries()) {
      expect(share[index]).toBeCloseTo(expected, 12);
    }
  });

  it('gives nothing without work', () => {
    const share = new Float64Array(2);
    shareCompute(new Float64Array(2), 2, share);
    expect([...share]).toEqual([0, 0]);
  });
});

describe('the bandwidth of a server', () => {
  it.each(bandVectors)('is that of vector %#', (vector) => {
    const solver = new BandSolver(oneServerProblem(vector), 3);
    solver.solve(Int32Array.of(0, 1, 2), 3, 0, 1e-13);
    for (const [index, expected] of vector.share.entries()) expect(solver.share[index]).toBeCloseTo(expected, 6);
    expect(Math.abs(solver.price - vector.price)).toBeLessThan(1e-4);
    expect(Math.abs(solver.costMs - vector.costMs)).toBeLessThan(1e-4);
  });

  it('has one root of its cubic, above the target', () => {
    const target = fc.double({ min: -1e4, max: 1e4, noNaN: true });
    const power = fc.double({ min: -12, max: 15, noNaN: true });
    fc.assert(
      fc.property(target, power, (targetMs, exponent) => {
        const q = 10 ** exponent;
        const root = cubicRoot(targetMs, q);
        // At large targets root - target has few digits left.
        const excess = root * root * (root - targetMs);
        expect(root).toBeGreaterThanOrEqual(Math.max(0, targetMs));
        expect(Math.abs(excess - q)).toBeLessThan(1e-9 * q + 1e-14 * Math.abs(root) ** 3);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([0, 0.3, 3000])('of one link with all power in it is found in few steps, at the price %d', (price) => {
    const objective = { radioModel: 'concentrated', energyWeight: 0 } as const;
    const problem = createProblem(syntheticSlot({ deviceCount: 20, serverCount: 4, seed: 5, objective }));
    let reads = 0;
    const counted = {
      ...problem,
      get snr() {
        reads += 1;
        return problem.snr;
      },
    };
    for (const link of problem.linkDevice.keys()) bestShare(counted, link, price);
    // A step reads it twice.
    expect(reads / 2 / problem.linkDevice.length).toBeLessThan(15);
  });

  for (const energyModel of energyModels) {
    for (const radioModel of radioModels) {
      it(`is the best of a grid for one link (${energyModel}, ${radioModel})`, () => {
        const objective = { energyModel, radioModel, energyWeight: 50 };
        const problem = createProblem(syntheticSlot({ deviceCount: 6, serverCount: 2, seed: 5, objective }));
        for (let link = 0; link < problem.linkDevice.length; link++) {
          for (const price of [0, 3, 300, 30_000]) {
            const least = leastCostMs(problem, link, price);
            const share = Math.min(1, bestShare(problem, link, price));
            expect(bandCostMs(problem, link, share) + price * share).toBeCloseTo(least, 6);
            for (let grid = 1; grid <= 400; grid++) {
              const other = grid / 400;
              expect(bandCostMs(problem, link, other) + price * other).toBeGreaterThan(least - 1e-7 * Math.abs(least));
            }
          }
        }
      });

      it(`falls with the price as its slope says (${energyModel}, ${radioModel})`, () => {
        const objective = { energyModel, radioModel, energyWeight: 50 };
        const problem = createProblem(syntheticSlot({ deviceCount: 6, serverCount: 2, seed: 5, objective }));
        const solver = new BandSolver(problem, 3);
        // The first links of three devices.
        const links = Int32Array.of(0, 2, 4).map((device) => findProblemLink(problem, device, 0));
        for (const price of [30, 3000]) {
          const step = 1e-5 * price;
          const change = (of: (at: number) => number): number => (of(price + step) - of(price - step)) / (2 * step);
          for (const link of links) {
            const slope = shareSlope(problem, link, bestShare(problem, link, price));
            expect(slope).toBeLessThan(0);
            expect(slope / change((at) => bestShare(problem, link, at))).toBeCloseTo(1, 4);
          }
          const sumAt = (at: number): number => {
            solver.solve(links, 3, at, Number.POSITIVE_INFINITY);
            return solver.sum;
          };
          const expected = change(sumAt);
          sumAt(price);
          expect(solver.slope / expected).toBeCloseTo(1, 4);
        }
      });

      it(`can't be improved by passing some band on (${energyModel}, ${radioModel})`, () => {
        for (const energyWeight of [0, 20, 100]) {
          const objective = { energyModel, radioModel, energyWeight };
          const state = syntheticSlot({ deviceCount: 20, serverCount: 3, seed: 6, objective });
          const best = shareOptimally(state, associateByMaxSinr(state));
          const terms = createSlotTerms(20);
          const costOf = (bandwidthShare: Float64Array, computeShare = best.computeShare): number => {
            evaluate(state, { server: best.server, bandwidthShare, computeShare }, terms);
            return terms.sum.costMs;
          };
          const bestMs = costOf(best.bandwidthShare);
          expect(bestMs).toBeLessThanOrEqual(costOf(shareEqually(state, best.server).bandwidthShare));
          for (let giver = 0; giver < 20; giver++) {
            for (const part of [0.01, 0.2]) {
              const taker = [...best.server.keys()].find(
                (one) => one !== giver && best.server[one] === best.server[giver],
              );
              for (const shares of [best.bandwidthShare, best.computeShare]) {
                const other = shares.slice();
                const passed = part * (other[giver] as number);
                other[giver] = (other[giver] as number) - passed;
                const asides = [other.slice()];
                if (taker !== undefined) {
                  other[taker] = (other[taker] as number) + passed;
                  asides.push(other);
                }
                for (const aside of asides) {
                  const costMs = shares === best.bandwidthShare ? costOf(aside) : costOf(best.bandwidthShare, aside);
                  expect(costMs).toBeGreaterThan(bestMs - 1e-9 * bestMs);
                }
              }
            }
          }
        }
      });
    }
  }

  it('needs lambda, and accepts an empty payload', () => {
    const state = syntheticSlot({ deviceCount: 4, serverCount: 2, seed: 1, objective: { lambdaPerMs: 0 } });
    expect(() => shareOptimally(state, associateByMaxSinr(state))).toThrow(/lambda is 0/);
    const silent = { ...syntheticSlot({ deviceCount: 4, serverCount: 2, seed: 1 }), payloadBits: new Float64Array(4) };
    expect([...shareOptimally(silent, associateByMaxSinr(silent)).bandwidthShare]).toEqual([0, 0, 0, 0]);
  });
});
