// What the next slots are expected to be like, from one slot as a policy sees it: everybody walks on as in the last slot, and links
// follow. Tasks, sessions and servers are taken to stay as they are. Decides nothing.
//
// A gain was measured where the device was then, and some links have changed since: somebody walked behind a corner. With every metre
// gone a chance grows that what a link had beyond the trend over distance (walls, line of sight) is lost. The cost of being late
// grows with the square of the upload's time, so what a link is expected to be like is the SNR with the mean square of that time.

import { linkEnd, linkServer, linkStart } from './links.ts';
import type { Outlook, SlotState } from './slot-state.ts';

/** Metres after which a link's own part is kept with chance 1 / e: line of sight, which is most of it, changes within 50 m (TR 38.901, table 7.6.3.1-2). */
const memoryM = 50;
/** Nearer, distance does not matter. */
const nearestM = 10;

/** @param ahead how many slots: the first is the one to decide, with gains as they are by now */
export function forecastSlots(state: SlotState, ahead: number): SlotState[] {
  const { outlook } = state;
  if (outlook === undefined) return Array.from({ length: ahead }, () => state);
  const trend = fitTrend(state, outlook);
  return Array.from({ length: ahead }, (_, step) => moveOn(state, outlook, trend, step));
}

interface Trend {
  /** Natural logarithm of the gain at a distance of 1 m, and how it changes with that of the distance. */
  readonly level: number;
  readonly slope: number;
  /** Standard deviation of the links' own parts. */
  readonly spread: number;
}

/** Where a device was when its gains were measured, x and y in metres. */
export function measuredAt(
  state: SlotState,
  { gainAgeSlots, deviceX, deviceY }: Outlook,
  device: number,
): [number, number] {
  const index = gainAgeSlots - 1;
  const [x, y] = index < 0 ? [state.deviceX, state.deviceY] : [deviceX[index], deviceY[index]];
  return [x?.[device] as number, y?.[device] as number];
}

/** ln of the metres to a server, as they count for a gain. */
export function logDistance(state: SlotState, server: number, x: number, y: number): number {
  const metres = Math.hypot(x - (state.serverX[server] as number), y - (state.serverY[server] as number));
  return Math.log(Math.max(nearestM, metres));
}

/** Least squares over all links that have a gain. */
function fitTrend(state: SlotState, outlook: Outlook): Trend {
  let [count, sumX, sumY, sumXX, sumXY, sumYY] = [0, 0, 0, 0, 0, 0];
  for (let device = 0; device < state.deviceCount; device++) {
    const [x, y] = measuredAt(state, outlook, device);
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
  // All at one distance: nothing to learn from it.
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
    const [fromX, fromY] = measuredAt(state, outlook, device);
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
 * By what an SNR has to be multiplied to take as long as the mean square of the upload's time says.
 *
 * @param keptRatio of the SNR if the link keeps its own part, with chance `kept`
 * @param typicalRatio if it has lost it and is like most at its distance, half of them better by `spread` and half of them worse
 */
function expectedRatio(snr: number, keptRatio: number, typicalRatio: number, spread: number, kept: number): number {
  // A link that was worse than most may become better; nobody should count on it.
  const slowness = (ratio: number): number => Math.log1p(snr * Math.min(keptRatio, ratio)) ** -2;
  const lost = (slowness(typicalRatio * spread) + slowness(typicalRatio / spread)) / 2;
  return Math.expm1((kept * slowness(keptRatio) + (1 - kept) * lost) ** -0.5) / snr;
}
