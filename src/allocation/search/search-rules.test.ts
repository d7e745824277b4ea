// The rules of the searches themselves: their order, and which numbers they renew. The quality of results would hide a broken one.

import { describe, expect, it } from 'vitest';
import { associateAtRandom } from '../policies/simple-association.ts';
import { syntheticSlot } from '../slot/synthetic-slot.ts';
import { createEqualRule } from './equal-rule.ts';
import { insertGreedily, insertRoughly } from './greedy.ts';
import { searchLocally } from './local-search.ts';
import { createOptimalRule } from './optimal-rule.ts';
import { Partition } from './partition.ts';
import { createProblem, findProblemLink, type Problem } from './problem.ts';
import { startAt } from './search-state.ts';
import { estimateError, type SharingRule, type SharingRuleMaker } from './sharing-rule.ts';

/** A rule that notes in which order devices ask for a place. */
function watched(problem: Problem): { createRule: SharingRuleMaker; order: () => number[] } {
  const asked = new Set<number>();
  const note = (device: number): void => void asked.add(device);
  const createRule: SharingRuleMaker = (of, partition) => {
    const rule = createOptimalRule(of, partition) as SharingRule & Required<Pick<SharingRule, 'joinRoughly'>>;
    const { insertionFloor, joinRoughly } = rule;
    return Object.assign(rule, {
      insertionFloor: (link: number) => {
        note(problem.linkDevice[link] as number);
        return insertionFloor.call(rule, link);
      },
      joinRoughly: (device: number) => {
        note(device);
        return joinRoughly.call(rule, device);
      },
    });
  };
  return { createRule, order: () => [...asked] };
}

