// Spreads the cells of the virtual bench over processor cores. Each worker thread loads this file and answers cells with rows; the
// same cell gives the same row wherever it is computed.

import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { measureRival, type RivalCell } from './emulated-rivals.ts';
import { type LoadedCell, measureLoaded } from './loaded-cell.ts';
import { isEmulated, type ModeRow } from './metrics.ts';
import { measureCell, type VirtualCell, type VirtualSettings } from './virtual-cell.ts';

const role = 'outrider bench modes';

export type AnyCell = VirtualCell | RivalCell | LoadedCell;

function measureAny(cell: AnyCell, settings: VirtualSettings): ModeRow {
  if ('sessions' in cell) return measureLoaded(cell, settings);
  return isRival(cell) ? measureRival(cell, settings) : measureCell(cell, settings);
}

function isRival(cell: VirtualCell | RivalCell): cell is RivalCell {
  return isEmulated(cell.mode);
}

/** Threads start at first use; a single worker has none. Request at most as many cells at a time as there are workers. */
export class WorkerPool implements AsyncDisposable {
  readonly #settings: VirtualSettings;
  readonly #workerCount: number;
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];

  constructor(settings: VirtualSettings, workerCount: number) {
    this.#settings = settings;
    this.#workerCount = workerCount;
  }

  measure(cell: AnyCell): Promise<ModeRow> {
    if (this.#workerCount <= 1) return Promise.resolve(measureAny(cell, this.#settings));
    const worker = this.#idle.pop() ?? this.#start();
    return new Promise((resolve, reject) => {
      const onEnd = (): void => reject(new Error('a worker thread of the bench ended before its work'));
      worker.once('error', reject).once('exit', onEnd);
      worker.once('message', (row: ModeRow) => {
        worker.off('error', reject).off('exit', onEnd);
        this.#idle.push(worker);
        resolve(row);
      });
      worker.postMessage(cell);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { role, settings: this.#settings } });
    this.#workers.push(worker);
    return worker;
  }
}

function serve(settings: VirtualSettings): void {
  parentPort?.on('message', (cell: AnyCell) => parentPort?.postMessage(measureAny(cell, settings)));
}

const given = workerData as { readonly role?: unknown; readonly settings: VirtualSettings } | null;
if (!isMainThread && given?.role === role) serve(given.settings);
