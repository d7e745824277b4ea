// The input of a learned policy: numbers of every eligible link, and the additions for coupled slots.

import { describe, expect, it } from 'vitest';
import { createProblem } from '../../../src/allocation/search/problem.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import {
  describeSlot,
  deviceFeatureCount,
  linkFeatureCount,
  type SlotFeatures,
  serverFeatureCount,
} from './describe-slot.ts';

const deviceCount = 3;
const serverCount = 2;
const plain = syntheticSlot({ deviceCount, serverCount, seed: 4 });

function read(state: SlotState): SlotFeatures {
  return describeSlot(state, createProblem(state));
}

/** One feature of every device and server, 6 links in all. */
function linkNumbers(state: SlotState, feature: number): number[] {
  const { links } = read(state);
  return Array.from(
    { length: deviceCount * serverCount },
    (_, link) => links[link * linkFeatureCount + feature] ?? NaN,
  );
}

describe('the features of a slot', () => {
  it('are logarithms of what spans decades, also of nothing', () => {
    const state = { ...plain, payloadBits: Float64Array.of(0, 1e6, 2e6), battery: Float64Array.of(0.5, 1, 0.1) };
    const { devices, servers } = read(state);
    const of = (feature: number): number[] =>
      Array.from({ length: deviceCount }, (_, device) => devices[device * deviceFeatureCount + feature] ?? NaN);
    const logs = (values: ArrayLike<number>): number[] => Array.from(values, (value) => Math.fround(Math.log(value)));
    expect(of(2)).toEqual(logs([1e-30, 1e6, 2e6]));
    expect(of(4)).toEqual(logs(plain.edgeFlop));
    expect(of(5)).toEqual(logs([0.5, 1, 0.1]));
    expect([servers[2], servers[serverFeatureCount + 2]]).toEqual(logs(plain.serverFlopPerSecond));
  });

  it('have no movement and no handover cost where slots are not coupled', () => {
    const open = { ...plain, snr: plain.snr.map(() => 10) };
    expect(linkNumbers(open, 4)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(linkNumbers(open, 5)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(read(open).devices[deviceFeatureCount - 1]).toBe(0);
  });

  it('leave out links that are not eligible', () => {
    const snr = plain.snr.map((_, link) => (link === 1 ? 0 : 10));
    expect(read({ ...plain, snr }).links).toHaveLength(5 * linkFeatureCount);
  });

  it('contain the price of every handover, and the distance that a device moved since its gains were measured', () => {
    const [x, y] = [Float64Array.of(100, 0, 0), new Float64Array(deviceCount)];
    const earlierX = Float64Array.of(80, 0, 0);
    const state: SlotState = {
      ...plain,
      snr: plain.snr.map(() => 10),
      deviceX: x,
      deviceY: y,
      serverX: Float64Array.of(0, 200),
      serverY: new Float64Array(serverCount),
      handover: {
        textServer: Int32Array.of(1, -1, 0),
        textFlop: new Float64Array(deviceCount),
        textFlopPerSecond: new Float64Array(serverCount).fill(1e12),
        transferMs: new Float64Array(deviceCount).fill(plain.slotMs),
      },
      outlook: {
        gainAgeSlots: 2,
        deviceX: [x, earlierX, x],
        deviceY: [y, y, y],
        kappaMs: 0,
        backlogMs: new Float64Array(serverCount),
        batteryJ: new Float64Array(deviceCount).fill(1),
      },
    };
    // Leaving a text costs a slot; the second device has none.
    const paid = Math.fround(Math.log(2));
    expect(linkNumbers(state, 5)).toEqual([paid, 0, 0, 0, 0, paid]);
    // The first device has moved 20 m, away from the one server and towards the other.
    const [away, towards, still] = linkNumbers(state, 4);
    expect(away).toBeCloseTo(Math.log(100 / 80), 6);
    expect(towards).toBeCloseTo(Math.log(100 / 120), 6);
    expect(still).toBe(0);
    const moved = Array.from({ length: deviceCount }, (_, i) => read(state).devices[(i + 1) * deviceFeatureCount - 1]);
    expect(moved).toEqual([Math.fround(Math.log(3)), 0, 0]);
  });
});
