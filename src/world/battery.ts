// Batteries: how full they are at first, and what is left after a slot. Energy comes in as joules; it knows nothing of tasks or radio.

import { createRandom } from '../basics/philox.ts';

export interface BatteryPlan {
  /** Uniform. An end of 0 is never drawn: the objective divides by the share. */
  readonly initialShare: { readonly minimum: number; readonly maximum: number };
  readonly drains: boolean;
  /** It goes no lower: such a device is plugged in. */
  readonly floorShare: number;
  /** W, whatever the device does. */
  readonly idleW: number;
}

/** Streams of createRandom: which of them each device draws its battery from. */
const batteryStream = 0x53100000;

/** Share of a full battery, (0, 1]; [M]. Another device leaves the others' as they are. */
export function drawBatteries(plan: BatteryPlan, deviceCount: number, seed: number): Float64Array {
  const { minimum, maximum } = plan.initialShare;
  return Float64Array.from({ length: deviceCount }, (_, device) => {
    const share = maximum - createRandom(seed, batteryStream + device).uniform() * (maximum - minimum);
    return Math.max(plan.floorShare, share);
  });
}

/**
 * What is left after a slot, as a share.
 *
 * @param usedJ what the slot's task took
 * @param capacityJ of a full battery
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
