// The handover rule of mobile networks: a device stays until another server's link is better by a margin (3GPP TS 38.331, event
// A3). It does not know the load.

import { findLink, isEligible } from '../slot/links.ts';
import type { SlotState } from '../slot/slot-state.ts';
import { type Association, associateByMaxGain } from './simple-association.ts';

/** Hysteresis of 3 dB, the usual offset of event A3; linear. */
const margin = 10 ** 0.3;

/** The server with the highest gain; a device whose present server is within the margin of it stays. */
export const associateWithHysteresis: Association = (state) => {
  const server = associateByMaxGain(state);
  for (let device = 0; device < state.deviceCount; device++) {
    const present = presentServer(state, device);
    const link = findLink(state, device, present);
    if (link < 0 || !isEligible(state, link)) continue;
    const best = findLink(state, device, server[device] as number);
    if ((state.gain[best] as number) <= margin * (state.gain[link] as number)) server[device] = present;
  }
  return server;
};

/** The server with the device's text; without a handover state, the server of the slot before. */
export function presentServer({ handover, previousServer }: SlotState, device: number): number {
  return (handover?.textServer ?? previousServer)[device] as number;
}
