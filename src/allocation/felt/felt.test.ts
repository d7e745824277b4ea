// The objective `felt`: the searches' costs are those of evaluate, shares are the best ones, and every policy runs under it.

import { describe, expect, it } from 'vitest';
import { createPolicy, needsPlaces, policyList } from '../../../simulator/policies/policies.ts';
import { solveExactly } from '../../../simulator/policies/subset-dp.ts';
import { createRandom } from '../../core/basics/philox.ts';
import { shareEqually } from '../paper/equal-shares.ts';
import { createSlotTerms, evaluate } from '../paper/objective.ts';
import { shareOptimally } from '../paper/optimal-shares.ts';
import { associateAtRandom, associateByMaxSinr } from '../policies/simple-association.ts';
import { certify } from '../search/certify.ts';
import { createEqualRule } from '../search/equal-rule.ts';
import { createOptimalRule } from '../search/optimal-rule.ts';
import { boundFeltAlone } from '../search/pool-bound.ts';
import { createProblem, findProblemLink } from '../search/problem.ts';
import { startAt, totalCostMs } from '../search/search-state.ts';
import { checkState } from '../slot/check-state.ts';
import type { Assignment, ObjectiveSettings, SlotState } from '../slot/slot-state.ts';
import { syntheticSlot } from '../slot/synthetic-slot.ts';
import { boundFelt } from './felt-bound.ts';
import { createPaceModel, type StepClass, settleStep } from './pace-model.ts';
import { LastPace, predictPace, predictRows } from './predict-pace.ts';

const radios: ObjectiveSettings['radioModel'][] = ['fixed-snr', 'concentrated'];

function feltSlot(deviceCount: number, serverCount: number, seed: number, radioModel = radios[0]): SlotState {
  const objective = { kind: 'felt', energyWeight: 20, radioModel: radioModel as 'fixed-snr' } as const;
  return syntheticSlot({ deviceCount, serverCount, seed, sideM: 150, objective });
}

/** The first token as any other: then prompts, for which the bound is less sharp, are a small part of the cost. */
function unweighted(state: SlotState): SlotState {
  return { ...state, objective: { ...state.objective, firstTokenWeight: 1 } };
}

describe('the place at which a step settles', () => {
  it('is the same wherever the search for it begins', () => {
    const step = createPaceModel(feltSlot(12, 3, 1)).stepClass[0] as StepClass;
    for (const rows of [0, 3.5, 40, 1e9]) {
      const rowsAt = (node: number): number => rows * (1 + 0.01 * node);
      const places = Array.from(step.stepMs, (_, near) => settleStep(step, rowsAt, near));
      expect(new Set(places).size).toBe(1);
    }
  });
});

function costMs(state: SlotState, assignment: Assignment): number {
  const terms = createSlotTerms(state.deviceCount);
  evaluate(state, assignment, terms);
  return terms.sum.costMs;
}

