import { describe, expect, it } from 'vitest';
import { createPolicy } from '../policies/policies.ts';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { runSlots, type SlotOutcome } from './run-slots.ts';
import { createSlotTally } from './slot-tally.ts';

function read(...sets: string[]): Scenario {
  return readPreset('paper', ['devices.count=6', ...sets].map(parseOverride));
}

/** Copies of each slot: a run reuses its arrays. */
function run(scenario: Scenario, slots: number, policy = 'max-sinr') {
  const outcomes: Pick<SlotOutcome, 'state' | 'assignment' | 'terms'>[] = [];
  const tally = createSlotTally(10);
  const onSlot = (outcome: SlotOutcome): void => {
    tally.add(outcome);
    outcomes.push(structuredClone({ ...outcome, world: null }));
  };
  runSlots({ scenario, policy: { name: policy, decide: createPolicy(policy) }, seed: 3, onSlot }, slots);
  return { outcomes, summary: tally.summary() };
}

describe('unfinished tasks', () => {
  it('are dropped by default, as the paper has it', () => {
    const { outcomes, summary } = run(read(), 10);
    expect(outcomes[0]?.state.waitedMs).toBeUndefined();
    expect(summary).not.toHaveProperty('finishedTasks');
  });

  it('are carried with the bits that are left, and the answer is verified once, where the upload ends', () => {
    const { outcomes, summary } = run(read('workload.unfinished=carried', 'queue.law={kind: none}'), 60);
    let finished = 0;
    let latencyMs = 0;
    for (let device = 0; device < 6; device++) {
      for (const [slot, { state, terms }] of outcomes.entries()) {
        const before = outcomes[slot - 1];
        const waitedMs = state.waitedMs?.[device] as number;
        const ends = Math.max(terms.deviceMs[device] as number, terms.uploadMs[device] as number) <= 500;
        if (ends) {
          finished++;
          latencyMs += waitedMs + (terms.latencyMs[device] as number);
        }
        if (before === undefined || waitedMs === 0) continue;
        // Nothing is lost and nothing appears: bits before less bits sent.
        const sent = (before.terms.rateBitPerSecond[device] as number) * 0.5;
        expect(state.payloadBits[device]).toBeCloseTo((before.state.payloadBits[device] as number) - sent, 3);
        expect(state.edgeFlop[device]).toBe(before.state.edgeFlop[device]);
        expect(state.deviceFlop[device]).toBe(0);
        expect(waitedMs).toBe((before.state.waitedMs?.[device] as number) + 500);
      }
    }
    expect(finished).toBeGreaterThan(20);
    expect(summary.finishedTasks).toBe(finished);
    expect(summary.taskLatencyMsMean).toBeCloseTo(latencyMs / finished, 6);
    // Every policy can decide a slot in which nothing is left to draft.
    for (const name of ['best', 'tma+optimal', 'greedy']) {
      const { summary: other } = run(read('workload.unfinished=carried'), 20, name);
      expect(other.endlessTasks, name).toBe(0);
      expect(other.finishedTasks, name).toBeGreaterThan(0);
    }
  });

  it('keep a server busy only in the slot in which their upload ends', () => {
    const slow = ['servers.reachedComputeShare=0.001', 'queue.law={kind: backlog, maximumSlots: 10000}'];
    const workOf = (law: string): number => {
      const { outcomes } = run(read(`workload.unfinished=${law}`, ...slow), 20);
      return (outcomes.at(-1) as (typeof outcomes)[number]).state.queueDelayMs.reduce((sum, one) => sum + one, 0);
    };
    expect(workOf('carried')).toBeLessThan(0.5 * workOf('dropped'));
  });

  it('grow the answer of a session only when they end', () => {
    const sessions = 'workload.arrivals={kind: duty-cycle, share: 1, keptShare: 0.5}';
    const { outcomes } = run(read('workload.unfinished=carried', sessions), 40);
    for (let device = 0; device < 6; device++) {
      for (const [slot, { state }] of outcomes.entries()) {
        if (slot === 0 || state.waitedMs?.[device] === 0) continue;
        expect(state.edgeFlop[device]).toBe(outcomes[slot - 1]?.state.edgeFlop[device]);
      }
    }
  });
});

describe('a slot without a server', () => {
  it('costs its length, or the price that the objective sets, in every figure alike', () => {
    // No link is that good.
    const deaf = 'radio.minimumSnrDb=50';
    const usual = run(read(deaf), 3);
    const priced = run(read(deaf, 'objective.unservedMs=4000'), 3);
    const unserved = usual.outcomes.flatMap(({ assignment }) => [...assignment.server]).filter((one) => one < 0).length;
    expect(unserved).toBeGreaterThan(0);
    expect(usual.summary.unservedShare).toBe(unserved / 18);
    const added = ((priced.summary.objective as number) - (usual.summary.objective as number)) * 3;
    expect(added / unserved).toBeCloseTo(3500, 6);
    expect(((priced.summary.latencyMsMean as number) - (usual.summary.latencyMsMean as number)) * 18).toBeCloseTo(
      added,
      6,
    );
  });
});
