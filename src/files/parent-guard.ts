// A thread that ends its process when the process that has started it is gone, whatever else runs in it.

import { isMainThread, workerData } from 'node:worker_threads';

/** URL of this file, for a `Worker` with {@link ParentGuardData}. */
export const parentGuardUrl: string = import.meta.url;

export interface ParentGuardData {
  readonly role: 'parent guard';
  readonly parent: number;
}

const checkEveryMs = 500;

const data = workerData as ParentGuardData | null;
if (!isMainThread && data?.role === 'parent guard') {
  setInterval(() => {
    if (process.ppid !== data.parent) process.kill(process.pid, 'SIGKILL');
  }, checkEveryMs);
}
