// The devices of each server during a search: linked lists, so a move only changes four links. Knows no costs.

import type { Problem } from './problem.ts';

/** Devices by server. Read the fields freely; change them through `place` and `remove` only. */
export interface Partition {
  /** The link of each device, -1 for none; [M]. */
  readonly linkOf: Int32Array;
  /** The first device of each server, -1 for none; the others follow in `next`; [E]. */
  readonly first: Int32Array;
  readonly next: Int32Array;
  readonly memberCount: Int32Array;
  /** Adds a device without a server to the server of one of its links. */
  place(link: number): void;
  remove(device: number): void;
  /**
   * Writes the links of a server's devices after a change by one in and one out; the link of the new device comes last.
   * @param linkIn or -1
   * @param linkOut or -1
   * @returns the number of links
   */
  gather(server: number, linkIn: number, linkOut: number, out: Int32Array): number;
  /** The server of each device; [M]. */
  toServers(): Int32Array;
}

/** An empty partition. */
export function createPartition(problem: Problem): Partition {
  const { deviceCount, serverCount, linkDevice, linkServer } = problem;
  const linkOf = new Int32Array(deviceCount).fill(-1);
  const first = new Int32Array(serverCount).fill(-1);
  const next = new Int32Array(deviceCount).fill(-1);
  const previous = new Int32Array(deviceCount).fill(-1);
  const memberCount = new Int32Array(serverCount);
  return {
    linkOf,
    first,
    next,
    memberCount,
    place(link) {
      const device = linkDevice[link] as number;
      const server = linkServer[link] as number;
      const head = first[server] as number;
      next[device] = head;
      previous[device] = -1;
      if (head >= 0) previous[head] = device;
      first[server] = device;
      linkOf[device] = link;
      memberCount[server] = (memberCount[server] as number) + 1;
    },
    remove(device) {
      const server = linkServer[linkOf[device] as number] as number;
      const before = previous[device] as number;
      const after = next[device] as number;
      if (before >= 0) next[before] = after;
      else first[server] = after;
      if (after >= 0) previous[after] = before;
      linkOf[device] = -1;
      memberCount[server] = (memberCount[server] as number) - 1;
    },
    gather(server, linkIn, linkOut, out) {
      let count = 0;
      for (let device = first[server] as number; device >= 0; device = next[device] as number) {
        const link = linkOf[device] as number;
        if (link !== linkOut) out[count++] = link;
      }
      if (linkIn >= 0) out[count++] = linkIn;
      return count;
    },
    toServers: () => linkOf.map((link) => (link < 0 ? -1 : (linkServer[link] as number))),
  };
}
