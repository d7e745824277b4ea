// The links between devices and servers, and which are eligible. Hides whether a state has all links or a list of candidates. Knows
// no costs.

import type { SlotState } from './slot-state.ts';

/** The first link of a device; {@link linkEnd} is one past its last. */
export function linkStart(state: SlotState, device: number): number {
  return state.candidates === undefined ? device * state.serverCount : (state.candidates.start[device] as number);
}

export function linkEnd(state: SlotState, device: number): number {
  return linkStart(state, device + 1);
}

/** The server at the other end of a device's link. */
export function linkServer(state: SlotState, device: number, link: number): number {
  return state.candidates === undefined ? link - device * state.serverCount : (state.candidates.server[link] as number);
}

/** The link between a device and a server, or -1 if the server is not among its candidates. */
export function findLink(state: SlotState, device: number, server: number): number {
  if (server < 0 || server >= state.serverCount) return -1;
  if (state.candidates === undefined) return device * state.serverCount + server;
  const end = linkEnd(state, device);
  for (let link = linkStart(state, device); link < end; link++) {
    if (state.candidates.server[link] === server) return link;
  }
  return -1;
}

/** A link is eligible at or above the least SNR over the server's whole band. */
export function isEligible(state: SlotState, link: number): boolean {
  return (state.snr[link] as number) >= state.objective.minimumSnr;
}

/** Whether any server can reach the device. */
export function hasEligibleLink(state: SlotState, device: number): boolean {
  const end = linkEnd(state, device);
  for (let link = linkStart(state, device); link < end; link++) if (isEligible(state, link)) return true;
  return false;
}

/** The eligible links of a device, ascending. */
export function eligibleLinks(state: SlotState, device: number): number[] {
  const links: number[] = [];
  const end = linkEnd(state, device);
  for (let link = linkStart(state, device); link < end; link++) if (isEligible(state, link)) links.push(link);
  return links;
}
