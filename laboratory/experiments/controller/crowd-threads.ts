// The threads of a crowd (crowd-thread.ts), as one.

import { setTimeout as sleep } from 'node:timers/promises';
import { WorkerPool } from '../../../simulator/runner/worker-pool.ts';
import { CloseStack } from '../../../src/core/basics/close-stack.ts';
import { type CrowdPlan, type CrowdTally, crowdWork } from './crowd-thread.ts';

const threadCount = 2;
/** All threads together join fewer than one address may (port-limits.ts). */
export const joinsPerSecond = 200;

export class CrowdThreads implements AsyncDisposable {
  readonly #opened = new CloseStack();
  readonly #threads: readonly WorkerPool<number, CrowdTally, CrowdPlan>[];

  /** @param plan of all threads together */
  constructor(plan: Omit<CrowdPlan, 'first' | 'step' | 'joinsPerSecond'>) {
    this.#threads = Array.from({ length: threadCount }, (_, first) => {
      const own = { ...plan, first, step: threadCount, joinsPerSecond: joinsPerSecond / threadCount };
      // A pool of one would run in this thread. One question at a time starts one thread.
      return this.#opened.use(new WorkerPool(crowdWork, own, 2));
    });
  }

  /** @param devices in all threads together, after new ones have joined; default: none join */
  async tally(devices = 0): Promise<CrowdTally> {
    const all = await Promise.all(
      this.#threads.map((thread, first) => thread.measure(Math.ceil((devices - first) / threadCount))),
    );
    const sum = (key: 'connected' | 'reading' | 'failedAttempts' | 'deviceSentBytes'): number =>
      all.reduce((total, one) => total + one[key], 0);
    return {
      connected: sum('connected'),
      reading: sum('reading'),
      deviceSentBytes: sum('deviceSentBytes'),
      failedAttempts: sum('failedAttempts'),
      lost: sumByCell(all.map(({ lost }) => lost)),
      refused: sumByCell(all.map(({ refused }) => refused)),
      lateMs: Math.max(...all.map(({ lateMs }) => lateMs)),
      orderDelaysMs: all.flatMap(({ orderDelaysMs }) => orderDelaysMs),
      firstOrders: all.flatMap(({ firstOrders }) => firstOrders),
    };
  }

  /** Asks until so many members are connected, or for long enough. @param first what it has found already */
  async untilConnected(members: number, withinMs: number, first: CrowdTally): Promise<CrowdTally[]> {
    return await this.until(({ connected }) => connected >= members, withinMs, first);
  }

  async until(isDone: (tally: CrowdTally) => boolean, withinMs: number, first: CrowdTally): Promise<CrowdTally[]> {
    const tallies = [first];
    const endMs = performance.now() + withinMs;
    while (!isDone(tallies.at(-1) as CrowdTally) && performance.now() <= endMs) {
      await sleep(200);
      tallies.push(await this.tally());
    }
    return tallies;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened[Symbol.asyncDispose]();
  }
}

/** @param counts each by cell, all of the same length */
export function sumByCell(counts: readonly (readonly number[])[]): readonly number[] {
  return (counts[0] ?? []).map((_, cell) => counts.reduce((sum, one) => sum + (one[cell] ?? 0), 0));
}
