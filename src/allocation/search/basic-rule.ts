// The common part of the sharing rules: their arrays, and the answers of a rule without floors, which computes every change.

import type { Partition } from './partition.ts';
import type { Problem } from './problem.ts';
import type { SharingRule } from './sharing-rule.ts';

export abstract class BasicRule implements SharingRule {
  readonly costMs: Float64Array;
  readonly addedMs: Float64Array;
  readonly heldMs: Float64Array;
  readonly slackMs: Float64Array;
  readonly leaveMs: Float64Array;
  readonly leaveSlackMs: Float64Array;
  readonly workSum: Float64Array;
  readonly workSpeed: Float64Array;
  readonly screensMoves: boolean = false;
  protected readonly problem: Problem;
  protected readonly partition: Partition;
  /** The links of the devices in question. */
  protected readonly links: Int32Array;
  /** The own costs of the devices in question. */
  readonly #ownMs: Float64Array;

  constructor(problem: Problem, partition: Partition, workSpeed?: Float64Array) {
    const { deviceCount, serverCount } = problem;
    this.problem = problem;
    this.partition = partition;
    this.links = new Int32Array(deviceCount);
    this.#ownMs = new Float64Array(deviceCount);
    this.costMs = new Float64Array(serverCount);
    this.addedMs = new Float64Array(problem.linkDevice.length);
    this.heldMs = new Float64Array(deviceCount);
    this.slackMs = new Float64Array(serverCount);
    this.leaveMs = new Float64Array(deviceCount);
    this.leaveSlackMs = new Float64Array(serverCount);
    this.workSum = new Float64Array(serverCount);
    this.workSpeed = workSpeed ?? new Float64Array(serverCount).fill(Number.POSITIVE_INFINITY);
  }

  settle(server: number): void {
    this.costMs[server] = this.probe(server, -1, -1);
  }

  probe(server: number, linkIn: number, linkOut: number): number {
    const count = this.ownCosts(server, linkIn, linkOut, this.#ownMs);
    let sum = 0;
    for (let index = 0; index < count; index++) sum += this.#ownMs[index] as number;
    return sum;
  }

  insertionFloor(_link: number): number {
    return Number.NEGATIVE_INFINITY;
  }

  joinFloor(_link: number, _enoughMs?: number): number {
    return Number.NEGATIVE_INFINITY;
  }

  screen(_server: number, _moves: { readonly canMove: boolean; readonly canSwap: boolean }): void {}

  abstract ownCosts(server: number, linkIn: number, linkOut: number, out: Float64Array): number;
}

/** The rule with every server settled. */
export function settled<Rule extends SharingRule>(rule: Rule): Rule {
  for (let server = 0; server < rule.costMs.length; server++) rule.settle(server);
  return rule;
}
