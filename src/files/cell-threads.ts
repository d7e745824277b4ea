// Threads that decide cells of a slot beside the thread of a policy, which starts them when a slot has several cells. Each has the policy
// of the same name. One that fails ends the policy's thread, which is then treated as any that has ended.

import { resourceLimits, Worker } from 'node:worker_threads';
import { divideCells, joined, shardState } from '../allocation/shards/shard-state.ts';
import { type Shard, shardsOf } from '../allocation/shards/shards.ts';
import type { Assignment, Policy, SlotState } from '../allocation/slot/slot-state.ts';

/** What such a thread answers: the assignments of its cells, or why it has none. */
export type CellsAnswer =
  | { readonly kind: 'decided'; readonly assignments: readonly Assignment[] }
  | { readonly kind: 'threw'; readonly cause: string };

export class CellThreads {
  readonly #start: () => Worker;
  readonly #count: number;
  readonly #workers: Worker[] = [];

  /** @param file of the thread @param workerData that it gets @param count of threads beside this one */
  constructor(file: string, workerData: unknown, count: number) {
    this.#start = () => new Worker(file, { workerData, resourceLimits });
    this.#count = count;
  }

  /** As `byShards`, with some of the cells in other threads. @param state of several cells @param mostDevices of a cell, about */
  async decide(decide: Policy, state: SlotState, mostDevices: number): Promise<Assignment> {
    const shards = shardsOf(state, mostDevices);
    const [own = [], ...others] = divideCells(shards, 1 + this.#count);
    const stateOf = (cell: number): SlotState => shardState(state, shards[cell] as Shard);
    const parts: Assignment[] = [];
    const asked = Promise.allSettled(
      others.map(async (cells, thread) => {
        if (cells.length === 0) return;
        const assignments = await this.#ask(thread, cells.map(stateOf));
        for (const [index, cell] of cells.entries()) parts[cell] = assignments[index] as Assignment;
      }),
    );
    try {
      for (const cell of own) parts[cell] = decide(stateOf(cell));
    } finally {
      // No answer to this slot is left for the next one.
      for (const one of await asked) if (one.status === 'rejected') throw one.reason;
    }
    return joined(state, shards, parts);
  }

  #ask(thread: number, states: readonly SlotState[]): Promise<readonly Assignment[]> {
    const worker = this.#workers[thread] ?? this.#start();
    if (this.#workers[thread] === undefined) {
      this.#workers[thread] = worker;
      worker.on('error', (error) => {
        throw error;
      });
      worker.on('exit', (status) => {
        throw new Error(`a thread of cells has ended with status ${status}`);
      });
    }
    return new Promise((resolve, reject) => {
      worker.once('message', (answer: CellsAnswer) => {
        if (answer.kind === 'decided') resolve(answer.assignments);
        else reject(new Error(answer.cause));
      });
      worker.postMessage(states);
    });
  }
}
