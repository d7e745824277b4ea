// Expected next slots, from one slot as a policy sees it: every device keeps its velocity of the last slot, and links change with
// it. Tasks, sessions and servers are assumed to stay as they are. Decides nothing.
//
// Stale CSI: a gain was measured where the device was then, and some links have changed since, behind a corner for example. With
// every metre travelled the chance grows that a link loses its deviation from the distance trend (walls, LOS). The cost of being
// late grows with the square of the upload time, so the expected link has the SNR at the mean square of that time.

import { linkEnd, linkServer, linkStart } from './links.ts';
import type { Outlook, SlotState } from './slot-state.ts';

/**
 * Metres after which a link keeps its deviation with chance 1 / e. Most of the deviation is the LOS state, which changes within 50
 * m (TR 38.901, table 7.6.3.1-2).
 */
const memoryM = 50;
/** Below this, distance does not matter. */
const nearestM = 10;

/** @param ahead number of slots: the first is the slot to decide, with gains corrected to now */
export function forecastSlots(state: SlotState, ahead: number): SlotState[] {
  const { outlook } = state;
  if (outlook === undefined) return Array.from({ length: ahead }, () => state);
  const trend = fitTrend(state);
  return Array.from({ length: ahead }, (_, step) => moveOn(state, outlook, trend, step));
}

interface Trend {
  /** Natural logarithm of the gain at a distance of 1 m, and its slope over the logarithm of the distance. */
  readonly level: number;
  readonly slope: number;
  /** Standard deviation of the links from the trend. */
  readonly spread: number;
}

/** The place where a device's gains were measured, x and y in metres; without an outlook, its present place. */
export function measuredAt(state: SlotState, device: number): [number, number] {
  const index = (state.outlook?.gainAgeSlots ?? 0) - 1;
  const [x, y] =
    index < 0 ? [state.deviceX, state.deviceY] : [state.outlook?.deviceX[index], state.outlook?.deviceY[index]];
  return [x?.[device] as number, y?.[device] as number];
}

/** ln of the distance to a server in metres, with the least distance for a gain. */
export function logDistance(state: SlotState, server: number, x: number, y: number): number {
  const metres = Math.hypot(x - (state.serverX[server] as number), y - (state.serverY[server] as number));
  return Math.log(Math.max(nearestM, metres));
}

/** Least squares over all links that have a gain. */
function fitTrend(state: SlotState): Trend {
  let [count, sumX, sumY, sumXX, sumXY, sumYY] = [0, 0, 0, 0, 0, 0];
  for (let device = 0; device < state.deviceCount; device++) {
    const [x, y] = measuredAt(state, device);
    const end = linkEnd(state, device);
    for (let link = linkStart(state, device); link < end; link++) {
      const gain = state.gain[link] as number;
      if (gain <= 0) continue;
      const distance = logDistance(state, linkServer(state, device, link), x, y);
      const level = Math.log(gain);
      count++;
      sumX += distance;
      sumY += level;
      sumXX += distance * distance;
      sumXY += distance * level;
      sumYY += level * level;
    }
  }
  if (count === 0) return { level: 0, slope: 0, spread: 0 };
  const [meanX, meanY] = [sumX / count, sumY / count];
  const varianceX = sumXX / count - meanX * meanX;
  const covariance = sumXY / count - meanX * meanY;
  // All at one distance: no slope can be fitted.
  const slope = varianceX > 1e-9 ? Math.min(0, covariance / varianceX) : 0;
  const variance = sumYY / count - meanY * meanY - slope * (2 * covariance - slope * varianceX);
  return { level: meanY - slope * meanX, slope, spread: Math.sqrt(Math.max(0, variance)) };
}

function moveOn(state: SlotState, outlook: Outlook, trend: Trend, step: number): SlotState {
  const { deviceCount } = state;
  const [beforeX, beforeY] = [outlook.deviceX[0] ?? state.deviceX, outlook.deviceY[0] ?? state.deviceY];
  const gain = state.gain.slice();
  const snr = state.snr.slice();
  const deviceX = new Float64Array(deviceCount);
  const deviceY = new Float64Array(deviceCount);
  for (let device = 0; device < deviceCount; device++) {
    const [nowX, nowY] = [state.deviceX[device] as number, state.deviceY[device] as number];
    const x = nowX + step * (nowX - (beforeX[device] as number));
    const y = nowY + step * (nowY - (beforeY[device] as number));
    deviceX[device] = x;
    deviceY[device] = y;
    const [fromX, fromY] = measuredAt(state, device);
    const kept = Math.exp(-Math.hypot(x - fromX, y - fromY) / memoryM);
    if (kept === 1) continue;
    const end = linkEnd(state, device);
    for (let link = linkStart(state, device); link < end; link++) {
      const seen = state.gain[link] as number;
      if (seen <= 0) continue;
      const server = linkServer(state, device, link);
      const shift = trend.slope * (logDistance(state, server, x, y) - logDistance(state, server, fromX, fromY));
      const typical = Math.exp(trend.level + trend.slope * logDistance(state, server, x, y)) / seen;
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
