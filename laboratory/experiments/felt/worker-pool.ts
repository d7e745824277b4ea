// The runs of `outrider bench felt` in worker threads.

import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { type FeltCell, type FeltRun, measureFelt } from './run.ts';

export const feltWork: Work<FeltCell, FeltRun, null> = {
  role: 'outrider bench felt',
  file: import.meta.url,
  measure: (cell) => measureFelt(cell),
};
serveWork(feltWork);
