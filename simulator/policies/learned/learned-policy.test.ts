// Properties of trained policies: order doesn't matter to the network of pairs, shares are valid, TMA's searches see the final
// shares, and unusual slots get valid assignments.

import { describe, expect, it } from 'vitest';
import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import { associateAtRandom } from '../../../src/allocation/policies/simple-association.ts';
import { createProblem, findProblemLink } from '../../../src/allocation/search/problem.ts';
import { startAt, totalCostMs } from '../../../src/allocation/search/search-state.ts';
import { checkAssignment } from '../../../src/allocation/slot/check-assignment.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { drawActor } from './learned-actor.fixture.ts';
import { createLearnedPolicy, readSlot, scoreSlot } from './learned-policy.ts';
import { learnedRule, shareByScores } from './learned-rule.ts';

const objective = { energyWeight: 20 };
const slotOf = (deviceCount: number, serverCount: number, seed: number): SlotState =>
  syntheticSlot({ deviceCount, serverCount, seed, objective });

/** The same slot with devices and servers in another order: entry d of the new slot is `devices[d]` of the old one. */
function permute(state: SlotState, devices: readonly number[], servers: readonly number[]): SlotState {
  const { deviceCount: m, serverCount: e } = state;
  const entries = Object.entries(state).map(([name, value]) => {
    if (!ArrayBuffer.isView(value)) return [name, value];
    const old = value as Float64Array;
    const fresh = old.slice();
    if (name === 'previousServer')
      devices.forEach((from, to) => {
        fresh[to] = servers.indexOf(old[from] as number);
      });
    else if (old.length === m * e && name !== 'battery') {
      devices.forEach((from, to) => {
        servers.forEach((s, at) => {
          fresh[to * e + at] = old[from * e + s] as number;
        });
      });
    } else
      (name.startsWith('server') || ['bandwidthHz', 'queueDelayMs'].includes(name) ? servers : devices).forEach(
        (from, to) => {
          fresh[to] = old[from] as number;
        },
      );
    return [name, fresh];
  });
  return Object.fromEntries(entries) as SlotState;
}

describe('the network of pairs', () => {
  it('gives permuted scores for permuted devices and servers', () => {
    const actor = drawActor('pairs', 'tma-masac', 1);
    for (let seed = 1; seed <= 20; seed++) {
      const state = slotOf(7, 3, seed);
      const devices = [3, 1, 6, 0, 2, 5, 4];
      const servers = [2, 0, 1];
      const other = permute(state, devices, servers);
      const [problem, otherProblem] = [createProblem(state), createProblem(other)];
      const scores = scoreSlot(actor, problem, readSlot(actor, state, problem));
      const otherScores = scoreSlot(actor, otherProblem, readSlot(actor, other, otherProblem));
      expect(otherScores.mean.length).toBe(scores.mean.length);
      for (let link = 0; link < otherProblem.linkDevice.length; link++) {
        const device = devices[otherProblem.linkDevice[link] as number] as number;
        const was = findProblemLink(problem, device, servers[otherProblem.linkServer[link] as number] as number);
        for (const kind of [0, 1]) {
          expect(otherScores.mean[2 * link + kind]).toBeCloseTo(scores.mean[2 * was + kind] as number, 5);
          expect(otherScores.deviation[2 * link + kind]).toBeCloseTo(scores.deviation[2 * was + kind] as number, 5);
        }
      }
    }
  });

  it('associates alike whatever the order', () => {
    const decide = createLearnedPolicy(drawActor('pairs', 'association', 1));
    const devices = [3, 1, 6, 0, 2, 5, 4];
    const servers = [2, 0, 1];
    for (let seed = 1; seed <= 20; seed++) {
      const state = slotOf(7, 3, seed);
      const found = decide(permute(state, devices, servers)).server;
      const wanted = decide(state).server;
      expect(Array.from(found, (server) => servers[server] ?? -1)).toEqual(devices.map((device) => wanted[device]));
    }
  });

  it('spreads equal devices as far as the scores allow', () => {
    const state = slotOf(12, 2, 3);
    for (const values of Object.values(state) as Float64Array[]) {
      if (!ArrayBuffer.isView(values) || values.length % 12 !== 0) continue;
      const width = values.length / 12;
      for (let at = width; at < values.length; at++) values[at] = values[at % width] as number;
    }
    state.snr.fill(10);
    const { server } = createLearnedPolicy(drawActor('pairs', 'association', 1))(state);
    const first = server.filter((one) => one === 0).length;
    expect(first).toBeGreaterThan(1);
    expect(first).toBeLessThan(11);
  });

  it('serves any number of devices and servers', () => {
    for (const variant of ['tma-masac', 'association'] as const) {
      const policy = createLearnedPolicy(drawActor('pairs', variant, 2));
      for (const [devices, servers] of [
        [1, 1],
        [1, 4],
        [2, 5],
        [40, 1],
        [60, 7],
      ] as const) {
        const state = slotOf(devices, servers, 3);
        const assignment = policy(state);
        checkAssignment(state, assignment);
        expect(policy(state)).toEqual(assignment);
      }
    }
  });

  it('leaves a device without eligible links unserved', () => {
    const state = slotOf(6, 2, 4);
    state.snr.fill(0, 2, 4);
    for (const variant of ['tma-masac', 'association'] as const) {
      const assignment = createLearnedPolicy(drawActor('pairs', variant, 2))(state);
      checkAssignment(state, assignment);
      expect(assignment.server[1]).toBe(-1);
      expect(assignment.bandwidthShare[1]).toBe(0);
    }
  });

  it('decides a slot that lists candidates', () => {
    const policy = createLearnedPolicy(drawActor('pairs', 'tma-masac', 5));
    const state = syntheticSlot({ deviceCount: 12, serverCount: 6, seed: 2, objective, candidateCount: 3 });
    checkAssignment(state, policy(state));
  });
});

