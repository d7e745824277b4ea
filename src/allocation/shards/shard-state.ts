// A cell of a slot as a slot of its own, and a policy that decides cell by cell.

import {
  deviceRules,
  handoverRules,
  linkRules,
  paceDeviceRules,
  paceServerRules,
  serverRules,
} from '../slot/check-state.ts';
import { pick, pickAll } from '../slot/columns.ts';
import { linkEnd, linkServer, linkStart } from '../slot/links.ts';
import type { Assignment, Policy, SlotState } from '../slot/slot-state.ts';
import type { Standing } from '../slot/standing.ts';
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
    const shards = shardsOf(state, mostDevices);
    const parts = shards.map((shard) => decide(shardState(state, shard)));
    return joined(state, shards, parts);
  };
}

/** The assignment of a slot from those of its cells. */
export function joined(state: SlotState, shards: readonly Shard[], parts: readonly Assignment[]): Assignment {
  const found: Assignment = {
    server: new Int32Array(state.deviceCount).fill(-1),
    bandwidthShare: new Float64Array(state.deviceCount),
    computeShare: new Float64Array(state.deviceCount),
  };
  for (const [cell, { servers, devices }] of shards.entries()) {
    const { server, bandwidthShare, computeShare } = parts[cell] as Assignment;
    for (const [index, device] of devices.entries()) {
      const own = server[index] as number;
      found.server[device] = own < 0 ? -1 : (servers[own] as number);
      found.bandwidthShare[device] = bandwidthShare[index] as number;
      found.computeShare[device] = computeShare[index] as number;
    }
  }
  return found;
}

/** Cells for some threads: the largest first, each to the thread with the fewest devices so far. @returns the cells of each thread */
export function divideCells(shards: readonly Shard[], threads: number): number[][] {
  const parts = Array.from({ length: threads }, () => ({ cells: [] as number[], devices: 0 }));
  const sizes = shards.map(({ devices }, cell) => ({ cell, size: devices.length }));
  for (const { cell, size } of sizes.toSorted((one, other) => other.size - one.size)) {
    const least = parts.reduce((best, part) => (part.devices < best.devices ? part : best));
    least.cells.push(cell);
    least.devices += size;
  }
  return parts.map(({ cells }) => cells);
}

/** Links to servers of other cells are left out. A text that another cell's server holds counts as nowhere: it costs the same on every server. */
export function shardState(state: SlotState, shard: Shard): SlotState {
  const { servers, devices } = shard;
  const indexOf = new Map([...servers].map((server, index) => [server, index] as const));
  const links = linksOf(state, devices, indexOf);
  const toServer = (values: Int32Array): Int32Array =>
    devices.map((device) => indexOf.get(values[device] as number) ?? -1);
  const { pace, handover, outlook } = state;
  return {
    slot: state.slot,
    seed: state.seed,
    slotMs: state.slotMs,
    objective: state.objective,
    deviceCount: devices.length,
    serverCount: servers.length,
    ...pickAll(state, deviceRules, devices),
    ...pickAll(state, serverRules, servers),
    ...pickAll(state, linkRules, links.at),
    candidates: { start: links.start, server: links.server },
    waitedMs: state.waitedMs && pick(state.waitedMs, devices),
    previousServer: toServer(state.previousServer),
    pace: pace && {
      ...pace,
      ...pickAll(pace, paceDeviceRules, devices),
      ...pickAll(pace, paceServerRules, servers),
      textServer: toServer(pace.textServer),
      linkRoundTripMs: pace.linkRoundTripMs && pick(pace.linkRoundTripMs, links.at),
      standings:
        pace.standings && Array.from(devices, (device) => within(pace.standings?.[device] as Standing, indexOf)),
    },
    handover: handover && {
      ...pickAll(handover, handoverRules, devices),
      textServer: toServer(handover.textServer),
      textFlopPerSecond: pick(handover.textFlopPerSecond, servers),
    },
    outlook: outlook && {
      ...outlook,
      deviceX: outlook.deviceX.map((places) => pick(places, devices)),
      deviceY: outlook.deviceY.map((places) => pick(places, devices)),
      backlogMs: pick(outlook.backlogMs, servers),
      batteryJ: pick(outlook.batteryJ, devices),
    },
  };
}

/** A session without its texts on servers of other cells. */
function within(standing: Standing, indexOf: ReadonlyMap<number, number>): Standing {
  const texts = standing.texts.flatMap((text) => {
    const server = indexOf.get(text.server);
    return server === undefined ? [] : [{ ...text, server }];
  });
  return { ...standing, texts };
}

function linksOf(
  state: SlotState,
  devices: Int32Array,
  indexOf: ReadonlyMap<number, number>,
): { readonly start: Int32Array; readonly server: Int32Array; readonly at: Int32Array } {
  const start = new Int32Array(devices.length + 1);
  const server: number[] = [];
  const at: number[] = [];
  for (const [index, device] of devices.entries()) {
    for (let link = linkStart(state, device); link < linkEnd(state, device); link++) {
      const own = indexOf.get(linkServer(state, device, link));
      if (own === undefined) continue;
      server.push(own);
      at.push(link);
    }
    start[index + 1] = at.length;
  }
  return { start, server: Int32Array.from(server), at: Int32Array.from(at) };
}
