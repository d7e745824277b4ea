// The handover rule of mobile networks: a device stays where it is until another server's link is better by a margin (3GPP TS 38.331,
// event A3), and knows nothing of load.

import { findLink, isEligible } from './links.ts';
import { type Association, associateByMaxGain } from './simple-association.ts';
import type { SlotState } from './slot-state.ts';

/** 3 dB, the usual offset of event A3; linear. */
const margin = 10 ** 0.3;

/** The server with the highest gain, but for devices whose present server is within the margin of it. */
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

/** Where the device's text is; where that is not known, the server of the slot before. */
export function presentServer({ handover, previousServer }: SlotState, device: number): number {
  return (handover?.textServer ?? previousServer)[device] as number;
}