describe('the objective felt', () => {
  it('counts the round trip of each link, and best goes where it is short', () => {
    const near = feltSlot(6, 2, 3);
    const pace = near.pace as NonNullable<SlotState['pace']>;
    const roundTrips = (ms: readonly [number, number]): SlotState => {
      const linkRoundTripMs = Float64Array.from({ length: 12 }, (_, link) => ms[link % 2] as number);
      return { ...near, pace: { ...pace, linkRoundTripMs } };
    };
    const server = Int32Array.of(0, 0, 0, 1, 1, 1);
    const all = shareOptimally(near, server);
    const same = { ...near, pace: { ...pace, linkRoundTripMs: new Float64Array(12).fill(pace.roundTripMs) } };
    // Round trips of links are on a grid.
    expect(costMs(same, all) / costMs(near, all)).toBeCloseTo(1, 1);
    expect(costMs(roundTrips([0, 400]), all)).toBeGreaterThan(1.02 * costMs(roundTrips([0, 0]), all));
    const decide = createPolicy('best');
    const counts = (
      [
        [0, 4000],
        [4000, 0],
      ] as const
    ).map((ms) => decide(roundTrips(ms)).server.filter((one) => one === 0).length);
    expect(counts[0]).toBeGreaterThan(counts[1] as number);
    const short = { ...near, pace: { ...pace, linkRoundTripMs: new Float64Array(3) } };
    expect(() => checkState(short)).toThrow('pace.linkRoundTripMs has 3 entries');
  });

  it.each(radios)('is what the rules of sharing count, before and after a change: %s', (radioModel) => {
    const state = feltSlot(14, 3, 5, radioModel);
    const problem = createProblem(state);
    const server = associateAtRandom(state);
    for (const [createRule, share] of [
      [createEqualRule, shareEqually],
      [createOptimalRule, shareOptimally],
    ] as const) {
      const found = startAt(problem, server, createRule);
      expect(totalCostMs(found) + problem.constantMs).toBeCloseTo(costMs(state, share(state, server)), 6);
      for (let device = 0; device < state.deviceCount; device++) {
        const from = server[device] as number;
        const to = (from + 1) % 3;
        const link = findProblemLink(problem, device, to);
        if (from < 0 || link < 0) continue;
        const linkOut = found.partition.linkOf[device] as number;
        const added = found.rule.probe(to, link, -1) - (found.rule.costMs[to] as number);
        const saved = (found.rule.costMs[from] as number) - found.rule.probe(from, -1, linkOut);
        const moved = server.slice();
        moved[device] = to;
        const exact = costMs(state, share(state, moved)) - costMs(state, share(state, server));
        expect(added - saved).toBeCloseTo(exact, 6);
      }
    }
  });

  it.each(radios)('has shares that no others beat, and gives the whole band and computing out: %s', (radioModel) => {
    const random = createRandom(1, 7);
    for (let seed = 1; seed <= 6; seed++) {
      const state = feltSlot(12, 2, seed, radioModel);
      const server = associateByMaxSinr(state);
      const best = shareOptimally(state, server);
      const least = costMs(state, best);
      for (const shares of [best.bandwidthShare, best.computeShare]) {
        const sums = [0, 0];
        for (const [device, one] of server.entries())
          if (one >= 0) sums[one] = (sums[one] as number) + (shares[device] as number);
        for (const [one, sum] of sums.entries()) expect(sum).toBeCloseTo(server.includes(one) ? 1 : 0, 9);
      }
      expect(least).toBeLessThanOrEqual(costMs(state, shareEqually(state, server)));
      for (let trial = 0; trial < 20; trial++) {
        const bandwidthShare = best.bandwidthShare.map((share) => share * (0.9 + 0.2 * random.uniform()));
        const sums = [0, 0];
        for (const [device, one] of server.entries())
          if (one >= 0) sums[one] = (sums[one] as number) + (bandwidthShare[device] as number);
        for (const [device, one] of server.entries())
          if (one >= 0) bandwidthShare[device] = (bandwidthShare[device] as number) / (sums[one] as number);
        expect(costMs(state, { ...best, bandwidthShare })).toBeGreaterThanOrEqual(least - 1e-9);
      }
    }
  });

  it('has shares where a link carries next to nothing', () => {
    const state = feltSlot(2, 1, 7);
    const pace = state.pace as NonNullable<SlotState['pace']>;
    const decoding = { ...pace, promptTokens: new Float64Array(2), promptTokensDone: new Float64Array(2).fill(10) };
    const slow = { ...state, snr: new Float64Array(2).fill(1e-9), pace: decoding };
    const { computeShare } = shareOptimally(slow, Int32Array.of(0, 0));
    expect([...computeShare]).toEqual([0.5, 0.5]);
  });

  it('makes every step longer with every device more', () => {
    const state = feltSlot(10, 1, 2);
    let before = 0;
    for (let count = 1; count <= 10; count++) {
      const server = Int32Array.from({ length: 10 }, (_, device) => (device < count ? 0 : -1));
      const { stepMs, rows } = predictPace(state, shareEqually(state, server));
      const { stepFixedMs, stepRowMs } = state.pace as NonNullable<SlotState['pace']>;
      const sum = rows.reduce((total, one) => total + one, 0);
      // T = a + b rows, between the nodes of the grid.
      expect(stepMs[0]).toBeCloseTo((stepFixedMs[0] as number) + (stepRowMs[0] as number) * sum, 1);
      expect(stepMs[0]).toBeGreaterThan(before);
      before = stepMs[0] as number;
    }
  });

  it('charges a slot for each token of a device that gets nothing', () => {
    const state = feltSlot(3, 1, 2);
    const served = shareEqually(state, new Int32Array(3));
    const starved = { ...served, bandwidthShare: Float64Array.of(1, 0, 0) };
    expect([...predictPace(state, starved).msPerToken].slice(1)).toEqual([state.slotMs, state.slotMs]);
    expect([...predictPace(state, { ...served, server: Int32Array.of(0, -1, -1) }).msPerToken].slice(1)).toEqual([
      state.slotMs,
      state.slotMs,
    ]);
    expect(predictPace(state, served).msPerToken[1]).toBeLessThan(state.slotMs / 5);
  });

  it('runs with every policy, and best is nowhere worse than another with the same shares', () => {
    const state = { ...feltSlot(20, 3, 9), outlook: undefined };
    const best = costMs(state, createPolicy('best-slot')(state));
    for (const { name } of policyList) {
      if (needsPlaces(name)) continue;
      for (const ending of ['equal', 'optimal']) {
        const cost = costMs(state, createPolicy(`${name}+${ending}`)(state));
        expect(cost, `${name}+${ending}`).toBeGreaterThanOrEqual(best - 1e-6);
      }
    }
  });

  it('lets prompts wait for each other, and a session at any time for a part of them', () => {
    const state = feltSlot(3, 1, 3);
    const pace = { ...(state.pace as NonNullable<SlotState['pace']>), textTokens: new Float64Array(3) };
    const answerTokens = new Float64Array(3).fill(100);
    const firstTokenMs = (tokens: number[], isTypical = false): Float64Array => {
      const promptTokens = Float64Array.from(tokens);
      const assignment = shareEqually(state, new Int32Array(3));
      const at = {
        ...state,
        pace: { ...pace, answerTokens, promptTokens, promptBits: new Float64Array(3), isTypical },
      };
      return predictPace(at, assignment).firstTokenMs;
    };
    const rise = (one: Float64Array, other: Float64Array): number => (one[0] as number) - (other[0] as number);
    const none = firstTokenMs([0, 0, 0]);
    const alone = rise(firstTokenMs([3000, 0, 0]), none);
    const together = rise(firstTokenMs([3000, 3000, 0]), none);
    expect(together / alone).toBeGreaterThan(1.9);
    expect(together / alone).toBeLessThan(2.2);
    const typical = rise(firstTokenMs([3000, 3000, 0], true), none);
    expect(typical).toBeGreaterThan(alone);
    expect(typical).toBeLessThan(together);
  });

  it('shares computing among sessions at their prompts by what waiting costs them, and leaves the others their part', () => {
    const state = feltSlot(4, 1, 3);
    const pace = {
      ...(state.pace as NonNullable<SlotState['pace']>),
      answerTokens: Float64Array.of(50, 100, 100, 100),
      promptTokens: Float64Array.of(2000, 2000, 4000, 0),
      promptTokensDone: new Float64Array(4),
      textTokens: new Float64Array(4),
      isTypical: false,
    };
    const { computeShare } = shareOptimally({ ...state, pace }, new Int32Array(4));
    // 1 / (n P): half the answer gets twice as much, and so does half the prompt; the fourth has no prompt.
    for (const [device, part] of [4, 2, 1].entries()) expect(computeShare[device]).toBeCloseTo((0.75 * part) / 7, 6);
    expect(computeShare[3]).toBeCloseTo(0.25, 9);
  });

  it('is predicted once for a slot and an assignment', () => {
    const [one, other] = [feltSlot(3, 1, 3), feltSlot(3, 1, 4)];
    const assignments = [1, 2].map(() => shareEqually(one, new Int32Array(3))) as [Assignment, Assignment];
    const last = new LastPace();
    const first = last.predict(one, assignments[0]);
    expect(last.predict(one, assignments[0])).toBe(first);
    expect(first).toEqual(predictPace(one, assignments[0]));
    expect(predictRows(one, assignments[0], createPaceModel(one))).toEqual(first.rows);
    expect(last.predict(one, assignments[1])).not.toBe(first);
    const second = last.predict(other, assignments[1]);
    expect(second).toEqual(predictPace(other, assignments[1]));
    expect(last.predict(other, assignments[1])).toBe(second);
  });

  it('needs to know the pace', () => {
    const state = { ...feltSlot(3, 1, 2), pace: undefined };
    expect(() => createPolicy('best')(state)).toThrow('the objective felt needs to know the pace of sessions');
  });
});

