// Model-predictive control: some associations are proposed, each is rolled out over a forecast of the next slots, the cheapest is
// taken, and the next slot is decided the same way. A function of the slot alone: the history that it needs is in
// SlotState.outlook. By its own forecast it is at least as good as `best` and as staying.
//
// An association that is kept for H slots pays for its handovers once, so the proposing searches see a handover at a part of its
// price. A busy server delays all later tasks, so they see its mean queue over the forecast and a price on work.

import { serverWorkMs } from '../../src/allocation/paper/objective.ts';
import { presentServer } from '../../src/allocation/policies/simple-association.ts';
import { searchBest } from '../../src/allocation/search/best-search.ts';
import { searchLocally } from '../../src/allocation/search/local-search.ts';
import { createOptimalRule } from '../../src/allocation/search/optimal-rule.ts';
import { createProblem, type Problem } from '../../src/allocation/search/problem.ts';
import { startAt } from '../../src/allocation/search/search-state.ts';
import { countByGroup } from '../../src/allocation/slot/columns.ts';
import { findLink, isEligible } from '../../src/allocation/slot/links.ts';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import { forecastSlots } from './forecast.ts';
import { type Rollout, rollOut } from './rollout.ts';

/** Slots in view: 2.5 s of the preset `coupled`. Sessions start and end all the time, and no forecast contains them. */
const ahead = 5;
/** Rounds in which the queues of the forecast and the association are made consistent. */
const rounds = 2;
/** Slots for which a battery has to last: half a minute of the preset `coupled`. */
const batterySlots = 60;

/** @throws OutriderError `bad-argument` when lambda is 0 */
export function decideAhead(state: SlotState): Assignment {
  const slots = slotsAhead(state);
  const first = slots[0] as SlotState;
  const problem = createProblem(first);
  const myopic = searchBest(problem, createOptimalRule, state.seed).partition.toServers();
  let usedJ = new Float64Array(state.deviceCount);
  const priced = (battery: Float64Array): Float64Array => batteryAhead(state, battery, usedJ);
  usedJ = rollOut(slots.slice(0, 1), myopic, (battery) => battery).usedJ as Float64Array<ArrayBuffer>;
  let best = rollOut(slots, myopic, priced);
  const consider = (server: Int32Array): Rollout => {
    const one = rollOut(slots, server, priced);
    if (one.costMs < best.costMs) best = one;
    return one;
  };
  const kept = { ...middleOf(slots), battery: priced(first.battery) };
  let last = consider(stay(first, myopic));
  for (let round = 0; round < rounds; round++) last = consider(searchKept(kept, last));
  return best.assignment;
}

/** Without a handover cost an association need not be kept: then only queues and batteries are forecast, with the links of now. */
function slotsAhead(state: SlotState): SlotState[] {
  const isHeld = state.handover !== undefined;
  const slots = forecastSlots(state, isHeld ? ahead : 1).map((slot) => ({
    ...slot,
    snr: onlyEligible(state, slot.snr),
  }));
  return isHeld ? slots : Array.from({ length: ahead }, () => slots[0] as SlotState);
}

/** A link that is not eligible in the slot to decide stays out, however good its forecast. */
function onlyEligible(state: SlotState, snr: Float64Array): Float64Array {
  const least = state.objective.minimumSnr;
  return snr.map((one, link) => (isEligible(state, link) ? Math.max(least, one) : 0));
}

/** The slot in the middle of the forecast, with the cost of a handover spread over the slots. */
function middleOf(slots: readonly SlotState[]): SlotState {
  const middle = slots[slots.length >> 1] as SlotState;
  const { handover } = middle;
  if (handover === undefined) return middle;
  const part = (values: Float64Array): Float64Array => values.map((value) => value / slots.length);
  const spread = { textFlop: part(handover.textFlop), transferMs: part(handover.transferMs) };
  return { ...middle, handover: { ...handover, ...spread } };
}

/** The association with the least cost if it is kept, at the queues of the rollout `last`. */
function searchKept(kept: SlotState, last: Rollout): Int32Array {
  const problem = createProblem({ ...kept, queueDelayMs: last.queueMs });
  priceWork(kept, problem, last);
  const state = startAt(problem, last.assignment.server, createOptimalRule);
  searchLocally(problem, state);
  return state.partition.toServers();
}

/** Adds the delay that a device's work causes to others to each of its links. */
function priceWork(state: SlotState, problem: Problem, { assignment, queueMsPerWorkMs }: Rollout): void {
  const memberCount = countByGroup(assignment.server, state.serverCount);
  for (const [link, server] of problem.linkServer.entries()) {
    const workMs = serverWorkMs(state, problem.linkDevice[link] as number, server);
    const priceMs = (memberCount[server] as number) * (queueMsPerWorkMs[server] as number) * workMs;
    problem.fixedMs[link] = (problem.fixedMs[link] as number) + priceMs;
  }
}

/** Every device stays; a device that cannot stay is assigned to its server in `otherwise`. */
function stay(state: SlotState, otherwise: Int32Array): Int32Array {
  return otherwise.map((other, device) => {
    const present = presentServer(state, device);
    const link = findLink(state, device, present);
    return link >= 0 && isEligible(state, link) ? present : other;
  });
}

/**
 * A joule spent now makes every later joule more expensive: w / B grows to its value at the end of the time for which the battery
 * has to last. This follows from adding up w e / B while B falls by e / capacity.
 */
function batteryAhead({ outlook }: SlotState, battery: Float64Array, usedJ: Float64Array): Float64Array {
  if (outlook === undefined) return battery;
  return battery.map((share, device) => {
    const drained = (batterySlots * (usedJ[device] as number)) / (outlook.batteryJ[device] as number);
    return Math.max(Math.min(share, emptiest), share - drained);
  });
}

const emptiest = 0.01;
