// The couplings of slots: texts that stay on a server, the work of moving them, stale CSI, partly usable batteries.

import { describe, expect, it } from 'vitest';
import { shareEqually } from '../../src/allocation/paper/equal-shares.ts';
import type { Policy } from '../../src/allocation/slot/slot-state.ts';
import { createPolicy } from '../policies/policies.ts';
import { readPreset } from '../scenario/presets.ts';
import { parseOverride } from '../scenario/read-scenario.ts';
import { runSlots, type SlotOutcome } from './run-slots.ts';

interface Kept extends Pick<SlotOutcome, 'state' | 'assignment' | 'terms'> {
  readonly devices: Int32Array;
  readonly isNew: Uint8Array;
}

function run(slots: number, decide: Policy, ...sets: string[]): Kept[] {
  const kept: Kept[] = [];
  const scenario = readPreset('coupled', ['devices.count=12', ...sets].map(parseOverride));
  const onSlot = ({ world, state, assignment, terms }: SlotOutcome): void => {
    const { devices, workload } = world;
    kept.push(structuredClone({ state, assignment, terms, devices, isNew: workload.isNew }));
  };
  runSlots({ scenario, policy: { name: 'tried', decide }, seed: 3, onSlot }, slots);
  return kept;
}

const best = createPolicy('best');
/** Another server in every slot. */
const restless: Policy = (state) => {
  const server = Int32Array.from(
    { length: state.deviceCount },
    (_, device) => (state.slot + device) % state.serverCount,
  );
  return shareEqually(state, server);
};
const freely = ['radio.minimumSnrDb=-50', 'knowledge.gainAgeSlots=0'];

describe('a text', () => {
  it('stays with the last server of its device, until its session ends', () => {
    const slots = run(60, best);
    const at = new Map<number, number>();
    let moves = 0;
    let begins = 0;
    for (const { state, assignment, terms, devices, isNew } of slots) {
      for (let entry = 0; entry < state.deviceCount; entry++) {
        const device = devices[entry] as number;
        if (isNew[device] === 1) at.delete(device);
        const before = at.get(device) ?? -1;
        const now = assignment.server[entry] as number;
        expect(state.handover?.textServer[entry]).toBe(before);
        const hasMoved = before >= 0 && now !== before;
        expect((terms.handoverMs[entry] as number) > 0).toBe(hasMoved);
        if (hasMoved) moves++;
        if (before < 0) begins++;
        at.set(device, now);
      }
    }
    expect(moves).toBeGreaterThan(0);
    expect(begins).toBeGreaterThan(6);
  });

  it('costs its evaluation on the new server, in objective and latency', () => {
    const { state, assignment, terms } = run(2, restless, ...freely)[1] as Kept;
    const entry = [...terms.handoverMs].findIndex((ms) => ms > 0);
    const server = assignment.server[entry] as number;
    const peak = [40.3e12, 71e12, 165.2e12][server % 3] as number;
    const flop = state.handover?.textFlop[entry] as number;
    // 500 tokens of a model with 1.56 B parameters: 1.56 TFLOP and a few per cent for attention.
    expect(flop).toBeGreaterThan(1e11);
    expect(terms.handoverMs[entry]).toBeCloseTo((1e3 * flop) / (0.04 * peak), 6);
    const parts = (['deviceMs', 'edgeMs', 'mismatchMs', 'energyMs', 'handoverMs'] as const).map((name) => terms[name]);
    const sum = parts.reduce((total, values) => total + (values[entry] as number), 0);
    expect(terms.costMs[entry]).toBeCloseTo(sum, 6);
    expect(terms.serialMs[entry]).toBeCloseTo(
      (terms.deviceMs[entry] as number) + (terms.edgeMs[entry] as number) + (terms.handoverMs[entry] as number),
      6,
    );
  });

  it('takes time of the new server, so queues grow', () => {
    const queueOf = (slots: Kept[]): number =>
      slots.reduce((sum, { state }) => sum + Math.max(...state.queueDelayMs), 0);
    const moving = run(20, restless, ...freely);
    const free = run(20, restless, ...freely, 'handover={kind: none}');
    expect(free[1]?.state.handover).toBeUndefined();
    expect(queueOf(moving)).toBeGreaterThan(queueOf(free) + 1000);
  });

  it('may be sent instead: keys and values over the backhaul', () => {
    const slots = run(2, restless, ...freely, 'handover={kind: transfer, backhaulMbps: 1000}');
    const { state, terms } = slots[1] as Kept;
    expect(state.handover?.textFlop.every((flop) => flop === 0)).toBe(true);
    // 48 layers, 1,600 wide, keys and values of 16 bit: 2.4576 Mbit a token.
    const tokens = Math.max(...(state.handover?.transferMs ?? [])) / 2.4576;
    expect(tokens).toBeGreaterThan(20);
    expect(tokens).toBeLessThanOrEqual(1024 + 1e-9);
    expect(Math.max(...terms.handoverMs)).toBe(Math.max(...(state.handover?.transferMs ?? [])));
  });
});

describe('stale CSI', () => {
  it('has the age of the setting, and costs use the present gains', () => {
    const today = run(12, restless, ...freely);
    const seen: { gain: Float64Array; age: number }[] = [];
    const watching: Policy = (state) => {
      seen.push({ gain: state.gain.slice(), age: state.outlook?.gainAgeSlots as number });
      return restless(state);
    };
    const sets = [
      ...freely,
      'knowledge.gainAgeSlots=3',
      'workload.arrivals={kind: duty-cycle, share: 1}',
      'handover={kind: none}',
    ];
    const slots = run(12, watching, ...sets);
    const actual = slots.map(({ state }) => state.gain);
    expect(seen.map(({ age }) => age)).toEqual([0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
    for (const [slot, { gain, age }] of seen.entries()) expect(gain).toEqual(actual[slot - age]);
    expect(actual[11]).not.toEqual(actual[8]);
    expect(today.length).toBe(12);
    const { state, assignment, terms } = slots[11] as Kept;
    const link = assignment.server[0] as number;
    const rate = (assignment.bandwidthShare[0] as number) * (state.bandwidthHz[0] as number);
    expect(terms.rateBitPerSecond[0]).toBeCloseTo(rate * Math.log2(1 + (state.snr[link] as number)), 3);
  });

  it('comes with the past positions of devices', () => {
    const sumOf = (x: Float64Array): number => x.reduce((sum, one) => sum + one, 0);
    const places: { now: number; before: number[] }[] = [];
    const watching: Policy = (state) => {
      const before = state.outlook?.deviceX.map(sumOf) ?? [];
      places.push({ now: sumOf(state.deviceX), before });
      return best(state);
    };
    run(6, watching, 'workload.arrivals={kind: duty-cycle, share: 1}');
    for (const [slot, { before }] of places.entries()) {
      expect(before).toHaveLength(3);
      for (const [index, x] of before.entries()) expect(x).toBe(places[Math.max(0, slot - 1 - index)]?.now);
    }
    expect(places[5]?.now).not.toBe(places[0]?.now);
  });
});

it('a usable part of a battery runs down faster, in proportion', () => {
  const drained = (share: number): number => {
    const [first, second] = run(2, restless, ...freely, `devices.battery.usableShare=${share}`) as [Kept, Kept];
    const entry = second.devices.indexOf(first.devices[0] as number);
    return (first.state.battery[0] as number) - (second.state.battery[entry] as number);
  };
  expect(drained(0.02) / drained(0.2)).toBeCloseTo(10, 3);
});
