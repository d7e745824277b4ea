// Batteries: their initial charge, and the charge after a slot. Energy comes in as joules; this file does not know tasks or radio.

import { createRandom } from '../../src/core/basics/philox.ts';
import type { UniformRange } from './mobility.ts';

export interface BatteryPlan {
  /** Uniform, one draw for each device. The value 0 is never drawn: the objective divides by the share. */
  readonly initialShare: UniformRange;
  /** Whether tasks use the battery up. */
  readonly drains: boolean;
  /** The charge never falls below this share, which is positive: such a device is plugged in. */
  readonly floorShare: number;
  /** Power of the rest of the device, which is always used, W. */
  readonly idleW: number;
}

/** Plus the device's index: stream of createRandom for its battery. */
const batteryStream = 0x53100000;

/** The share of a full battery, (0, 1]; [M]. More devices do not change the first ones. */
export function drawBatteries(plan: BatteryPlan, deviceCount: number, seed: number): Float64Array {
  const { minimum, maximum } = plan.initialShare;
  return Float64Array.from({ length: deviceCount }, (_, device) => {
    const share = maximum - createRandom(seed, batteryStream + device).uniform() * (maximum - minimum);
    return Math.max(plan.floorShare, share);
  });
}

/**
 * The share of a full battery that is left after a slot.
 * @param usedJ energy of the slot's task
 * @param capacityJ energy of a full battery
 */
export function drainBattery(
  plan: BatteryPlan,
  share: number,
  usedJ: number,
  capacityJ: number,
  slotMs: number,
): number {
  if (!plan.drains) return share;
  return Math.max(plan.floorShare, share - (usedJ + plan.idleW * slotMs * 1e-3) / capacityJ);
}
