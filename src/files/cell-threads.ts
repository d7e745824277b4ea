// Threads that decide cells of a slot beside the main thread of a policy's process. They are started when a slot has several cells, and have
// the policy of the same name. Where one fails, the policy has failed in this slot, and the next slot has a fresh one.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { divideCells, joined, shardState } from '../allocation/shards/shard-state.ts';
import { type Shard, shardsOf } from '../allocation/shards/shards.ts';
import type { Assignment, Policy, SlotState } from '../allocation/slot/slot-state.ts';

/** What such a thread answers to a list of states: an assignment of each, or why there are none. */
export type CellsAnswer =
  | { readonly kind: 'decided'; readonly assignments: readonly Assignment[] }
  | { readonly kind: 'threw'; readonly cause: string };

export class CellThreads {
  readonly #start: () => Worker;
  readonly #count: number;
  readonly #workers = new Map<number, Worker>();

  /** @param file of the threads @param workerData that they get @param count of them, beside this one */
  constructor(file: string, workerData: unknown, count: number) {
    this.#start = () => new Worker(file, { workerData });
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
      await asked;
    }
    for (const one of await asked) if (one.status === 'rejected') throw one.reason;
    return joined(state, shards, parts);
  }

  async #ask(thread: number, states: readonly SlotState[]): Promise<readonly Assignment[]> {
    const worker = this.#workers.get(thread) ?? this.#start();
    this.#workers.set(thread, worker);
    const done = new AbortController();
    const { signal } = done;
    const ended = once(worker, 'exit', { signal }).then(([status]: unknown[]): never => {
      throw new Error(`a thread of its cells has ended with status ${status}`);
    });
    const answered = once(worker, 'message', { signal });
    worker.postMessage(states);
    let answer: CellsAnswer;
    try {
      [answer] = (await Promise.race([answered, ended])) as [CellsAnswer];
    } catch (error) {
      this.#workers.delete(thread);
      void worker.terminate();
      throw error;
    } finally {
      done.abort();
    }
    if (answer.kind === 'threw') throw new Error(answer.cause);
    return answer.assignments;
  }
}
