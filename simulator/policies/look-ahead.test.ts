// The policy with a forecast: forecasts, rollouts, and that a decision is a function of the slot.

import { describe, expect, it } from 'vitest';
import { createSlotTerms, evaluate } from '../../src/allocation/paper/objective.ts';
import { checkAssignment } from '../../src/allocation/slot/check-assignment.ts';
import type { HandoverState, Outlook, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../src/allocation/slot/synthetic-slot.ts';
import { forecastSlots } from './forecast.ts';
import { createPolicy } from './policies.ts';
import { rollOut } from './rollout.ts';

const deviceCount = 16;
const serverCount = 3;
const plain = syntheticSlot({ deviceCount, serverCount, seed: 4, objective: { energyWeight: 20 } });

function coupled(handover: Partial<HandoverState> = {}, outlook: Partial<Outlook> = {}): SlotState {
  const still = { deviceX: [plain.deviceX.slice()], deviceY: [plain.deviceY.slice()] };
  return {
    ...plain,
    handover: {
      textServer: new Int32Array(deviceCount).fill(-1),
      textFlop: new Float64Array(deviceCount),
      textFlopPerSecond: new Float64Array(serverCount).fill(1e12),
      transferMs: new Float64Array(deviceCount).fill(500),
      ...handover,
    },
    outlook: {
      gainAgeSlots: 0,
      ...still,
      backlogMs: new Float64Array(serverCount),
      kappaMs: 0,
      batteryJ: new Float64Array(deviceCount).fill(Number.POSITIVE_INFINITY),
      ...outlook,
    },
  };
}

function costOf(state: SlotState, policy: string): number {
  const terms = createSlotTerms(deviceCount);
  evaluate(state, createPolicy(policy)(state), terms);
  return terms.sum.costMs;
}

describe('a forecast', () => {
  it('of a slot without movement is that slot', () => {
    for (const slot of forecastSlots(coupled(), 4)) {
      expect(slot.gain).toEqual(plain.gain);
      expect(slot.deviceX).toEqual(plain.deviceX);
    }
  });

  it('lets devices move on, and expects no link to get better than its distance makes it', () => {
    const deviceX = [plain.deviceX.map((x) => x - 5)];
    const slots = forecastSlots(coupled({}, { deviceX }), 3);
    expect(slots[0]?.gain).toEqual(plain.gain);
    expect(slots[2]?.deviceX[3]).toBeCloseTo((plain.deviceX[3] as number) + 10, 9);
    const ratios = [...(slots[2] as SlotState).gain].map((gain, link) => gain / (plain.gain[link] as number));
    expect(Math.min(...ratios)).toBeLessThan(0.9);
    // A device that moves away from a server gets no better link to it.
    for (const [link, ratio] of ratios.entries()) {
      const [device, server] = [Math.floor(link / serverCount), link % serverCount];
      if ((plain.deviceX[device] as number) > (plain.serverX[server] as number)) expect(ratio).toBeLessThan(1);
    }
  });

  it('corrects stale gains by the distance moved since', () => {
    const server = 0;
    const device = 2;
    const x = plain.deviceX.map((one, at) => (at === device ? (plain.serverX[server] as number) - 200 : one));
    const y = plain.deviceY.map((one, at) => (at === device ? (plain.serverY[server] as number) : one));
    const near = x.map((one, at) => (at === device ? one + 100 : one));
    const state = {
      ...coupled({}, { gainAgeSlots: 1, deviceX: [near, near], deviceY: [y, y] }),
      deviceX: x,
      deviceY: y,
    };
    const [slot] = forecastSlots(state, 1) as [SlotState];
    expect(slot.gain[device * serverCount + server]).toBeLessThan(0.7 * (plain.gain[device * serverCount] as number));
  });
});

describe('a rollout', () => {
  const nobody = (battery: Float64Array): Float64Array => battery;

  it('of one slot costs the same as the slot', () => {
    const state = coupled();
    const { server } = createPolicy('best')(state);
    expect(rollOut([state], server, nobody).costMs).toBeCloseTo(costOf(state, 'best'), 6);
  });

  it('has the mean of the queueing delays of its slots', () => {
    const { server } = createPolicy('best')(plain);
    const slots = (count: number, outlook: Partial<Outlook>): SlotState[] =>
      Array.from({ length: count }, () => coupled({}, outlook));
    const delays = Float64Array.of(0, 20, 50);
    const delayed = slots(3, {}).map((slot) => ({ ...slot, queueDelayMs: delays }));
    for (const [one, ms] of rollOut(delayed, server, nobody).queueMs.entries())
      expect(ms).toBeCloseTo(delays[one] as number, 9);
    // A backlog of many slots grows or shrinks by less than one slot a slot, so its delay is known up to one unit.
    const backlogMs = Float64Array.of(0, 40, 0).map((count) => (count + 0.5) * plain.slotMs);
    const [, behind] = rollOut(slots(2, { backlogMs, kappaMs: 100 }), server, nobody).queueMs;
    const now = plain.queueDelayMs[1] as number;
    expect(behind).toBeGreaterThanOrEqual((now + 39 * 100) / 2);
    expect(behind).toBeLessThanOrEqual((now + 41 * 100) / 2);
  });

  it('pays for a handover once, and for a backlog in every slot', () => {
    const { server } = createPolicy('best')(plain);
    const textServer = server.map((one) => (one + 1) % serverCount);
    const moved = rollOut([coupled({ textServer }), coupled({ textServer })], server, nobody).costMs;
    const stayed = rollOut([coupled({ textServer: server }), coupled({ textServer: server })], server, nobody).costMs;
    expect(moved - stayed).toBeCloseTo(500 * deviceCount, 6);
    const backlogMs = new Float64Array(serverCount).fill(3 * plain.slotMs);
    const state = coupled({}, { backlogMs, kappaMs: 100 });
    const behind = rollOut([state, state, state], server, nobody);
    expect(behind.costMs).toBeGreaterThan(rollOut([coupled(), coupled(), coupled()], server, nobody).costMs + 1000);
  });
});

describe('policies that see handovers', () => {
  const { server } = createPolicy('best')(plain);
  const away = server.map((one, device) => {
    const other = (one + 1) % serverCount;
    return (plain.snr[device * serverCount + other] as number) >= plain.objective.minimumSnr ? other : one;
  });

  it('stay where a move costs more than it saves, and best-blind does not see the cost', () => {
    const expensive = coupled({ textServer: away, transferMs: new Float64Array(deviceCount).fill(1e9) });
    expect(createPolicy('best')(expensive).server).toEqual(away);
    expect(createPolicy('look-ahead')(expensive).server).toEqual(away);
    expect(createPolicy('best-blind')(expensive).server).toEqual(server);
    expect(costOf(expensive, 'best')).toBeLessThan(costOf(expensive, 'best-blind'));
  });

  it('look-ahead makes a move that pays only over several slots', () => {
    const state = coupled({ textServer: away, transferMs: new Float64Array(deviceCount).fill(300) });
    const stayers = (policy: string): number =>
      createPolicy(policy)(state).server.filter((one, device) => one === away[device]).length;
    expect(stayers('look-ahead')).toBeLessThan(stayers('best'));
  });

  it('look-ahead is a function of the slot, passes the check, and needs no outlook', () => {
    const decide = createPolicy('look-ahead');
    const state = coupled({ textServer: away }, { kappaMs: 500, batteryJ: new Float64Array(deviceCount).fill(300) });
    const first = decide(state);
    checkAssignment(state, first);
    decide(plain);
    expect(decide(state)).toEqual(first);
    expect(decide(plain).server).toEqual(server);
  });

  it('look-ahead uses less of a battery that has to last', () => {
    const energy = (batteryJ: number): number => {
      const state = coupled({}, { batteryJ: new Float64Array(deviceCount).fill(batteryJ) });
      const terms = createSlotTerms(deviceCount);
      evaluate(state, createPolicy('look-ahead')(state), terms);
      return terms.sum.transmitEnergyJ;
    };
    expect(energy(1000)).toBeLessThan(0.98 * energy(1e9));
  });

  it('best-margin asks more band for each old gain, and equals best where gains are current', () => {
    const old = coupled({}, { gainAgeSlots: 2 });
    const band = (policy: string, state: SlotState): number =>
      createPolicy(policy)(state).bandwidthShare.reduce((sum, one) => sum + one, 0);
    const margins = ['best', 'best-margin', 'best-margin-6', 'best-margin-10'].map((policy) => band(policy, old));
    expect(margins).toEqual(margins.toSorted((one, other) => one - other));
    expect(margins[1]).toBeGreaterThan(margins[0] as number);
    expect(createPolicy('best-margin-15')(coupled())).toEqual(createPolicy('best')(coupled()));
    const weak = { ...old, snr: old.snr.fill(old.objective.minimumSnr) };
    expect(createPolicy('best-margin-15')(weak).server.every((one) => one >= 0)).toBe(true);
  });

  it('hysteresis leaves for 3 dB more, and not for less', () => {
    const one = 1.9;
    const other = 2.1;
    for (const [ratio, expected] of [
      [one, 0],
      [other, 1],
    ]) {
      const gain = plain.gain.map((_, link) =>
        link % serverCount === 1 ? 1e-9 * (ratio as number) : link % serverCount === 0 ? 1e-9 : 1e-12,
      );
      const snr = gain.map((value) => 1e12 * value);
      const state = { ...plain, gain, snr, previousServer: new Int32Array(deviceCount) };
      expect(new Set(createPolicy('hysteresis')(state).server)).toEqual(new Set([expected]));
    }
  });
});
