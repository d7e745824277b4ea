// What associations guarantee: TMA only swaps, searches end where no change helps, floors are never above exact changes, and the
// same slot gets the same assignment.

import { describe, expect, it } from 'vitest';
import { createPolicy, policyList } from '../../../simulator/policies/policies.ts';
import { createRandom } from '../../core/basics/philox.ts';
import { createSlotTerms, evaluate } from '../paper/objective.ts';
import { shareOptimally } from '../paper/optimal-shares.ts';
import { createEqualRule } from '../search/equal-rule.ts';
import { insertGreedily, insertRoughly } from '../search/greedy.ts';
import { searchLocally } from '../search/local-search.ts';
import { createOptimalRule } from '../search/optimal-rule.ts';
import { createProblem, findProblemLink, type Problem } from '../search/problem.ts';
import { type SearchState, startAt, totalCostMs } from '../search/search-state.ts';
import { checkAssignment } from '../slot/check-assignment.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import { syntheticSlot } from '../slot/synthetic-slot.ts';
import { associateAtRandom, associateByMaxGain } from './simple-association.ts';
import { associateByTma } from './tma.ts';

const rules = { equal: createEqualRule, optimal: createOptimalRule };
const names = policyList.flatMap(({ name }) => [`${name}+equal`, `${name}+optimal`]);
const state = syntheticSlot({ deviceCount: 24, serverCount: 4, seed: 9, objective: { energyWeight: 20 } });

function costOf(one: SlotState, assignment: Assignment): number {
  const terms = createSlotTerms(one.deviceCount);
  evaluate(one, assignment, terms);
  return terms.sum.costMs;
}

/** Every change of one or two devices: for each server the link that it gains. */
function* changesOf(problem: Problem, { partition }: SearchState): Generator<[number, number, number, number]> {
  for (let device = 0; device < problem.deviceCount; device++) {
    const linkOut = partition.linkOf[device] as number;
    for (
      let linkIn = problem.linkStart[device] as number;
      linkIn < (problem.linkStart[device + 1] as number);
      linkIn++
    ) {
      const server = problem.linkServer[linkOut] as number;
      if (problem.linkServer[linkIn] === server) continue;
      yield [linkOut, linkIn, -1, -1];
      for (let other = 0; other < device; other++) {
        const otherOut = partition.linkOf[other] as number;
        if (problem.linkServer[otherOut] !== problem.linkServer[linkIn]) continue;
        const otherIn = findProblemLink(problem, other, server);
        if (otherIn >= 0) yield [linkOut, linkIn, otherOut, otherIn];
      }
    }
  }
}

describe('every policy', () => {
  it.each(names)('%s decides, the same each time, and passes the check', (name) => {
    const policy = createPolicy(name);
    const assignment = policy(state);
    checkAssignment(state, assignment);
    expect(policy(state)).toEqual(assignment);
  });

  it.each(names)('%s copes with one device, one server, more servers than devices, and no reachable device', (name) => {
    for (const [deviceCount, serverCount] of [
      [1, 1],
      [1, 5],
      [5, 1],
      [3, 8],
    ] as const) {
      const few = syntheticSlot({ deviceCount, serverCount, seed: 2 });
      checkAssignment(few, createPolicy(name)(few));
      const alone = { ...few, snr: few.snr.map((snr, link) => (link < serverCount ? 0 : snr)) };
      const assignment = createPolicy(name)(alone);
      checkAssignment(alone, assignment);
      expect(assignment.server[0]).toBe(-1);
      expect(costOf(alone, assignment)).toBeLessThan(Number.POSITIVE_INFINITY);
    }
  });

  it('is the same with all links and with a list of all candidates', () => {
    const start = Int32Array.from({ length: 25 }, (_, device) => 4 * device);
    const listed = { ...state, candidates: { start, server: Int32Array.from({ length: 96 }, (_, link) => link % 4) } };
    for (const name of names) expect(createPolicy(name)(listed), name).toEqual(createPolicy(name)(state));
  });

  it('is not worse with optimal shares', () => {
    for (const { name } of policyList) {
      const equal = costOf(state, createPolicy(`${name}+equal`)(state));
      expect(costOf(state, createPolicy(`${name}+optimal`)(state)), name).toBeLessThanOrEqual(equal);
    }
  });
});