describe('learned shares', () => {
  it('keep the slack, and are what the search sees', () => {
    const actor = drawActor('pairs', 'tma-masac', 3);
    const state = slotOf(15, 3, 6);
    const problem = createProblem(state);
    const { mean } = scoreSlot(actor, problem, readSlot(actor, state, problem));
    const server = associateAtRandom(state);
    const search = startAt(problem, server, learnedRule(mean));
    const assignment = shareByScores(problem, server, search.partition.linkOf, mean);
    const terms = createSlotTerms(state.deviceCount);
    evaluate(state, assignment, terms);
    expect(totalCostMs(search) + problem.constantMs).toBeCloseTo(terms.sum.costMs, 6);
    const sums = [0, 0, 0];
    server.forEach((one, device) => {
      sums[one] = (sums[one] as number) + (assignment.bandwidthShare[device] as number);
    });
    for (const sum of sums) expect(sum).toBeLessThan(1);
  });

  it('are recomputed for each device that comes or goes', () => {
    const actor = drawActor('pairs', 'tma-masac', 3);
    const state = slotOf(8, 2, 7);
    const problem = createProblem(state);
    const { mean } = scoreSlot(actor, problem, readSlot(actor, state, problem));
    const search = startAt(problem, Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1), learnedRule(mean));
    const [comes, goes] = [findProblemLink(problem, 4, 0), findProblemLink(problem, 0, 0)];
    const expected = startAt(problem, Int32Array.of(1, 0, 0, 0, 0, 1, 1, 1), learnedRule(mean)).rule
      .costMs[0] as number;
    expect(search.rule.probe(0, comes, goes)).toBeCloseTo(expected, 6);
    const own = new Float64Array(8);
    const count = search.rule.ownCosts(0, comes, goes, own);
    expect(own.subarray(0, count).reduce((sum, one) => sum + one, 0)).toBeCloseTo(expected, 6);
  });
});

describe('the flat network', () => {
  it('serves its own number of devices, and refuses others', () => {
    const policy = createLearnedPolicy(drawActor('flat', 'tma-masac', 1, 6));
    const state = slotOf(6, 3, 1);
    checkAssignment(state, policy(state));
    expect(() => policy(slotOf(7, 3, 1))).toThrow(/for 6 devices, not 7/);
  });
});
