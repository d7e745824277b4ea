// Expected next slots, from one slot as a policy sees it: every device keeps its velocity of the last slot, and links change with
// it. Tasks, sessions and servers are assumed to stay as they are. Decides nothing.
//
// Stale CSI: a gain was measured where the device was then, and some links have changed since, behind a corner for example. With
// every metre travelled the chance grows that a link loses its deviation from the distance trend (walls, LOS). The cost of being
// late grows with the square of the upload time, so the expected link has the SNR at the mean square of that time.

import { linkEnd, linkServer, linkStart } from '../../src/allocation/slot/links.ts';
import type { SlotState } from '../../src/allocation/slot/slot-state.ts';

/**
 * Metres after which a link keeps its deviation with chance 1 / e. Most of the deviation is the LOS state, which changes within 50
 * m (TR 38.901, table 7.6.3.1-2).
 */
const memoryM = 50;
/** Below this, distance does not matter. */
const nearestM = 10;

/** @param ahead number of slots: the first is the slot to decide, with gains corrected to now */
export function forecastSlots(state: SlotState, ahead: number): SlotState[] {
  if (state.outlook === undefined) return Array.from({ length: ahead }, () => state);
  const trend = fitTrend(state);
  return Array.from({ length: ahead }, (_, step) => moveOn(state, trend, step));
}

interface Trend {
  /** Natural logarithm of the gain at a distance of 1 m, and its slope over the logarithm of the distance. */
  readonly level: number;
  readonly slope: number;
  /** Standard deviation of the links from the trend. */
  readonly spread: number;
}

/** Metres. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** The place of a device so many slots ago; its present place where the slot does not say. */
export function placeOf(state: SlotState, device: number, slots = 0): Point {
  const deviceX = state.outlook?.deviceX[slots - 1] ?? state.deviceX;
  const deviceY = state.outlook?.deviceY[slots - 1] ?? state.deviceY;
  return { x: deviceX[device] as number, y: deviceY[device] as number };
}

/** The place where a device's gains were measured; without an outlook, its present place. */
export function measuredAt(state: SlotState, device: number): Point {
  return placeOf(state, device, state.outlook?.gainAgeSlots ?? 0);
}

/** ln of the distance to a server in metres, with the least distance for a gain. */
export function logDistance({ serverX, serverY }: SlotState, server: number, { x, y }: Point): number {
  const metres = Math.hypot(x - (serverX[server] as number), y - (serverY[server] as number));
  return Math.log(Math.max(nearestM, metres));
}

/** Least squares over all links that have a gain. */
function fitTrend(state: SlotState): Trend {
  const sum = { count: 0, x: 0, y: 0, xx: 0, xy: 0, yy: 0 };
  for (let device = 0; device < state.deviceCount; device++) {
    const from = measuredAt(state, device);
    const end = linkEnd(state, device);
    for (let link = linkStart(state, device); link < end; link++) {
      const gain = state.gain[link] as number;
      if (gain <= 0) continue;
      const distance = logDistance(state, linkServer(state, device, link), from);
      const level = Math.log(gain);
      sum.count++;
      sum.x += distance;
      sum.y += level;
      sum.xx += distance * distance;
      sum.xy += distance * level;
      sum.yy += level * level;
    }
  }
  if (sum.count === 0) return { level: 0, slope: 0, spread: 0 };
  const meanX = sum.x / sum.count;
  const meanY = sum.y / sum.count;
  const varianceX = sum.xx / sum.count - meanX * meanX;
  const covariance = sum.xy / sum.count - meanX * meanY;
  // All at one distance: no slope can be fitted.
  const slope = varianceX > 1e-9 ? Math.min(0, covariance / varianceX) : 0;
  const variance = sum.yy / sum.count - meanY * meanY - slope * (2 * covariance - slope * varianceX);
  return { level: meanY - slope * meanX, slope, spread: Math.sqrt(Math.max(0, variance)) };
}

function moveOn(state: SlotState, trend: Trend, step: number): SlotState {
  const gain = state.gain.slice();
  const snr = state.snr.slice();
  const deviceX = state.deviceX.slice();
  const deviceY = state.deviceY.slice();
  for (let device = 0; device < state.deviceCount; device++) {
    const now = placeOf(state, device);
    const before = placeOf(state, device, 1);
    const then = { x: now.x + step * (now.x - before.x), y: now.y + step * (now.y - before.y) };
    deviceX[device] = then.x;
    deviceY[device] = then.y;
    const from = measuredAt(state, device);
    const kept = Math.exp(-Math.hypot(then.x - from.x, then.y - from.y) / memoryM);
    if (kept === 1) continue;
    const end = linkEnd(state, device);
    for (let link = linkStart(state, device); link < end; link++) {
      const seen = state.gain[link] as number;
      if (seen <= 0) continue;
      const server = linkServer(state, device, link);
      const distance = logDistance(state, server, then);
      const shift = trend.slope * (distance - logDistance(state, server, from));
      const typical = Math.exp(trend.level + trend.slope * distance) / seen;
      const ratio = expectedRatio(state.snr[link] as number, Math.exp(shift), typical, Math.exp(trend.spread), kept);
      gain[link] = seen * ratio;
      snr[link] = (state.snr[link] as number) * ratio;
    }
  }
  return { ...state, gain, snr, deviceX, deviceY };
}

/**
 * The factor on an SNR that gives the expected mean square of the upload time.
 * @param keptRatio factor if the link keeps its deviation, with chance `kept`
 * @param typicalRatio factor if it has lost it and is typical for its distance: half of these links are better by `spread`, half worse
 */
function expectedRatio(snr: number, keptRatio: number, typicalRatio: number, spread: number, kept: number): number {
  // A link that was worse than most may become better; a forecast must not count on it.
  const slowness = (ratio: number): number => Math.log1p(snr * Math.min(keptRatio, ratio)) ** -2;
  const lost = (slowness(typicalRatio * spread) + slowness(typicalRatio / spread)) / 2;
  return Math.expm1((kept * slowness(keptRatio) + (1 - kept) * lost) ** -0.5) / snr;
}

/**
 * A fading margin, the standard answer to stale CSI: links count as some decibels worse than they were measured, where the measurement is
 * old. It models neither how far a device has moved nor how a link may change.
 * An eligible link stays eligible: the margin changes the rate of a link, not which links there are.
 * @param marginDb 0 or more
 */
export function withFadingMargin(state: SlotState, marginDb: number): SlotState {
  if ((state.outlook?.gainAgeSlots ?? 0) === 0) return state;
  const factor = 10 ** (-marginDb / 10);
  const { minimumSnr } = state.objective;
  return {
    ...state,
    gain: state.gain.map((gain) => gain * factor),
    snr: state.snr.map((snr) => (snr >= minimumSnr ? Math.max(minimumSnr, snr * factor) : snr)),
  };
}
