// Spreads the runs of `outrider bench felt` over processor cores. Each worker thread loads this file; the same cell gives the same run wherever
// it is computed.

import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type FeltCell, type FeltRun, measureFelt } from './run.ts';

const role = 'outrider bench felt';

/** Threads start at first use; a single worker has none. Request at most as many cells at a time as there are workers. */
export class FeltPool implements AsyncDisposable {
  readonly #workerCount: number;
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];

  constructor(workerCount: number) {
    this.#workerCount = workerCount;
  }

  measure(cell: FeltCell): Promise<FeltRun> {
    if (this.#workerCount <= 1) return measureFelt(cell);
    const worker = this.#idle.pop() ?? this.#start();
    return new Promise((resolve, reject) => {
      const onEnd = (): void => reject(new Error('a worker thread of the bench ended before its work'));
      worker.once('error', reject).once('exit', onEnd);
      worker.once('message', (run: FeltRun) => {
        worker.off('error', reject).off('exit', onEnd);
        this.#idle.push(worker);
        resolve(run);
      });
      worker.postMessage(cell);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { role } });
    this.#workers.push(worker);
    return worker;
  }
}

const given = workerData as { readonly role?: unknown } | null;
if (!isMainThread && given?.role === role) {
  parentPort?.on('message', (cell: FeltCell) => {
    void measureFelt(cell).then((run) => parentPort?.postMessage(run));
  });
}
