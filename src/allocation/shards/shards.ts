// Cuts a slot into cells that are decided one by one: servers that share devices stay together, as far as the size of a cell allows. Costs
// are sums over servers, so cells without a common device lose nothing; a device between two cells keeps the links into one of them. The
// cuts lie elsewhere in each slot, so that it can move in another one.

import { isEligible, linkEnd, linkServer, linkStart } from '../slot/links.ts';
import type { SlotState } from '../slot/slot-state.ts';

/** Where the servers of a part are cut, as shares of its devices: by turns, slot for slot. */
const cuts = [0.5, 0.4, 0.6] as const;

/** A cut between servers that share no device is taken if it is so near to the wanted one, as a share of the devices. */
const gapWithin = 0.4;

/** A cell: servers that no other cell has, and the devices that it decides. Both ascending. */
export interface Shard {
  readonly servers: Int32Array;
  readonly devices: Int32Array;
}

/**
 * @param mostDevices of a cell, about; a single server may have more
 * @returns cells with at least one device; devices without an eligible link are in none
 */
export function shardsOf(state: SlotState, mostDevices: number): Shard[] {
  const home = homesOf(state);
  const weight = new Int32Array(state.serverCount);
  for (const server of home) if (server >= 0) weight[server] = (weight[server] as number) + 1;
  const cut = cuts[Math.abs(state.slot) % cuts.length] as number;
  const cellOf = cellsOf(new Neighbours(state), weight, mostDevices, cut);
  const cellCount = cellOf.reduce((most, cell) => Math.max(most, cell + 1), 0);
  const servers = membersOf(cellOf, cellCount);
  const devices = membersOf(
    home.map((server) => (server < 0 ? -1 : (cellOf[server] as number))),
    cellCount,
  );
  return servers.flatMap((own, cell) => {
    const its = devices[cell] as Int32Array;
    return its.length === 0 ? [] : [{ servers: own, devices: its }];
  });
}

/** The server that decides in which cell a device is: that of the slot before if it has a link to it, otherwise that of its best SNR. */
function homesOf(state: SlotState): Int32Array {
  return Int32Array.from({ length: state.deviceCount }, (_, device) => {
    const previous = state.previousServer[device] as number;
    let [best, bestSnr] = [-1, 0];
    for (let link = linkStart(state, device); link < linkEnd(state, device); link++) {
      if (!isEligible(state, link)) continue;
      const server = linkServer(state, device, link);
      if (server === previous) return server;
      const snr = state.snr[link] as number;
      if (best < 0 || snr > bestSnr) [best, bestSnr] = [server, snr];
    }
    return best;
  });
}

/** Halves the servers until every part is small enough. @returns the cell of each server */
function cellsOf(neighbours: Neighbours, weight: Int32Array, mostDevices: number, cut: number): Int32Array {
  const cellOf = new Int32Array(weight.length);
  let cells = 0;
  const waiting: Int32Array[] = [Int32Array.from(weight, (_, server) => server)];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const total = part.reduce((sum, server) => sum + (weight[server] as number), 0);
    if (total <= mostDevices || part.length === 1) {
      for (const server of part) cellOf[server] = cells;
      cells += 1;
      continue;
    }
    const { ordered, gaps } = neighbours.order(part);
    const at = cutAt(ordered, weight, { total, wanted: cut * total, gaps });
    waiting.push(ordered.subarray(at), ordered.subarray(0, at));
  }
  return cellOf;
}

/** The first part has about the wanted weight, both have a server, and no device loses a link where a gap is near enough. */
function cutAt(
  ordered: Int32Array,
  weight: Int32Array,
  { total, wanted, gaps }: { readonly total: number; readonly wanted: number; readonly gaps: ReadonlySet<number> },
): number {
  let [sum, best, bestOff] = [0, -1, total];
  let gap = { at: -1, off: gapWithin * total };
  for (let at = 1; at < ordered.length; at++) {
    sum += weight[ordered[at - 1] as number] as number;
    const off = Math.abs(sum - wanted);
    if (best < 0 || off < bestOff) [best, bestOff] = [at, off];
    if (gaps.has(at) && off < gap.off) gap = { at, off };
  }
  return gap.at > 0 ? gap.at : best;
}

