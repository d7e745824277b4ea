// Spreads the cells of the virtual bench over processor cores. Each worker thread loads this very file and answers cells with rows; the
// same cell gives the same row wherever it is computed.

import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ModeRow } from './metrics.ts';
import { measureCell, type VirtualCell, type VirtualSettings } from './virtual-cell.ts';

const role = 'outrider bench modes';

interface Job {
  readonly index: number;
  readonly cell: VirtualCell;
}

interface Answer {
  readonly index: number;
  readonly row: ModeRow;
}

/** The rows in the order of the cells. One worker, or one cell: no thread is started. */
export async function measureCells(
  cells: readonly VirtualCell[],
  settings: VirtualSettings,
  workerCount: number,
  onDone: (doneCount: number) => void,
): Promise<ModeRow[]> {
  const rows: ModeRow[] = [];
  let doneCount = 0;
  const take = ({ index, row }: Answer): void => {
    rows[index] = row;
    doneCount += 1;
    onDone(doneCount);
  };
  if (workerCount <= 1 || cells.length <= 1) {
    for (const [index, cell] of cells.entries()) {
      take({ index, row: measureCell(cell, settings) });
      // A progress line is drawn, and Ctrl-C heard, between two cells.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return rows;
  }
  const left = cells.map((cell, index): Job => ({ index, cell }));
  const threads = Math.min(workerCount, cells.length);
  await Promise.all(Array.from({ length: threads }, () => drive(left, settings, take)));
  return rows;
}

/** One thread, until no job is left. */
function drive(left: Job[], settings: VirtualSettings, take: (answer: Answer) => void): Promise<void> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { role, settings } });
  return new Promise<void>((resolve, reject) => {
    const next = (): void => {
      const job = left.shift();
      if (job === undefined) resolve();
      else worker.postMessage(job);
    };
    worker.on('message', (answer: Answer) => {
      take(answer);
      next();
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a worker thread of the bench ended before its work')));
    next();
  }).finally(() => worker.terminate());
}

/** What a worker thread does. */
function serve(settings: VirtualSettings): void {
  parentPort?.on('message', ({ index, cell }: Job) => {
    parentPort?.postMessage({ index, row: measureCell(cell, settings) } satisfies Answer);
  });
}

const given = workerData as { readonly role?: unknown; readonly settings: VirtualSettings } | null;
if (!isMainThread && given?.role === role) serve(given.settings);
