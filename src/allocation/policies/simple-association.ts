// Associations that consider each device alone: the paper's three baselines, a joint score, and hysteresis. None considers the load of a
// server.

import { createRandom } from '../../core/basics/philox.ts';
import { eligibleLinks, findLink, isEligible, linkEnd, linkServer, linkStart } from '../slot/links.ts';
import type { SlotState } from '../slot/slot-state.ts';
import { log2OnePlus } from '../slot/uplink-rate.ts';

/** The server of each device, -1 where none can be reached; [M]. */
export type Association = (state: SlotState) => Int32Array;

/** Separates the draws of slots from all other uses of a seed. */
const firstStream = 0x41000000;

/** A random reachable server for each device, all equally likely. The draw is keyed by seed and slot. */
export const associateAtRandom: Association = (state) =>
  drawServers(state, createRandom(state.seed, firstStream + state.slot).uniform);

/** The same by given draws, one for each device. */
export function drawServers(state: SlotState, uniform: () => number): Int32Array {
  return Int32Array.from({ length: state.deviceCount }, (_, device) => {
    const links = eligibleLinks(state, device);
    const link = links[Math.floor(uniform() * links.length)];
    return link === undefined ? -1 : linkServer(state, device, link);
  });
}

/** The server with the best SNR. Without interference that is the paper's Max-SINR. */
export const associateByMaxSinr: Association = (state) => associateByScore(state, (_device, link) => state.snr[link]);

/** The server with the highest channel gain: phase 1 of TMA. */
export const associateByMaxGain: Association = (state) => associateByScore(state, (_device, link) => state.gain[link]);

/** The fastest server; among equally fast ones the highest gain. */
export const associateByMaxCompute: Association = (state) =>
  associateByScore(
    state,
    (_device, _link, server) => state.serverFlopPerSecond[server],
    (link) => state.gain[link] as number,
  );

/** The largest product of rate over the whole band and speed of computing. */
export const associateByJointScore: Association = (state) =>
  associateByScore(
    state,
    (_device, link, server) =>
      (state.bandwidthHz[server] as number) *
      log2OnePlus(state.snr[link] as number) *
      (state.serverFlopPerSecond[server] as number),
  );

/** Ties go to the higher `tieScore`, then to the lower server. */
function associateByScore(
  state: SlotState,
  score: (device: number, link: number, server: number) => number | undefined,
  tieScore: (link: number) => number = () => 0,
): Int32Array {
  const chosen = new Int32Array(state.deviceCount).fill(-1);
  for (let device = 0; device < state.deviceCount; device++) {
    let best = Number.NEGATIVE_INFINITY;
    let bestTie = Number.NEGATIVE_INFINITY;
    const end = linkEnd(state, device);
    for (let link = linkStart(state, device); link < end; link++) {
      if (!isEligible(state, link)) continue;
      const server = linkServer(state, device, link);
      const value = score(device, link, server) as number;
      const tie = tieScore(link);
      if (!(value > best || (value === best && tie > bestTie))) continue;
      best = value;
      bestTie = tie;
      chosen[device] = server;
    }
  }
  return chosen;
}

/** Hysteresis of 3 dB, the usual offset of event A3; linear. */
const margin = 10 ** 0.3;

/**
 * The server with the highest gain, but a device whose present server is within the margin of it stays: the handover rule of mobile
 * networks (3GPP TS 38.331, event A3).
 */
export const associateWithHysteresis: Association = (state) =>
  associateByMaxGain(state).map((highest, device) => {
    const present = presentServer(state, device);
    const link = findLink(state, device, present);
    if (link < 0 || !isEligible(state, link)) return highest;
    const best = findLink(state, device, highest);
    return (state.gain[best] as number) <= margin * (state.gain[link] as number) ? present : highest;
  });

/** The server with the device's text; without a handover state, the server of the slot before. */
export function presentServer({ handover, previousServer }: SlotState, device: number): number {
  return (handover?.textServer ?? previousServer)[device] as number;
}