describe.each(['equal', 'optimal'] as const)('searches with %s shares', (sharing) => {
  for (const radioModel of ['fixed-snr', 'concentrated'] as const) {
    for (const energyWeight of [0, 50]) {
      it(`have floors that are never above the exact change (${radioModel}, w ${energyWeight})`, () => {
        const slot = syntheticSlot({
          deviceCount: 16,
          serverCount: 3,
          seed: 3,
          objective: { radioModel, energyWeight },
        });
        const problem = createProblem(slot);
        const search = startAt(problem, associateAtRandom(slot), rules[sharing]);
        const { rule } = search;
        // A few changes first, so that prices differ from those of the floors.
        searchLocally(problem, search, { canMove: true, canSwap: true, leastSaving: 1e-9, mostExaminations: 12 });
        for (const [linkOut, linkIn, otherOut, otherIn] of changesOf(problem, search)) {
          for (const [server, into, out] of [
            [problem.linkServer[linkIn] as number, linkIn, otherOut],
            [problem.linkServer[linkOut] as number, otherIn, linkOut],
          ] as const) {
            const exact = rule.probe(server, into, out) - (rule.costMs[server] as number);
            const floor = rule.changeFloor(server, into, out);
            expect(floor).toBeLessThanOrEqual(exact + 1e-7 * (rule.costMs[server] as number));
          }
        }
      });
    }
  }

  it('end where no move and no swap helps', () => {
    const problem = createProblem(state);
    const search = insertGreedily(problem, rules[sharing]);
    searchLocally(problem, search, { canMove: true, canSwap: true, leastSaving: 1e-9 });
    const { rule } = search;
    let count = 0;
    for (const [linkOut, linkIn, otherOut, otherIn] of changesOf(problem, search)) {
      const server = problem.linkServer[linkOut] as number;
      const target = problem.linkServer[linkIn] as number;
      const beforeMs = (rule.costMs[server] as number) + (rule.costMs[target] as number);
      const afterMs = rule.probe(target, linkIn, otherOut) + rule.probe(server, otherIn, linkOut);
      expect(afterMs - beforeMs).toBeGreaterThan(-1e-8 * beforeMs);
      count++;
    }
    expect(count).toBeGreaterThan(100);
  });

  it('know what their partition costs', () => {
    const problem = createProblem(state);
    const search = insertGreedily(problem, rules[sharing]);
    searchLocally(problem, search, { canMove: true, canSwap: true, leastSaving: 1e-9 });
    const server = search.partition.toServers();
    const assignment =
      sharing === 'optimal' ? shareOptimally(state, server) : createPolicy('greedy-search+equal')(state);
    expect(totalCostMs(search) + problem.constantMs).toBeCloseTo(costOf(state, assignment), 5);
  });
});

describe('TMA', () => {
  it('begins at the highest gain, only swaps, and ends where no swap helps', () => {
    const problem = createProblem(state);
    const first = associateByMaxGain(state);
    const counts = (server: Int32Array): number[] =>
      [0, 1, 2, 3].map((one) => server.filter((it) => it === one).length);
    for (const createRule of [createEqualRule, createOptimalRule]) {
      const search = associateByTma(problem, first, createRule);
      const { partition, rule } = search;
      expect(counts(partition.toServers())).toEqual(counts(first));
      for (const [linkOut, linkIn, otherOut, otherIn] of changesOf(problem, search)) {
        if (otherIn < 0) continue;
        const server = problem.linkServer[linkOut] as number;
        const target = problem.linkServer[linkIn] as number;
        const beforeMs = (rule.costMs[server] as number) + (rule.costMs[target] as number);
        const afterMs = rule.probe(target, linkIn, otherOut) + rule.probe(server, otherIn, linkOut);
        expect(afterMs - beforeMs).toBeGreaterThan(-1e-8 * beforeMs);
      }
    }
  });
});