describe('the bound of the objective felt', () => {
  it.each(radios)('is just below the exact optimum, which best finds: %s', (radioModel) => {
    for (let seed = 1; seed <= 4; seed++) {
      const state = feltSlot(7, 3, seed, radioModel);
      const problem = createProblem(state);
      const exact = solveExactly(problem);
      const { boundMs } = boundFelt(problem, 300);
      expect(boundMs).toBeLessThanOrEqual(exact.costMs * (1 + 1e-9));
      expect(boundMs).toBeGreaterThan(exact.costMs * 0.98);
      expect(boundFeltAlone(problem)).toBeLessThan(boundMs);
      expect(costMs(state, shareOptimally(state, exact.server, problem))).toBeCloseTo(
        exact.costMs + problem.constantMs,
        6,
      );
      expect(costMs(state, createPolicy('best-slot')(state))).toBeCloseTo(exact.costMs + problem.constantMs, 4);
    }
  });

  it.each([
    [1, 1, 0.9999],
    [2, 1, 0.999],
    [4, 1, 0.999],
    [3, 2, 0.99],
  ])('is no higher where %d devices may all be on one of %d servers', (deviceCount, serverCount, least) => {
    for (let seed = 1; seed <= 5; seed++) {
      const problem = createProblem(unweighted(feltSlot(deviceCount, serverCount, seed)));
      const share = boundFelt(problem, 100).boundMs / solveExactly(problem).costMs;
      expect(share).toBeLessThanOrEqual(1 + 1e-9);
      expect(share).toBeGreaterThan(least);
    }
  });

  it('is near the optimum after few rounds', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const problem = createProblem(unweighted(feltSlot(5, 2, seed)));
      expect(boundFelt(problem, 20).boundMs).toBeGreaterThan(0.985 * solveExactly(problem).costMs);
    }
  });

  it('comes with a certificate, and is not above the cost of a device that no server reaches', () => {
    const state = feltSlot(6, 2, 3);
    const snr = state.snr.slice();
    snr.fill(0, 0, 2);
    const assignment = createPolicy('best-slot')({ ...state, snr });
    expect(assignment.server[0]).toBe(-1);
    const certificate = certify({ ...state, snr }, costMs({ ...state, snr }, assignment), true);
    expect(certificate.poolGap).toBeGreaterThan(0);
    expect(certificate.dualGap).toBeGreaterThanOrEqual(0);
    expect(certificate.variableGap).toBeLessThan(0.02);
  });
});
