// The replay buffer: the last slots with their decisions and costs, as dense arrays. A ring: row r + 1 is the slot after row r,
// unless that world ended there. Knows no library and draws no numbers.

import {
  deviceFeatureCount,
  linkFeatureCount,
  type SlotFeatures,
  serverFeatureCount,
} from '../../src/allocation/learned/describe-slot.ts';
import type { Problem } from '../../src/allocation/search/problem.ts';
import type { Assignment } from '../../src/allocation/slot/slot-state.ts';

/** The arrays; C rows, at most M devices and E servers. */
export interface ReplayArrays {
  /** Unscaled. [C * M * deviceFeatureCount], [C * E * serverFeatureCount], [C * M * E * linkFeatureCount] */
  readonly devices: Float32Array;
  readonly servers: Float32Array;
  readonly links: Float32Array;
  /** 1 where a link may be used; [C * M * E]. */
  readonly eligible: Uint8Array;
  /** The server of each device, -1 for none; [C * M]. */
  readonly server: Int32Array;
  /** The scores of that link; [C * M * 2]. */
  readonly score: Float32Array;
  /** Each device's part of J / J_random, times the number of devices; [C * M]. */
  readonly deviceCost: Float32Array;
  /** -J / J_random, and ln J_random (ms); [C]. */
  readonly reward: Float32Array;
  readonly lnRandom: Float32Array;
  /** 1 where the next row is not the next slot; [C]. */
  readonly isLast: Uint8Array;
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
export interface ReplaySlot {
  readonly problem: Problem;
  /** Unscaled. */
  readonly features: SlotFeatures;
  readonly assignment: Assignment;
  /** For y and z of each link; [L * 2]. */
  readonly score: Float64Array;
  readonly deviceCost: Float64Array;
  readonly reward: number;
  readonly randomCostMs: number;
  /** Whether another world follows. */
  readonly isLast: boolean;
}

export function createReplay(capacity: number, deviceCount: number, serverCount: number): Replay {
  const pairs = deviceCount * serverCount;
  return {
    capacity,
    deviceCount,
    serverCount,
    count: 0,
    next: 0,
    arrays: {
      devices: new Float32Array(capacity * deviceCount * deviceFeatureCount),
      servers: new Float32Array(capacity * serverCount * serverFeatureCount),
      links: new Float32Array(capacity * pairs * linkFeatureCount),
      eligible: new Uint8Array(capacity * pairs),
      server: new Int32Array(capacity * deviceCount),
      score: new Float32Array(capacity * deviceCount * 2),
      deviceCost: new Float32Array(capacity * deviceCount),
      reward: new Float32Array(capacity),
      lnRandom: new Float32Array(capacity),
      isLast: new Uint8Array(capacity),
    },
  };
}

/** Overwrites the oldest row once all are in use. Absent devices have no links. */
export function addSlot(replay: Replay, slot: ReplaySlot): void {
  const { arrays, deviceCount, serverCount, next: row } = replay;
  const { problem, features, assignment } = slot;
  const pairs = deviceCount * serverCount;
  const clear = (array: Float32Array | Uint8Array | Int32Array, width: number, value = 0): void => {
    array.fill(value, row * width, (row + 1) * width);
  };
  clear(arrays.devices, deviceCount * deviceFeatureCount);
  clear(arrays.links, pairs * linkFeatureCount);
  clear(arrays.eligible, pairs);
  clear(arrays.server, deviceCount, -1);
  clear(arrays.score, deviceCount * 2);
  clear(arrays.deviceCost, deviceCount);
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
