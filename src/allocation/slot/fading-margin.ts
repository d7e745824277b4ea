// A fading margin: links count as some decibels worse than they were measured, where the measurement is old. The standard answer to
// stale CSI; it knows neither how far a device has moved nor what a link may become, as a forecast does (forecast.ts).

import type { SlotState } from './slot-state.ts';

/**
 * The slot as a policy with a margin sees it. Unchanged where gains are current.
 * An eligible link stays eligible: the margin says how fast a link is, not which links there are.
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