describe('swap-stable', () => {
  it.each([1, 2, 3])(
    "keeps quotas, and leaves no trade that harms no device and lowers the servers' cost, seed %d",
    (seed) => {
      const slot = syntheticSlot({ deviceCount: 24, serverCount: 4, seed, objective: { energyWeight: 20 } });
      const decide = createPolicy('swap-stable');
      const { server } = decide(slot);
      for (const one of [0, 1, 2, 3]) expect(server.filter((it) => it === one).length).toBeLessThanOrEqual(8);
      /** The own cost of each device (computing, band and queue), and the sum of each server. */
      const paidBy = (servers: Int32Array): [Float64Array, Float64Array] => {
        const terms = createSlotTerms(24);
        evaluate(slot, shareOptimally(slot, servers), terms);
        const sums = new Float64Array(4);
        for (const [device, one] of servers.entries())
          sums[one] = (sums[one] as number) + (terms.costMs[device] as number);
        return [terms.costMs.slice(), sums];
      };
      const [own, sums] = paidBy(server);
      const total = sums.reduce((sum, one) => sum + one, 0);
      const isNoWorse = (after: number, before: number): boolean => after <= before * (1 + 1e-7);
      const isReached = (device: number, at: number): boolean =>
        (slot.snr[device * 4 + at] as number) >= slot.objective.minimumSnr;
      for (let one = 0; one < 24; one++) {
        for (const free of [0, 1, 2, 3]) {
          const isFull = server.filter((it) => it === free).length >= 8;
          if (isFull || server[one] === free || !isReached(one, free)) continue;
          const moved = server.slice();
          moved[one] = free;
          const [ownAfter, sumsAfter] = paidBy(moved);
          const saved = total - sumsAfter.reduce((sum, at) => sum + at, 0);
          expect(isNoWorse(ownAfter[one] as number, own[one] as number) && saved > 1e-6 * total).toBe(false);
        }
        for (let other = 0; other < one; other++) {
          const [first, second] = [server[one] as number, server[other] as number];
          if (first === second || !isReached(one, second) || !isReached(other, first)) continue;
          const traded = server.slice();
          [traded[one], traded[other]] = [second, first];
          const [ownAfter, sumsAfter] = paidBy(traded);
          const agree =
            [one, other].every((device) => isNoWorse(ownAfter[device] as number, own[device] as number)) &&
            [first, second].every((at) => isNoWorse(sumsAfter[at] as number, sums[at] as number));
          const saved = total - sumsAfter.reduce((sum, at) => sum + at, 0);
          expect(agree && saved > 1e-6 * total).toBe(false);
        }
      }
    },
  );
});

describe('rough insertion', () => {
  it.each(['fixed-snr', 'concentrated'] as const)(
    'comes near the exact one where bandwidth is scarce, %s',
    (radioModel) => {
      const wide = syntheticSlot({
        deviceCount: 300,
        serverCount: 30,
        seed: 3,
        candidateCount: 8,
        objective: { radioModel },
      });
      const scarce = { ...wide, bandwidthHz: wide.bandwidthHz.map((hertz) => 0.3 * hertz) };
      const problem = createProblem(scarce);
      const rough = insertRoughly(problem, createOptimalRule);
      const exact = insertGreedily(problem, createOptimalRule);
      expect(rough.partition.linkOf.every((link) => link >= 0)).toBe(true);
      expect(totalCostMs(rough)).toBeLessThan(1.15 * totalCostMs(exact));
      const settled = createOptimalRule(problem, rough.partition);
      expect([...rough.rule.costMs]).toEqual([...settled.costMs].map((costMs) => expect.closeTo(costMs, 3)));
    },
  );

  it('is the exact one where a rule has no floors', () => {
    const problem = createProblem(state);
    const [rough, exact] = [insertRoughly(problem, createEqualRule), insertGreedily(problem, createEqualRule)];
    expect(rough.partition.linkOf).toEqual(exact.partition.linkOf);
  });
});

describe('random', () => {
  it('reaches every eligible server about equally often, with a new draw for each slot', () => {
    const counts = new Float64Array(4);
    for (let slot = 0; slot < 500; slot++) {
      for (const server of associateAtRandom({ ...state, slot, snr: state.snr.map(() => 1) })) {
        counts[server] = (counts[server] as number) + 1;
      }
    }
    for (const count of counts) expect(Math.abs(count - 3000)).toBeLessThan(6 * Math.sqrt(2250));
    expect(createRandom(1).uniform()).not.toBe(createRandom(1, 0x41000000).uniform());
  });
});
