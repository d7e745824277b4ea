// One world, slot by slot: devices move, links change, tasks are drawn, and the state for policies is written in place. After the
// slot, batteries, queues and answers are updated with the decision. Both fidelities use the same world. It decides nothing.

import { type SlotTerms, serverWorkMs, textWorkMs } from '../../src/allocation/paper/objective.ts';
import type { Assignment, ObjectiveSettings, SlotState } from '../../src/allocation/slot/slot-state.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { type BatteryPlan, drainBattery, drawBatteries } from '../world/battery.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { createWorkload, type Workload } from '../world/workload.ts';
import { buildWorld, type WorldParts } from './build-world.ts';
import { createPaceView, type PaceView } from './pace-view.ts';
import { createPastSlots } from './past-slots.ts';
import { createServerQueues } from './server-queue.ts';
import { createSlotView } from './slot-view.ts';
import { createTextPlaces } from './text-places.ts';

/** A world at one slot; see {@link createWorld}. The next slot overwrites its arrays. */
export interface World {
  readonly scenario: Scenario;
  readonly parts: WorldParts;
  readonly workload: Workload;
  /** B_i of all devices; [M]. */
  readonly battery: Float64Array;
  /** The device of each entry of the state; valid up to the state's device count. */
  readonly devices: Int32Array;
  /** Advances by one slot; the first call makes slot 0. @returns the state for policies, valid until the next call */
  next(): SlotState;
  /** The real slot, which gives the costs; it differs from the state for policies with stale CSI. */
  readonly actual: SlotState;
  /** From now on slots say where sessions stand, as the machines that play them know. */
  playedBy: PaceView['playedBy'];
  /** Applies the slot's decision. @param terms of this assignment @param answeredTokens see Workload.advance; [M] */
  settle(assignment: Assignment, terms: SlotTerms, answeredTokens?: Float64Array): void;
}

/** @throws OutriderError `bad-argument` when scenario and map do not fit */
export function createWorld(scenario: Scenario, seed: number, map?: RadioMap): World {
  const parts = buildWorld(scenario, seed, map);
  const deviceCount = parts.kinds.length;
  const serverCount = parts.sites.length;
  const { slotMs, devices: deviceSettings } = scenario;
  const workload = createWorkload(scenario.workload, deviceCount, slotMs, seed);
  const queues = createServerQueues(scenario.queue, serverCount, slotMs, seed);
  const battery = drawBatteries(deviceSettings.battery, deviceCount, seed);
  const gain = new Float64Array(deviceCount * serverCount);
  const previousServer = new Int32Array(deviceCount).fill(-1);
  const served = new Uint8Array(deviceCount);
  const workMs = new Float64Array(serverCount);
  const moves = scenario.mobility.model !== 'still';
  const { gainAgeSlots } = scenario.knowledge;
  const past = createPastSlots(gainAgeSlots, deviceCount, serverCount);
  const texts = createTextPlaces(scenario, parts);
  const batteryJ = deviceSettings.battery.drains ? parts.batteryJ : parts.batteryJ.map(() => Number.POSITIVE_INFINITY);
  const pace = createPaceView(scenario, parts, workload);
  const fixed = { seed, slotMs, objective: objectiveSettings(scenario) };
  const viewed = { parts, workload, queues, battery, batteryJ, gain, previousServer, past, texts, pace, fixed };
  const view = createSlotView(viewed);
  const seen = gainAgeSlots === 0 ? undefined : createSlotView({ ...viewed, gain: past.seenGain });
  let slot = -1;

  return {
    scenario,
    parts,
    workload,
    battery,
    devices: view.devices,
    actual: view.state,
    playedBy: pace.playedBy,
    next() {
      slot++;
      if (slot > 0 && moves) parts.mobility.advance(slotMs);
      parts.channel.updateGains(parts.mobility.x, parts.mobility.y, slot * slotMs, gain);
      past.note(slot, gain, parts.mobility.x, parts.mobility.y);
      workload.draw();
      texts?.draw(workload);
      queues.draw();
      const actual = view.write(slot);
      return seen?.write(slot) ?? actual;
    },
    settle(assignment, terms, answeredTokens) {
      const { devices, state } = view;
      previousServer.fill(-1);
      served.fill(0);
      workMs.fill(0);
      for (let entry = 0; entry < state.deviceCount; entry++) {
        const device = devices[entry] as number;
        const server = assignment.server[entry] as number;
        previousServer[device] = server;
        const ends = !workload.carries || endsInSlot(state, terms, server, entry);
        served[device] = server >= 0 && ends ? 1 : 0;
        if (!ends) carryOver(workload, state, terms, { device, entry });
        if (server < 0 || !ends) continue;
        const ownMs = serverWorkMs(state, entry, server) + textWorkMs(state, entry, server);
        workMs[server] = (workMs[server] as number) + ownMs;
        if (texts !== undefined) texts.textServer[device] = server;
      }
      queues.settle(workMs);
      workload.advance(served, answeredTokens);
      drainAll(battery, deviceSettings.battery, parts, state, devices, terms);
    },
  };
}

