// The devices of each server during a search: linked lists, so a move only changes four links. It does not compute costs.

import { ProblemWork } from './problem.ts';

/** Devices by server; empty at first. Read the fields freely; change them through `place` and `remove` only. */
export class Partition extends ProblemWork {
  /** The link of each device, -1 for none; [M]. */
  readonly linkOf: Int32Array = new Int32Array(this.problem.deviceCount).fill(-1);
  /** The first device of each server, -1 for none; the others follow in `next`; [E]. */
  readonly first: Int32Array = new Int32Array(this.problem.serverCount).fill(-1);
  readonly next: Int32Array = this.linkOf.slice();
  readonly memberCount: Int32Array = new Int32Array(this.problem.serverCount);
  readonly #previous = this.linkOf.slice();

  /** Adds a device without a server to the server of one of its links. */
  place(link: number): void {
    const device = this.problem.linkDevice[link] as number;
    const server = this.problem.linkServer[link] as number;
    const head = this.first[server] as number;
    this.next[device] = head;
    this.#previous[device] = -1;
    if (head >= 0) this.#previous[head] = device;
    this.first[server] = device;
    this.linkOf[device] = link;
    this.memberCount[server] = (this.memberCount[server] as number) + 1;
  }

  remove(device: number): void {
    const server = this.problem.linkServer[this.linkOf[device] as number] as number;
    const before = this.#previous[device] as number;
    const after = this.next[device] as number;
    if (before >= 0) this.next[before] = after;
    else this.first[server] = after;
    if (after >= 0) this.#previous[after] = before;
    this.linkOf[device] = -1;
    this.memberCount[server] = (this.memberCount[server] as number) - 1;
  }

  /**
   * Writes the links of a server's devices after a change by one in and one out; the link of the new device comes last.
   * @param linkIn or -1
   * @param linkOut or -1
   * @returns the number of links
   */
  gather(server: number, linkIn: number, linkOut: number, out: Int32Array): number {
    let count = 0;
    for (let device = this.first[server] as number; device >= 0; device = this.next[device] as number) {
      const link = this.linkOf[device] as number;
      if (link !== linkOut) out[count++] = link;
    }
    if (linkIn >= 0) out[count++] = linkIn;
    return count;
  }

  /** The server of each device; [M]. */
  toServers(): Int32Array {
    const { linkServer } = this.problem;
    return this.linkOf.map((link) => (link < 0 ? -1 : (linkServer[link] as number)));
  }
}
