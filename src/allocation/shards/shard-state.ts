// A cell of a slot as a slot of its own, and a policy that decides cell by cell.

import { linkEnd, linkServer, linkStart } from '../slot/links.ts';
import type { PaceState } from '../slot/pace-state.ts';
import type { Assignment, HandoverState, Outlook, Policy, SlotState } from '../slot/slot-state.ts';
import { type Shard, shardsOf } from './shards.ts';

/** A controller decides slots with more devices that read an answer cell by cell. */
export const mostTogether = 20_000;

/**
 * The policy, cell by cell (shards.ts): its time grows with the number of devices, and its memory with the size of a cell. A slot that is
 * one cell is decided as it is.
 * @param mostDevices of a cell, about
 */
export function byShards(decide: Policy, mostDevices: number = mostTogether): Policy {
  return (state) => {
    if (state.deviceCount <= mostDevices) return decide(state);
    const found: Assignment = {
      server: new Int32Array(state.deviceCount).fill(-1),
      bandwidthShare: new Float64Array(state.deviceCount),
      computeShare: new Float64Array(state.deviceCount),
    };
    for (const shard of shardsOf(state, mostDevices)) {
      const { server, bandwidthShare, computeShare } = decide(shardState(state, shard));
      for (const [index, device] of shard.devices.entries()) {
        const own = server[index] as number;
        found.server[device] = own < 0 ? -1 : (shard.servers[own] as number);
        found.bandwidthShare[device] = bandwidthShare[index] as number;
        found.computeShare[device] = computeShare[index] as number;
      }
    }
    return found;
  };
}

/** Links to servers of other cells are left out. A text that another cell's server holds counts as nowhere: it costs the same on every server. */
export function shardState(state: SlotState, { servers, devices }: Shard): SlotState {
  const indexOf = new Map<number, number>();
  for (const [index, server] of servers.entries()) indexOf.set(server, index);
  const links = linksOf(state, devices, indexOf);
  const cut: Cut = {
    ofDevices: (values) => pick(values, devices),
    ofServers: (values) => pick(values, servers),
    ofLinks: (values) => pick(values, links.at),
    toServer: (values) => devices.map((device) => indexOf.get(values[device] as number) ?? -1),
  };
  const { ofDevices, ofServers, ofLinks, toServer } = cut;
  return {
    ...{ slot: state.slot, seed: state.seed, slotMs: state.slotMs, objective: state.objective },
    ...{ deviceCount: devices.length, serverCount: servers.length },
    payloadBits: ofDevices(state.payloadBits),
    deviceFlop: ofDevices(state.deviceFlop),
    edgeFlop: ofDevices(state.edgeFlop),
    deviceFlopPerSecond: ofDevices(state.deviceFlopPerSecond),
    transmitPowerW: ofDevices(state.transmitPowerW),
    battery: ofDevices(state.battery),
    deviceX: ofDevices(state.deviceX),
    deviceY: ofDevices(state.deviceY),
    serverFlopPerSecond: ofServers(state.serverFlopPerSecond),
    bandwidthHz: ofServers(state.bandwidthHz),
    queueDelayMs: ofServers(state.queueDelayMs),
    serverX: ofServers(state.serverX),
    serverY: ofServers(state.serverY),
    candidates: { start: links.start, server: links.server },
    gain: ofLinks(state.gain),
    snr: ofLinks(state.snr),
    waitedMs: state.waitedMs && ofDevices(state.waitedMs),
    previousServer: toServer(state.previousServer),
    pace: state.pace && cutPace(state.pace, cut),
    handover: state.handover && cutHandover(state.handover, cut),
    outlook: state.outlook && cutOutlook(state.outlook, cut),
  };
}

function pick(values: Float64Array, at: Int32Array): Float64Array {
  const found = new Float64Array(at.length);
  for (let index = 0; index < at.length; index++) found[index] = values[at[index] as number] as number;
  return found;
}

/** Takes a cell's part of a list. */
interface Cut {
  ofDevices(values: Float64Array): Float64Array;
  ofServers(values: Float64Array): Float64Array;
  ofLinks(values: Float64Array): Float64Array;
  /** Of a list of servers, one for each device. */
  toServer(values: Int32Array): Int32Array;
}

function linksOf(
  state: SlotState,
  devices: Int32Array,
  indexOf: ReadonlyMap<number, number>,
): { readonly start: Int32Array; readonly server: Int32Array; readonly at: Int32Array } {
  const most = devices.reduce((sum, device) => sum + linkEnd(state, device) - linkStart(state, device), 0);
  const start = new Int32Array(devices.length + 1);
  const [server, at] = [new Int32Array(most), new Int32Array(most)];
  let count = 0;
  for (const [index, device] of devices.entries()) {
    for (let link = linkStart(state, device); link < linkEnd(state, device); link++) {
      const own = indexOf.get(linkServer(state, device, link));
      if (own === undefined) continue;
      server[count] = own;
      at[count] = link;
      count += 1;
    }
    start[index + 1] = count;
  }
  return { start, server: server.subarray(0, count), at: at.subarray(0, count) };
}

function cutPace(pace: PaceState, { ofDevices, ofServers, ofLinks, toServer }: Cut): PaceState {
  const { isTypical, roundTripMs, maxAhead, linkRoundTripMs } = pace;
  return {
    ...{ isTypical, roundTripMs, maxAhead },
    draftMs: ofDevices(pace.draftMs),
    acceptance: ofDevices(pace.acceptance),
    promptTokens: ofDevices(pace.promptTokens),
    promptTokensDone: ofDevices(pace.promptTokensDone),
    answerTokens: ofDevices(pace.answerTokens),
    textServer: toServer(pace.textServer),
    textTokens: ofDevices(pace.textTokens),
    promptBits: ofDevices(pace.promptBits),
    frameBits: ofDevices(pace.frameBits),
    draftFlop: ofDevices(pace.draftFlop),
    stepFixedMs: ofServers(pace.stepFixedMs),
    stepRowMs: ofServers(pace.stepRowMs),
    linkRoundTripMs: linkRoundTripMs && ofLinks(linkRoundTripMs),
  };
}

function cutHandover(handover: HandoverState, { ofDevices, ofServers, toServer }: Cut): HandoverState {
  return {
    textServer: toServer(handover.textServer),
    textFlop: ofDevices(handover.textFlop),
    textFlopPerSecond: ofServers(handover.textFlopPerSecond),
    transferMs: ofDevices(handover.transferMs),
  };
}

function cutOutlook(outlook: Outlook, { ofDevices, ofServers }: Cut): Outlook {
  return {
    gainAgeSlots: outlook.gainAgeSlots,
    deviceX: outlook.deviceX.map(ofDevices),
    deviceY: outlook.deviceY.map(ofDevices),
    backlogMs: ofServers(outlook.backlogMs),
    kappaMs: outlook.kappaMs,
    batteryJ: ofDevices(outlook.batteryJ),
  };
}