/** Updates every battery after a slot; devices without a task idle. @param devices of the slot's entries, ascending */
function drainAll(
  battery: Float64Array,
  plan: BatteryPlan,
  { batteryJ }: WorldParts,
  { slotMs, deviceCount }: SlotState,
  devices: Int32Array,
  { computeEnergyJ, transmitEnergyJ }: SlotTerms,
): void {
  let entry = 0;
  for (let device = 0; device < battery.length; device++) {
    let usedJ = 0;
    if (entry < deviceCount && devices[entry] === device) {
      usedJ = (computeEnergyJ[entry] as number) + (transmitEnergyJ[entry] as number);
      entry++;
    }
    battery[device] = drainBattery(plan, battery[device] as number, usedJ, batteryJ[device] as number, slotMs);
  }
}

/** Whether drafting and upload of a task end within the slot. The server's own work may last longer: it is in its queue. */
export function endsInSlot({ slotMs }: SlotState, terms: SlotTerms, server: number, entry: number): boolean {
  return server >= 0 && Math.max(terms.deviceMs[entry] as number, terms.uploadMs[entry] as number) <= slotMs;
}

/** What the slot did not do is left for the next one: bits that were not sent, and arithmetic of the draft. */
function carryOver(
  workload: Workload,
  { slotMs, payloadBits, deviceFlop, deviceFlopPerSecond }: SlotState,
  { rateBitPerSecond }: SlotTerms,
  { device, entry }: { readonly device: number; readonly entry: number },
): void {
  const sentBits = ((rateBitPerSecond[entry] as number) * slotMs) / 1e3;
  const doneFlop = ((deviceFlopPerSecond[entry] as number) * slotMs) / 1e3;
  const bits = Math.max(0, (payloadBits[entry] as number) - sentBits);
  workload.carry(device, bits, Math.max(0, (deviceFlop[entry] as number) - doneFlop));
}

/** A weight per second is a thousandth per millisecond. */
function objectiveSettings({ objective, energy, radio }: Scenario): ObjectiveSettings {
  return {
    kind: objective.kind,
    lambdaPerMs: objective.lambdaUnit === 'per-s' ? objective.lambda / 1000 : objective.lambda,
    firstTokenWeight: objective.firstTokenWeight,
    energyWeight: objective.energyWeight,
    energyModel: energy.model,
    radioModel: radio.model,
    computeEnergyPerFlop: energy.computeJoulePerFlop,
    transmitEnergyFactor: energy.transmitFactor,
    minimumSnr: 10 ** (radio.minimumSnrDb / 10),
    ...(objective.unservedMs === null ? {} : { unservedMs: objective.unservedMs }),
  };
}
