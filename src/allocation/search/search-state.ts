// The state of a search: an association, as linked lists of the devices of each server, so that a move only changes four links; and its cost.

import { findProblemLink, type Problem, ProblemWork } from './problem.ts';
import type { SharingRule, SharingRuleMaker } from './sharing-rule.ts';

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

export interface SearchState {
  readonly partition: Partition;
  /** The rule of that partition, every server settled. */
  readonly rule: SharingRule;
}

/** Starts a search at an association. @param server an eligible server of each device, or -1; [M] */
export function startAt(problem: Problem, server: Int32Array, createRule: SharingRuleMaker): SearchState {
  return startFrom(
    problem,
    server.map((one, device) => (one < 0 ? -1 : findProblemLink(problem, device, one))),
    createRule,
  );
}

/** The same by links. @param links the link of each device, or -1; [M] */
export function startFrom(problem: Problem, links: Int32Array, createRule: SharingRuleMaker): SearchState {
  const partition = new Partition(problem);
  for (const link of links) if (link >= 0) partition.place(link);
  return { partition, rule: createRule(problem, partition) };
}

/** Takes one device to another server, over `linkIn`. @param otherIn the link of a device that takes its place, or -1 for none */
export function change({ linkDevice }: Problem, { partition }: SearchState, linkIn: number, otherIn: number): void {
  partition.remove(linkDevice[linkIn] as number);
  if (otherIn >= 0) partition.remove(linkDevice[otherIn] as number);
  partition.place(linkIn);
  if (otherIn >= 0) partition.place(otherIn);
}

/** The total cost of the servers, constants left out. */
export function totalCostMs({ rule }: SearchState): number {
  let sum = 0;
  for (const costMs of rule.costMs) sum += costMs;
  return sum;
}
