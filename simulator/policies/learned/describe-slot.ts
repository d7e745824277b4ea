// The features of a slot for a learned policy: Koh & Yang's state (positions, channel gains, tasks, batteries, queue delays) as numbers
// of about 1, and two additions for coupled slots: how far a device moved since its gains were measured, and the cost of a handover.
// Quantities that span decades are logarithms; costs are powers of times and gains, so they are linear in these logarithms.

import { handoverDelayMs } from '../../../src/allocation/paper/objective.ts';
import type { Problem } from '../../../src/allocation/search/problem.ts';
import { eligibleLinks, linkServer } from '../../../src/allocation/slot/links.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { logDistance, measuredAt, placeOf } from '../forecast.ts';

/**
 * x, y (hm from the servers' middle), ln payload, ln drafting time, ln arithmetic on the edge, ln battery, ln (1 + dam moved since
 * the gains were measured).
 */
export const deviceFeatureCount = 7;
/** x, y (hm from the servers' middle), ln speed, ln bandwidth, ln (1 + queue delay in slots). */
export const serverFeatureCount = 5;
/**
 * ln gain, ln time that the payload takes with the whole band, 1 for the server of the slot before, ln distance, growth of that
 * since the gain was measured, ln (1 + handover in slots).
 */
export const linkFeatureCount = 6;
export const featureCount: number = deviceFeatureCount + serverFeatureCount + linkFeatureCount;

/** Unscaled features; M devices, E servers, L eligible links in the order of the problem. */
export interface SlotFeatures {
  /** [M * deviceFeatureCount] */
  readonly devices: Float32Array;
  /** [E * serverFeatureCount] */
  readonly servers: Float32Array;
  /** [L * linkFeatureCount] */
  readonly links: Float32Array;
}

/** Shift and divisor of the features, so that those of a few training worlds have mean 0 and deviation 1; [featureCount] each. */
export interface FeatureScale {
  readonly centre: Float32Array;
  readonly deviation: Float32Array;
}

/** Lower limit of payloads, times and gains before the logarithm. */
const least = 1e-30;
const metresPerUnit = 100;
const metresPerDecametre = 10;

/** @param problem of this state */
export function describeSlot(state: SlotState, problem: Problem): SlotFeatures {
  const links = new Float32Array(problem.linkDevice.length * linkFeatureCount);
  let next = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    const from = measuredAt(state, device);
    for (const link of eligibleLinks(state, device)) {
      const server = linkServer(state, device, link);
      const distance = logDistance(state, server, placeOf(state, device));
      links.set(
        [
          logOf(state.gain[link] as number),
          logOf(problem.airMs[next] as number),
          state.previousServer[device] === server ? 1 : 0,
          distance,
          distance - logDistance(state, server, from),
          Math.log1p(handoverDelayMs(state, device, server) / state.slotMs),
        ],
        next * linkFeatureCount,
      );
      next++;
    }
  }
  return { ...describeEnds(state, problem), links };
}

function describeEnds(state: SlotState, problem: Problem): Pick<SlotFeatures, 'devices' | 'servers'> {
  const middleX = meanOf(state.serverX);
  const middleY = meanOf(state.serverY);
  const devices = new Float32Array(state.deviceCount * deviceFeatureCount);
  for (let device = 0; device < state.deviceCount; device++) {
    const { x, y } = placeOf(state, device);
    const from = measuredAt(state, device);
    devices.set(
      [
        (x - middleX) / metresPerUnit,
        (y - middleY) / metresPerUnit,
        logOf(state.payloadBits[device] as number),
        logOf(problem.deviceMs[device] as number),
        logOf(state.edgeFlop[device] as number),
        logOf(state.battery[device] as number),
        Math.log1p(Math.hypot(x - from.x, y - from.y) / metresPerDecametre),
      ],
      device * deviceFeatureCount,
    );
  }
  const servers = new Float32Array(state.serverCount * serverFeatureCount);
  for (let server = 0; server < state.serverCount; server++) {
    servers.set(
      [
        ((state.serverX[server] as number) - middleX) / metresPerUnit,
        ((state.serverY[server] as number) - middleY) / metresPerUnit,
        logOf(state.serverFlopPerSecond[server] as number),
        logOf(state.bandwidthHz[server] as number),
        Math.log1p((state.queueDelayMs[server] as number) / state.slotMs),
      ],
      server * serverFeatureCount,
    );
  }
  return { devices, servers };
}

/** Shifts and scales in place. */
export function scaleFeatures(features: SlotFeatures, { centre, deviation }: FeatureScale): SlotFeatures {
  let first = 0;
  for (const [values, count] of [
    [features.devices, deviceFeatureCount],
    [features.servers, serverFeatureCount],
    [features.links, linkFeatureCount],
  ] as const) {
    for (let at = 0; at < values.length; at++) {
      const feature = first + (at % count);
      values[at] = ((values[at] as number) - (centre[feature] as number)) / (deviation[feature] as number);
    }
    first += count;
  }
  return features;
}

function logOf(value: number): number {
  return Math.log(Math.max(least, value));
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
}