interface Order {
  readonly ordered: Int32Array;
  /** Places of servers that share no device with any before them. */
  readonly gaps: ReadonlySet<number>;
}

/** Servers are neighbours where a device has a link to both. */
class Neighbours {
  /** Those of each server: entries start[j] .. start[j + 1] - 1 of `servers`. */
  readonly #start: Int32Array;
  readonly #servers: Int32Array;
  /** The number of the search that has reached a server last, and of the part that it is in. */
  readonly #reachedBy: Int32Array;
  readonly #partOf: Int32Array;
  #searches = 0;
  #parts = 0;

  constructor(state: SlotState) {
    const { serverCount } = state;
    this.#reachedBy = new Int32Array(serverCount);
    this.#partOf = new Int32Array(serverCount);
    const { start, servers } = neighboursOf(state);
    this.#start = start;
    this.#servers = servers;
  }

  /** From one end of a part to the other, in the order of distance: what is near each other stays near each other. */
  order(part: Int32Array): Order {
    this.#parts += 1;
    for (const server of part) this.#partOf[server] = this.#parts;
    // The last one that a search reaches is at an end.
    const far = this.#search(part, part[0] as number).ordered.at(-1) as number;
    return this.#search(part, far);
  }

  /** Servers of the part by their distance from the first; those that it does not reach follow, from the least number on. */
  #search(part: Int32Array, first: number): Order {
    this.#searches += 1;
    const gaps = new Set<number>();
    const found = new Int32Array(part.length);
    let [count, read] = [0, 0];
    const reach = (server: number): void => {
      if (this.#partOf[server] !== this.#parts || this.#reachedBy[server] === this.#searches) return;
      this.#reachedBy[server] = this.#searches;
      found[count++] = server;
    };
    reach(first);
    for (let next = 0; count < part.length; ) {
      while (read < count) {
        const server = found[read++] as number;
        const end = this.#start[server + 1] as number;
        for (let at = this.#start[server] as number; at < end; at++) reach(this.#servers[at] as number);
      }
      if (count < part.length) gaps.add(count);
      while (next < part.length && read === count) reach(part[next++] as number);
    }
    return { ordered: found, gaps };
  }
}

function neighboursOf(state: SlotState): { readonly start: Int32Array; readonly servers: Int32Array } {
  const { deviceCount, serverCount } = state;
  const devices: number[][] = Array.from({ length: serverCount }, () => []);
  const own: number[][] = [];
  for (let device = 0; device < deviceCount; device++) {
    const servers: number[] = [];
    const end = linkEnd(state, device);
    for (let link = linkStart(state, device); link < end; link++) {
      if (!isEligible(state, link)) continue;
      const server = linkServer(state, device, link);
      servers.push(server);
      (devices[server] as number[]).push(device);
    }
    own.push(servers);
  }
  const start = new Int32Array(serverCount + 1);
  const seen = new Int32Array(serverCount).fill(-1);
  const found: number[] = [];
  for (let server = 0; server < serverCount; server++) {
    seen[server] = server;
    for (const device of devices[server] as number[]) {
      for (const other of own[device] as number[]) {
        if (seen[other] === server) continue;
        seen[other] = server;
        found.push(other);
      }
    }
    start[server + 1] = found.length;
  }
  return { start, servers: Int32Array.from(found) };
}

/** @param groupOf -1: in none */
function membersOf(groupOf: Int32Array, groupCount: number): Int32Array[] {
  const sizes = new Int32Array(groupCount);
  for (const group of groupOf) if (group >= 0) sizes[group] = (sizes[group] as number) + 1;
  const members = Array.from(sizes, (size) => new Int32Array(size));
  const filled = new Int32Array(groupCount);
  for (const [index, group] of groupOf.entries()) {
    if (group < 0) continue;
    const at = filled[group] as number;
    (members[group] as Int32Array)[at] = index;
    filled[group] = at + 1;
  }
  return members;
}
