// The objective against numbers computed by hand from the paper's equations.

import { describe, expect, it } from 'vitest';
import type { Assignment, ObjectiveSettings, SlotState } from '../slot/slot-state.ts';
import { paperObjective } from '../slot/synthetic-slot.ts';
import { createSlotTerms, evaluate, type SlotTerms } from './objective.ts';

/** Device 0 on server 0 (SNR 3: 2 bit/s/Hz), device 1 on server 1 (SNR 15: 4 bit/s/Hz), device 2 reaches no server. */
function handState(objective: Partial<ObjectiveSettings> = {}): SlotState {
  return {
    slot: 0,
    seed: 1,
    slotMs: 500,
    deviceCount: 3,
    serverCount: 2,
    objective: { ...paperObjective, energyWeight: 20, ...objective },
    payloadBits: Float64Array.of(1e5, 2e5, 3e5),
    deviceFlop: Float64Array.of(1e11, 2e11, 1e11),
    edgeFlop: Float64Array.of(1e12, 2e12, 1e12),
    deviceFlopPerSecond: Float64Array.of(1e12, 1e12, 2e12),
    transmitPowerW: Float64Array.of(0.1, 0.2, 0.1),
    battery: Float64Array.of(0.5, 1, 0.25),
    deviceX: new Float64Array(3),
    deviceY: new Float64Array(3),
    serverFlopPerSecond: Float64Array.of(10e12, 40e12),
    bandwidthHz: Float64Array.of(1e6, 2e6),
    queueDelayMs: Float64Array.of(5, 7),
    serverX: new Float64Array(2),
    serverY: new Float64Array(2),
    gain: Float64Array.of(1, 2, 3, 4, 5, 6),
    snr: Float64Array.of(3, 1, 1, 15, 0.3, 0.2),
    previousServer: Int32Array.of(-1, -1, -1),
  };
}

const assignment: Assignment = {
  server: Int32Array.of(0, 1, -1),
  bandwidthShare: Float64Array.of(0.25, 0.5, 0),
  computeShare: Float64Array.of(0.5, 1, 0),
};

function termsOf(state: SlotState, given: Assignment = assignment): SlotTerms {
  const terms = createSlotTerms(state.deviceCount);
  evaluate(state, given, terms);
  return terms;
}

describe('evaluate', () => {
  it('has every term of the paper', () => {
    const terms = termsOf(handState());
    expect([...terms.deviceMs]).toEqual([100, 200, 50]);
    expect([...terms.edgeMs]).toEqual([205, 57, 500]);
    expect([...terms.rateBitPerSecond]).toEqual([0.25e6 * 2, 0.5 * 2e6 * 4, 0]);
    expect([...terms.uploadMs]).toEqual([200, 50, 0]);
    expect([...terms.mismatchMs]).toEqual([0.01 * 100 ** 2, 0.01 * 150 ** 2, 0]);
    expect([...terms.computeEnergyJ]).toEqual([100, 200, 100]);
    // 2.6 * y W (MHz) * P
    expect(terms.transmitEnergyJ[0]).toBeCloseTo(2.6 * 0.25 * 1 * 0.1, 12);
    expect(terms.transmitEnergyJ[1]).toBeCloseTo(2.6 * 0.5 * 2 * 0.2, 12);
    expect(terms.energyMs[0]).toBeCloseTo((20 * (100 + 0.065)) / 0.5, 9);
    expect([...terms.latencyMs]).toEqual([405, 257, 550]);
    expect([...terms.serialMs]).toEqual([305, 257, 550]);
    expect(terms.costMs[0]).toBeCloseTo(100 + 205 + 100 + 4002.6, 9);
    expect(terms.costMs[2]).toBeCloseTo(50 + 500 + (20 * 100) / 0.25, 9);
  });

  it('adds the terms up', () => {
    const { sum, ...terms } = termsOf(handState());
    for (const [name, values] of Object.entries(terms)) {
      const total = values.reduce((added, value) => added + value, 0);
      if (name in sum) expect(sum[name as keyof typeof sum], name).toBeCloseTo(total, 9);
    }
    expect(sum.unservedCount).toBe(1);
    expect(sum.constantMs).toBeCloseTo(100 + 200 + 20 * (100 / 0.5 + 200) + (terms.costMs[2] as number), 9);
  });

  it('starts from zero each time', () => {
    const state = handState();
    const terms = termsOf(state);
    const first = structuredClone(terms);
    evaluate(state, assignment, terms);
    expect(terms).toEqual(first);
  });

  it('charges time on air in the other energy model', () => {
    const { transmitEnergyJ } = termsOf(handState({ energyModel: 'airtime' }));
    expect(transmitEnergyJ[0]).toBeCloseTo(2.6 * 0.1 * 0.2, 12);
    expect(transmitEnergyJ[1]).toBeCloseTo(2.6 * 0.2 * 0.05, 12);
  });

  it('lets half a band have twice the SNR when power is concentrated', () => {
    const { rateBitPerSecond } = termsOf(handState({ radioModel: 'concentrated' }));
    expect(rateBitPerSecond[0]).toBeCloseTo(0.25e6 * Math.log2(1 + 3 / 0.25), 3);
    expect(rateBitPerSecond[1]).toBeCloseTo(1e6 * Math.log2(1 + 15 / 0.5), 3);
  });

  it('is infinite where work has no share, and 0 where there is no work', () => {
    const none = {
      ...assignment,
      bandwidthShare: Float64Array.of(0, 0.5, 0),
      computeShare: Float64Array.of(0.5, 0, 0),
    };
    const terms = termsOf(handState(), none);
    expect(terms.mismatchMs[0]).toBe(Number.POSITIVE_INFINITY);
    expect(terms.edgeMs[1]).toBe(Number.POSITIVE_INFINITY);
    const idle = { ...handState(), payloadBits: new Float64Array(3), edgeFlop: new Float64Array(3) };
    expect(termsOf(idle, none).sum.costMs).toBeLessThan(Number.POSITIVE_INFINITY);
    expect([...termsOf(idle, none).edgeMs]).toEqual([5, 7, 500]);
  });
});
