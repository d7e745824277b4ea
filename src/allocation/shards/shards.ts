// Cuts a slot into cells that are decided one by one: servers that share devices stay together, as far as the size of a cell allows. Costs
// are sums over servers, so cells without a common device lose nothing; a device between two cells keeps the links into one of them. The
// cuts differ from slot to slot, so that such a device can move to another cell in a later slot.

import { countByGroup, membersByGroup } from '../slot/columns.ts';
import { eligibleLinks, linkServer } from '../slot/links.ts';
import type { SlotState } from '../slot/slot-state.ts';

/** Where the servers of a part are cut, as shares of its devices: by turns, slot for slot. */
const cuts = [0.5, 0.4, 0.6] as const;

/** A cut between servers that share no device is taken if it is this near to the planned cut, as a share of the devices. */
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
  const weight = countByGroup(home, state.serverCount);
  const cut = cuts[Math.abs(state.slot) % cuts.length] as number;
  const cellOf = cellsOf(new Neighbours(state), weight, mostDevices, cut);
  const cellCount = cellOf.reduce((most, cell) => Math.max(most, cell + 1), 0);
  const cellOfDevice = home.map((server) => (server < 0 ? -1 : (cellOf[server] as number)));
  const devices = membersByGroup(cellOfDevice, cellCount);
  const cells = membersByGroup(cellOf, cellCount).map((servers, cell): Shard => {
    return { servers, devices: devices[cell] as Int32Array };
  });
  return cells.filter((cell) => cell.devices.length > 0);
}

/** The server that decides in which cell a device is: that of the slot before if it has a link to it, otherwise that of its best SNR. */
function homesOf(state: SlotState): Int32Array {
  return Int32Array.from({ length: state.deviceCount }, (_, device) => {
    const previous = state.previousServer[device] as number;
    const links = eligibleLinks(state, device);
    if (links.some((link) => linkServer(state, device, link) === previous)) return previous;
    if (links.length === 0) return -1;
    const snr = (link: number): number => state.snr[link] as number;
    return linkServer(
      state,
      device,
      links.reduce((best, link) => (snr(link) > snr(best) ? link : best)),
    );
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

/** The first part has about the requested weight, both have a server, and no device loses a link where a gap is near enough. */
function cutAt(
  ordered: Int32Array,
  weight: Int32Array,
  { total, wanted, gaps }: { readonly total: number; readonly wanted: number; readonly gaps: ReadonlySet<number> },
): number {
  let sum = 0;
  let best = { at: -1, off: Number.POSITIVE_INFINITY };
  let gap = { at: -1, off: gapWithin * total };
  for (let at = 1; at < ordered.length; at++) {
    sum += weight[ordered[at - 1] as number] as number;
    const off = Math.abs(sum - wanted);
    if (off < best.off) best = { at, off };
    if (gaps.has(at) && off < gap.off) gap = { at, off };
  }
  return gap.at > 0 ? gap.at : best.at;
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
    let count = 0;
    let read = 0;
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
  const own = Array.from({ length: deviceCount }, (_, device) =>
    eligibleLinks(state, device).map((link) => linkServer(state, device, link)),
  );
  const devices: number[][] = Array.from({ length: serverCount }, () => []);
  for (const [device, servers] of own.entries()) for (const server of servers) devices[server]?.push(device);
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