describe('greedy insertion', () => {
  const slot = syntheticSlot({ deviceCount: 6, serverCount: 2, seed: 4 });
  const edgeFlop = Float64Array.from([3e9, 9e9, 1e9, 9e9, 4e9, 2e9]);
  const snr = slot.snr.map(() => 100);

  it.each([
    ['exact', insertGreedily],
    ['rough', insertRoughly],
  ] as const)('places devices by falling work, equal ones by number, %s', (_name, insert) => {
    const problem = createProblem({ ...slot, edgeFlop, snr });
    const { createRule, order } = watched(problem);
    insert(problem, createRule);
    expect(order()).toEqual([1, 3, 4, 0, 5, 2]);
  });

  it('places devices without work as well', () => {
    const problem = createProblem({ ...slot, edgeFlop: new Float64Array(6), snr });
    const { createRule, order } = watched(problem);
    insertGreedily(problem, createRule);
    expect(order()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('gives no place to a device that no server reaches', () => {
    const unreached = slot.snr.map((_one, link) => (link < 2 ? 0 : 100));
    const { partition } = insertGreedily(createProblem({ ...slot, snr: unreached }), createOptimalRule);
    expect([...partition.linkOf].map((link) => link >= 0)).toEqual([false, true, true, true, true, true]);
  });
});

describe('estimates under felt', () => {
  const felt = (seed: number) =>
    syntheticSlot({ deviceCount: 60, serverCount: 6, seed, sideM: 300, objective: { kind: 'felt', energyWeight: 20 } });
  const withoutEstimates: SharingRuleMaker = (problem, partition) =>
    Object.assign(createOptimalRule(problem, partition), { hasEstimates: false });

  it('are exact costs up to rounding, for any change', () => {
    for (const seed of [1, 2]) {
      const problem = createProblem(felt(seed));
      const { partition, rule } = startAt(problem, associateAtRandom(felt(seed)), createOptimalRule);
      expect(rule.hasEstimates).toBe(true);
      for (const [link, server] of problem.linkServer.entries()) {
        const isHere = partition.linkOf[problem.linkDevice[link] as number] === link;
        const linkOut = (partition.linkOf[partition.first[server] as number] ?? -1) as number;
        for (const [linkIn, out] of isHere
          ? [[-1, link]]
          : ([
              [link, -1],
              [link, linkOut],
            ] as const)) {
          const ratio =
            rule.estimate(server, linkIn as number, out as number) /
            rule.probe(server, linkIn as number, out as number);
          expect(Math.abs(ratio - 1)).toBeLessThan(1e-2 * estimateError);
        }
      }
    }
  });

  it('lead greedy insertion to the same places and the same costs', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const problem = createProblem(felt(seed));
      const [found, exact] = [createOptimalRule, withoutEstimates].map((rule) => insertGreedily(problem, rule));
      expect(found?.partition.linkOf).toEqual(exact?.partition.linkOf);
      expect(found?.rule.costMs).toEqual(exact?.rule.costMs);
    }
  });

  it('leave equal servers to exact costs: the first one is taken', () => {
    const slot = felt(1);
    const pace = slot.pace as NonNullable<typeof slot.pace>;
    const same = (values: Float64Array): Float64Array => values.map(() => values[0] as number);
    const alike = { ...pace, stepFixedMs: same(pace.stepFixedMs), stepRowMs: same(pace.stepRowMs) };
    const state = { ...slot, snr: same(slot.snr), pace: { ...alike, textServer: pace.textServer.map(() => -1) } };
    const problem = createProblem(state);
    const [found, exact] = [createOptimalRule, withoutEstimates].map((rule) => insertGreedily(problem, rule));
    expect(found?.partition.linkOf).toEqual(exact?.partition.linkOf);
  });
});

describe('the prices of servers that share optimally', () => {
  // Prices are in proportion to lambda: far above 1 ms for the whole band, and far below it.
  it.each([0.01, 1e-9])('are renewed when the devices of a server have changed them: lambda %s', (lambdaPerMs) => {
    const objective = { lambdaPerMs };
    const slot = syntheticSlot({ deviceCount: 12, serverCount: 2, seed: 7, objective });
    const bandwidthHz = slot.bandwidthHz.map((hertz) => 0.2 * hertz);
    const problem = createProblem({ ...slot, bandwidthHz, snr: slot.snr.map(() => 100) });
    const moves = { canMove: true, canSwap: true };
    const partition = new Partition(problem);
    partition.place(findProblemLink(problem, 0, 0));
    const rule = createOptimalRule(problem, partition);
    rule.screen(0, moves);
    const newcomer = findProblemLink(problem, 11, 0);
    const before = { addedMs: rule.addedMs[newcomer] as number, joinMs: rule.joinFloor(newcomer) };
    for (let device = 1; device < 9; device++) partition.place(findProblemLink(problem, device, 0));
    rule.settle(0);
    rule.screen(0, moves);
    const fresh = createOptimalRule(problem, partition);
    fresh.screen(0, moves);
    expect(fresh.addedMs[newcomer]).toBeGreaterThan(1.1 * before.addedMs);
    expect(fresh.joinFloor(newcomer)).toBeGreaterThan(1.1 * before.joinMs);
    for (let device = 9; device < 12; device++) {
      const link = findProblemLink(problem, device, 0);
      // The solver starts from another price, so equal means to its tolerance.
      expect((rule.addedMs[link] as number) / (fresh.addedMs[link] as number)).toBeCloseTo(1, 5);
      expect(rule.joinFloor(link) / fresh.joinFloor(link)).toBeCloseTo(1, 5);
    }
    for (let device = 0; device < 9; device++) {
      expect((rule.heldMs[device] as number) / (fresh.heldMs[device] as number)).toBeCloseTo(1, 5);
    }
  });
});

describe('a search by swaps', () => {
  it.each([
    ['equal', createEqualRule],
    ['optimal', createOptimalRule],
  ] as const)(
    'ends only where no swap helps, the first device and its first link included, %s shares',
    (_name, createRule) => {
      let swaps = 0;
      for (let seed = 1; seed <= 120; seed++) {
        const slot = syntheticSlot({ deviceCount: 5, serverCount: 2, seed });
        const problem = createProblem({ ...slot, snr: slot.snr.map((snr) => Math.max(1, snr)) });
        const search = startAt(problem, associateAtRandom({ ...slot, snr: slot.snr.map(() => 1) }), createRule);
        swaps += searchLocally(problem, search, { canMove: false, canSwap: true, leastSaving: 1e-9 });
        const { partition, rule } = search;
        const before = (rule.costMs[0] as number) + (rule.costMs[1] as number);
        for (let one = 0; one < 5; one++) {
          for (let other = 0; other < one; other++) {
            const [outOne, outOther] = [partition.linkOf[one] as number, partition.linkOf[other] as number];
            const [from, to] = [problem.linkServer[outOne] as number, problem.linkServer[outOther] as number];
            if (from === to) continue;
            const costFrom = rule.probe(from, findProblemLink(problem, other, from), outOne);
            const costTo = rule.probe(to, findProblemLink(problem, one, to), outOther);
            expect(costFrom + costTo, `seed ${seed}, devices ${one} and ${other}`).toBeGreaterThan(before * (1 - 1e-8));
          }
        }
      }
      expect(swaps).toBeGreaterThan(30);
    },
  );
});
