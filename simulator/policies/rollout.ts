// The cost of keeping an association for some slots: queues grow by the work that servers cannot finish, batteries are used up, a
// text moves once. Shares are the best of each slot. The caller gives the forecast; this file decides nothing.

import { createSlotTerms, evaluate, serverWorkMs, textWorkMs } from '../../src/allocation/paper/objective.ts';
import { shareOptimally } from '../../src/allocation/paper/optimal-shares.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';

/** The sum over the slots of the forecast. */
export interface Rollout {
  readonly costMs: number;
  /** The assignment of the first slot. */
  readonly assignment: Assignment;
  /** J that each device uses in the first slot; [M]. */
  readonly usedJ: Float64Array;
  /** Mean queueing delay of a task over the slots, for each server, ms; [E]. */
  readonly queueMs: Float64Array;
  /** Growth of this mean with each ms of work a slot; [E]. */
  readonly queueMsPerWorkMs: Float64Array;
}

/** In a forecast no battery runs empty; policies do not know the charge at which a device is plugged in. */
const emptiest = 0.01;

/**
 * @param slots the forecast
 * @param server an eligible server of each device in the first slot, or -1; [M]
 * @param priceBattery the battery charges that decide shares, where these differ from the real ones; [M]
 */
export function rollOut(
  slots: readonly SlotState[],
  server: Int32Array,
  priceBattery: (battery: Float64Array) => Float64Array,
): Rollout {
  const first = slots[0] as SlotState;
  const { deviceCount, serverCount, slotMs, outlook } = first;
  const terms = createSlotTerms(deviceCount);
  const battery = first.battery.slice();
  const backlogMs = outlook?.backlogMs.slice() ?? new Float64Array(serverCount);
  const workMs = workOf(first, server, serverWorkMs);
  const movedMs = workOf(first, server, textWorkMs);
  const queueMs = new Float64Array(serverCount);
  const queueMsPerWorkMs = new Float64Array(serverCount);
  const kappa = (outlook?.kappaMs ?? 0) / slotMs;
  let queueDelayMs = first.queueDelayMs;
  let costMs = 0;
  let kept: Pick<Rollout, 'assignment' | 'usedJ'> | undefined;
  for (const [ahead, slot] of slots.entries()) {
    const state = { ...slot, battery, queueDelayMs, handover: ahead === 0 ? slot.handover : undefined };
    const assignment = shareOptimally({ ...state, battery: priceBattery(battery) }, server);
    evaluate(state, assignment, terms);
    costMs += terms.sum.costMs;
    const usedJ = terms.computeEnergyJ.map((joule, device) => joule + (terms.transmitEnergyJ[device] as number));
    kept ??= { assignment, usedJ };
    for (let one = 0; one < serverCount; one++) {
      queueMs[one] = (queueMs[one] as number) + (queueDelayMs[one] as number) / slots.length;
      if ((queueDelayMs[one] as number) > 0)
        queueMsPerWorkMs[one] = (queueMsPerWorkMs[one] as number) + (kappa * ahead) / slots.length;
    }
    for (let device = 0; device < deviceCount; device++) {
      const left = (battery[device] as number) - (usedJ[device] as number) / (outlook?.batteryJ[device] ?? Infinity);
      battery[device] = Math.max(Math.min(emptiest, first.battery[device] as number), left);
    }
    if (kappa > 0) {
      const added = ahead === 0 ? movedMs : undefined;
      queueDelayMs = backlogMs.map((left, one) => {
        backlogMs[one] = Math.max(0, left + (workMs[one] as number) + (added?.[one] ?? 0) - slotMs);
        return kappa * slotMs * Math.floor((backlogMs[one] as number) / slotMs);
      });
    }
  }
  return { costMs, ...(kept as Pick<Rollout, 'assignment' | 'usedJ'>), queueMs, queueMsPerWorkMs };
}

/** ms of each server's whole time for its devices in a slot: for their windows, or for texts that have to be evaluated again; [E]. */
function workOf(state: SlotState, server: Int32Array, work: typeof serverWorkMs): Float64Array {
  const workMs = new Float64Array(state.serverCount);
  for (const [device, one] of server.entries())
    if (one >= 0) workMs[one] = (workMs[one] as number) + work(state, device, one);
  return workMs;
}
