// The environment gives the reward of its definition, the same for the same seed, in a world that applies the decisions.

import { describe, expect, it } from 'vitest';
import { createSlotTerms, evaluate } from '../../src/allocation/paper/objective.ts';
import { mean } from '../../src/core/basics/statistics.ts';
import { createPolicy } from '../policies/policies.ts';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import { createEnvironment } from './environment.ts';
import { evaluatePolicy, firstHeldOutSeed, keepSlots, pairedError } from './held-out.ts';

const scenarioOf = (...sets: string[]) =>
  readPreset(
    'paper',
    ['devices.count=8', 'servers.placement.count=2', 'channel.shadowing=false', ...sets].map(parseOverride),
  );
const [maxSinr, random] = [createPolicy('max-sinr'), createPolicy('random')];

describe('environment', () => {
  it('rewards by the objective over that of random association', () => {
    const environment = createEnvironment(scenarioOf());
    const state = environment.reset(5);
    const assignment = maxSinr(state);
    const terms = createSlotTerms(8);
    evaluate(state, assignment, terms);
    const { costMs } = terms.sum;
    const fourthMs = terms.costMs[3] as number;
    // Random associations of other draws: their mean is near that of the sixteen.
    let sum = 0;
    for (let draw = 0; draw < 400; draw++) {
      evaluate(state, random({ ...state, seed: 1000 + draw }), terms);
      sum += terms.sum.costMs;
    }
    const outcome = environment.step(assignment);
    expect(outcome.costMs).toBe(costMs);
    expect(outcome.reward).toBe(-costMs / outcome.randomCostMs);
    // The devices' costs add up to the reward.
    expect(mean([...outcome.deviceCost])).toBeCloseTo(-outcome.reward, 12);
    expect(outcome.deviceCost[3]).toBeCloseTo((8 * fourthMs) / outcome.randomCostMs, 12);
    expect(outcome.randomCostMs / (sum / 400)).toBeGreaterThan(0.5);
    expect(outcome.randomCostMs / (sum / 400)).toBeLessThan(2);
  });

  it('rewards by the predicted time per token under the objective felt', () => {
    const environment = createEnvironment(scenarioOf('objective.kind=felt'));
    const state = environment.reset(5);
    const assignment = maxSinr(state);
    const terms = createSlotTerms(8);
    evaluate(state, assignment, terms);
    const { costMs } = terms.sum;
    const outcome = environment.step(assignment);
    expect(outcome.costMs).toBe(costMs);
    // Eight devices with some 10 ms a token and the energy of a draft.
    expect(costMs / 8).toBeGreaterThan(5);
    expect(costMs / 8).toBeLessThan(1000);
    expect(outcome.reward).toBe(-costMs / outcome.randomCostMs);
  });

  it('repeats itself', () => {
    const environment = createEnvironment(scenarioOf());
    const play = (): number[] => {
      let state = environment.reset(7);
      return Array.from({ length: 5 }, () => {
        const { reward, next } = environment.step(maxSinr(state));
        state = next;
        return reward;
      });
    };
    expect(play()).toEqual(play());
  });

  it('skips slots without a task, and counts the devices with a task', () => {
    const arrivals = 'workload.arrivals={"kind":"poisson-sessions","sessionsPerMinute":40,"keptShare":0.6}';
    const environment = createEnvironment(scenarioOf(arrivals));
    let state = environment.reset(3);
    for (let slot = 0; slot < 20; slot++) {
      expect(state.deviceCount).toBeGreaterThan(0);
      state = environment.step(maxSinr(state)).next;
    }
  });
});

describe('held-out slots', () => {
  const slots = keepSlots(createEnvironment(scenarioOf()), 3, 2, 2);

  it('are stored complete, from seeds that training never draws', () => {
    expect(slots.map(({ world, state }) => [world, state.slot])).toEqual(
      [0, 1, 2].flatMap((world) => [
        [world, 0],
        [world, 2],
      ]),
    );
    expect(slots[0]?.state.seed).toBe(firstHeldOutSeed);
    expect(new Set(slots.map(({ state }) => state.gain)).size).toBe(6);
  });

  it('compare policies in pairs', () => {
    const one = evaluatePolicy(slots, maxSinr);
    const other = evaluatePolicy(slots, random);
    expect(evaluatePolicy(slots, maxSinr)).toEqual(one);
    expect(one.reward).toBeGreaterThan(other.reward);
    expect(pairedError(one, one)).toBe(0);
    const shifted = { ...one, ofWorlds: one.ofWorlds.map((value) => value - 3) };
    expect(pairedError(one, shifted)).toBeCloseTo(0, 12);
    const differences = one.ofWorlds.map((value, world) => value - (other.ofWorlds[world] as number));
    const middle = differences.reduce((sum, value) => sum + value, 0) / 3;
    const wanted = Math.sqrt(differences.reduce((sum, value) => sum + (value - middle) ** 2, 0) / 2 / 3);
    expect(pairedError(one, other)).toBeCloseTo(wanted, 12);
  });

  it('give the real cost, whatever policies see', () => {
    const environment = createEnvironment(scenarioOf('knowledge.gainAgeSlots=2'));
    const kept = keepSlots(environment, 2, 3);
    let isOld = false;
    for (let world = 0; world < 2; world++) {
      let state = environment.reset(firstHeldOutSeed + world);
      for (const slot of kept.filter((one) => one.world === world)) {
        expect(slot.state).toEqual(state);
        isOld ||= slot.actual.gain.some((gain, link) => gain !== slot.state.gain[link]);
        const assignment = maxSinr(state);
        const { reward, next } = environment.step(assignment);
        expect(evaluatePolicy([slot], () => assignment).reward).toBe(reward);
        state = next;
      }
    }
    expect(isOld).toBe(true);
  });

  it('keeps a copy of each state', () => {
    const [first, second] = slots.map(({ state }) => state);
    expect(first?.gain).not.toBe(second?.gain);
    expect(first?.gain).not.toEqual(second?.gain);
  });
});
