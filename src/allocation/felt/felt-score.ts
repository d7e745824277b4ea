// What readers are expected to feel if an assignment is kept for some seconds, from where their sessions stand: the measure by which
// proposals are compared. With H the time in view, N a reader's tokens in it (predict-tokens.ts), W its time without a first token and f
// the weight of that time, a device costs (H + (f - 1) W + f L) / (1 + N), and the energy of its airtime. One token is added so that a reader
// who gets none costs the time in view, and f times what it then still waits, L, which ends 20 s after the slot's start. A device that no
// server can reach is left out: no decision changes what it feels.

import { hasEligibleLink } from '../slot/links.ts';
import type { Assignment, SlotState } from '../slot/slot-state.ts';
import { leastServedBitPerSecond } from '../slot/uplink-rate.ts';
import { energyMs } from './felt-cost.ts';
import { createPaceModel, type PaceModel } from './pace-model.ts';
import { rateOf } from './predict-pace.ts';
import { predictTokens } from './predict-tokens.ts';

/** H: long enough for a moved text to pay for itself. */
const viewedMs = 3000;
/** A first token that comes later after the slot's start is as late as any: what is predicted beyond it means nothing. */
export const latestMs = 20_000;

/** The time in view, ms, in whole slots. */
export function scoredTime({ slotMs }: Pick<SlotState, 'slotMs'>): number {
  return slotMs * Math.ceil(viewedMs / slotMs);
}

/** ms for each token of a reader who gets so many in `ms`, `waitedMs` of which, and `laterMs` after it, it is without the first one. */
export function feltMs(
  ms: number,
  { tokens, waitedMs, laterMs = 0 }: Readonly<Record<'tokens' | 'waitedMs', number>> & { readonly laterMs?: number },
  firstTokenWeight: number,
): number {
  return (ms + (firstTokenWeight - 1) * waitedMs + firstTokenWeight * laterMs) / (1 + tokens);
}

/**
 * The sum over devices that a server can reach; less is better.
 * @param state with `pace` @param assignment must have passed checkAssignment
 * @param intervals in which the time is cut: coarser than a slot, since scores are compared with each other
 */
export function scoreFelt(
  state: SlotState,
  assignment: Assignment,
  model: PaceModel = createPaceModel(state),
  intervals: number = 12,
): number {
  const ms = scoredTime(state);
  const expected = predictTokens({ ...state, slotMs: ms }, assignment, undefined, model, intervals);
  let sum = 0;
  for (let device = 0; device < state.deviceCount; device++) {
    if (!hasEligibleLink(state, device)) continue;
    const of = (key: keyof typeof expected): number => expected[key][device] as number;
    const laterMs = Math.min(Math.max(0, latestMs - ms), of('laterMs'));
    const own = { tokens: of('tokens'), waitedMs: of('waitedMs'), laterMs };
    sum += feltMs(ms, own, model.firstTokenWeight);
    if (state.objective.energyWeight === 0 || (assignment.server[device] as number) < 0) continue;
    const rate = rateOf(state, assignment, device);
    const { perAirMs, perBits } = energyMs(state, model, device);
    if (rate >= leastServedBitPerSecond) sum += (perAirMs * perBits * 1e3) / rate;
  }
  return sum;
}
