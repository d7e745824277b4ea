// The replay buffer: the last slots with their decisions and costs, as dense arrays. A ring: row r + 1 is the slot after row r,
// unless that world ended there. Uses no library and draws no numbers.

import type { Problem } from '../../src/allocation/search/problem.ts';
import type { Assignment } from '../../src/allocation/slot/slot-state.ts';
import {
  deviceFeatureCount,
  linkFeatureCount,
  type SlotFeatures,
  serverFeatureCount,
} from '../policies/learned/describe-slot.ts';
import type { Outcome } from './environment.ts';

type FloatName = 'devices' | 'servers' | 'links' | 'score' | 'deviceCost' | 'reward' | 'lnRandom';

/** The arrays by name; a row holds one slot. M devices, E servers. */
export interface ReplayArrays
  extends Readonly<Record<FloatName, Float32Array>>,
    Readonly<Record<'eligible' | 'isLast', Uint8Array>> {
  readonly server: Int32Array;
}

/** Numbers in a row of each array. */
function widthsOf(deviceCount: number, serverCount: number): Readonly<Record<keyof ReplayArrays, number>> {
  const pairs = deviceCount * serverCount;
  return {
    // Unscaled.
    devices: deviceCount * deviceFeatureCount,
    servers: serverCount * serverFeatureCount,
    links: pairs * linkFeatureCount,
    // 1 where a link may be used.
    eligible: pairs,
    // The server of each device, -1 for none, and the two scores of that link.
    server: deviceCount,
    score: deviceCount * 2,
    // Each device's part of J / J_random, times the number of devices; -J / J_random; and ln J_random (ms).
    deviceCost: deviceCount,
    reward: 1,
    lnRandom: 1,
    // 1 where the next row is not the next slot.
    isLast: 1,
  };
}

export interface Replay {
  readonly capacity: number;
  readonly deviceCount: number;
  readonly serverCount: number;
  readonly arrays: ReplayArrays;
  /** Number of rows in use. */
  count: number;
  /** The row of the next slot. */
  next: number;
}

/** One slot for the buffer. */
export interface ReplaySlot extends Pick<Outcome, 'deviceCost' | 'reward' | 'randomCostMs'> {
  readonly problem: Problem;
  /** Unscaled. */
  readonly features: SlotFeatures;
  readonly assignment: Assignment;
  /** For y and z of each link; [L * 2]. */
  readonly score: Float64Array;
  /** Whether another world follows. */
  readonly isLast: boolean;
}

export function createReplay(capacity: number, deviceCount: number, serverCount: number): Replay {
  const widths = widthsOf(deviceCount, serverCount);
  const floats = (name: FloatName): Float32Array => new Float32Array(capacity * widths[name]);
  const arrays = {
    devices: floats('devices'),
    servers: floats('servers'),
    links: floats('links'),
    eligible: new Uint8Array(capacity * widths.eligible),
    server: new Int32Array(capacity * widths.server),
    score: floats('score'),
    deviceCost: floats('deviceCost'),
    reward: floats('reward'),
    lnRandom: floats('lnRandom'),
    isLast: new Uint8Array(capacity),
  };
  return { capacity, deviceCount, serverCount, arrays, count: 0, next: 0 };
}

/** Overwrites the oldest row once all are in use. Absent devices have no links. */
export function addSlot(replay: Replay, slot: ReplaySlot): void {
  const { arrays, deviceCount, serverCount, next: row } = replay;
  const { problem, features, assignment } = slot;
  const pairs = deviceCount * serverCount;
  for (const [name, width] of Object.entries(widthsOf(deviceCount, serverCount)))
    arrays[name as keyof ReplayArrays].fill(name === 'server' ? -1 : 0, row * width, (row + 1) * width);
  arrays.devices.set(features.devices, row * deviceCount * deviceFeatureCount);
  arrays.servers.set(features.servers, row * serverCount * serverFeatureCount);
  for (let link = 0; link < problem.linkDevice.length; link++) {
    const device = problem.linkDevice[link] as number;
    const server = problem.linkServer[link] as number;
    const pair = row * pairs + device * serverCount + server;
    const numbers = features.links.subarray(link * linkFeatureCount, (link + 1) * linkFeatureCount);
    arrays.links.set(numbers, pair * linkFeatureCount);
    arrays.eligible[pair] = 1;
    if (assignment.server[device] !== server) continue;
    arrays.server[row * deviceCount + device] = server;
    arrays.score[(row * deviceCount + device) * 2] = slot.score[2 * link] as number;
    arrays.score[(row * deviceCount + device) * 2 + 1] = slot.score[2 * link + 1] as number;
  }
  arrays.deviceCost.set(slot.deviceCost, row * deviceCount);
  arrays.reward[row] = slot.reward;
  arrays.lnRandom[row] = Math.log(slot.randomCostMs);
  arrays.isLast[row] = slot.isLast ? 1 : 0;
  replay.next = (row + 1) % replay.capacity;
  replay.count = Math.min(replay.capacity, replay.count + 1);
}

/**
 * Draws among all rows but the newest; with `hasNext` only rows whose next slot is the next row. An episode is truncated, it does
 * not terminate: its last slot has an unknown value after it, not 0.
 * @param uniform [0, 1)
 */
export function drawRows(replay: Replay, count: number, uniform: () => number, hasNext: boolean): Int32Array {
  const { arrays, capacity } = replay;
  const oldest = replay.count < capacity ? 0 : replay.next;
  const draw = (): number => (oldest + Math.floor(uniform() * (replay.count - 1))) % capacity;
  return Int32Array.from({ length: count }, () => {
    let row = draw();
    while (hasNext && arrays.isLast[row] === 1) row = draw();
    return row;
  });
}
