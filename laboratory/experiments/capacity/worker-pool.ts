// The units of `outrider bench capacity` in worker threads.

import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { type CapacityCell, type CapacityRun, measureCapacity } from './cell.ts';

export const capacityWork: Work<CapacityCell, CapacityRun, null> = {
  role: 'outrider bench capacity',
  file: import.meta.url,
  measure: (cell) => measureCapacity(cell),
};
serveWork(capacityWork);
