import { describe, expect, it } from 'vitest';
import { checkState } from './check-state.ts';
import { eligibleLinks } from './links.ts';
import type { SlotState } from './slot-state.ts';
import { syntheticSlot } from './synthetic-slot.ts';

const state = syntheticSlot({ deviceCount: 4, serverCount: 2, seed: 1 });
const sparse = syntheticSlot({ deviceCount: 4, serverCount: 9, seed: 1, candidateCount: 3 });

/** A list with one value replaced. */
function put(values: Float64Array, index: number, value: number): Float64Array {
  const other = values.slice();
  other[index] = value;
  return other;
}

const handover = {
  textServer: Int32Array.of(0, 1, -1, 1),
  textFlop: new Float64Array(4).fill(1e12),
  textFlopPerSecond: Float64Array.of(1e12, 2e12),
  transferMs: new Float64Array(4),
};
const outlook = {
  gainAgeSlots: 0,
  deviceX: [state.deviceX],
  deviceY: [state.deviceY],
  backlogMs: new Float64Array(2),
  kappaMs: 500,
  batteryJ: new Float64Array(4).fill(Number.POSITIVE_INFINITY),
};

describe('a synthetic slot', () => {
  it.each([state, sparse])('has for each link the SNR of its own gain', (slot) => {
    // Equal bands have equal noise.
    const unit = (device: number, link: number): number =>
      (slot.snr[link] as number) / ((slot.gain[link] as number) * (slot.transmitPowerW[device] as number));
    for (let device = 0; device < slot.deviceCount; device++) {
      for (const link of eligibleLinks(slot, device)) expect(unit(device, link) / unit(0, 0)).toBeCloseTo(1, 9);
    }
  });
});

describe('checkState', () => {
  it('accepts a state that can be decided, with devices that reach no server', () => {
    expect(() => checkState(state)).not.toThrow();
    expect(() => checkState(sparse)).not.toThrow();
    expect(() => checkState({ ...state, handover, outlook })).not.toThrow();
    expect(() => checkState({ ...state, gain: new Float64Array(8), snr: new Float64Array(8) })).not.toThrow();
  });

  it.each<[RegExp, Partial<SlotState>]>([
    [/server 1: bandwidthHz is 0/, { bandwidthHz: put(state.bandwidthHz, 1, 0) }],
    [/device 2: battery is 0/, { battery: put(state.battery, 2, 0) }],
    [/device 2: battery is 1.5/, { battery: put(state.battery, 2, 1.5) }],
    [/link 3: gain is NaN/, { gain: put(state.gain, 3, Number.NaN) }],
    [/link 3: snr is NaN/, { snr: put(state.snr, 3, Number.NaN) }],
    [/device 0: payloadBits is -1/, { payloadBits: put(state.payloadBits, 0, -1) }],
    [/device 0: edgeFlop is Infinity/, { edgeFlop: put(state.edgeFlop, 0, Number.POSITIVE_INFINITY) }],
    [/server 0: serverFlopPerSecond is 0/, { serverFlopPerSecond: put(state.serverFlopPerSecond, 0, 0) }],
    [/snr has 7 entries/, { snr: new Float64Array(7) }],
    [/device 1: previousServer is 2/, { previousServer: Int32Array.of(-1, 2, 0, 1) }],
    [/device 3: textServer is 7/, { handover: { ...handover, textServer: Int32Array.of(0, 1, -1, 7) } }],
    [/device 0: textFlop is NaN/, { handover: { ...handover, textFlop: put(handover.textFlop, 0, Number.NaN) } }],
    [/textFlopPerSecond has 1 entries/, { handover: { ...handover, textFlopPerSecond: Float64Array.of(1) } }],
    [/outlook.deviceX has 1 slots/, { outlook: { ...outlook, gainAgeSlots: 1 } }],
    [/device 2: batteryJ is 0/, { outlook: { ...outlook, batteryJ: put(outlook.batteryJ, 2, 0) } }],
    [/deviceCount is 0/, { deviceCount: 0 }],
    [/slotMs is 0/, { slotMs: 0 }],
    [/objective: lambdaPerMs is NaN/, { objective: { ...state.objective, lambdaPerMs: Number.NaN } }],
  ])('refuses %s', (message, change) => {
    expect(() => checkState({ ...state, ...change })).toThrow(message);
  });

  it('refuses bad lists of candidates', () => {
    const { start, server } = sparse.candidates as { start: Int32Array; server: Int32Array };
    const withServer = (link: number, value: number): SlotState => {
      const other = server.slice();
      other[link] = value;
      return { ...sparse, candidates: { start, server: other } };
    };
    expect(() => checkState(withServer(0, 9))).toThrow(/device 0: a candidate is 9/);
    expect(() => checkState(withServer(1, server[0] as number))).toThrow(`device 0: a candidate is ${server[0]}`);
    expect(() => checkState({ ...sparse, candidates: { start: start.slice(1), server } })).toThrow(/candidates.start/);
  });
});
