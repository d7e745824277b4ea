// The cells of `outrider bench auto` in worker threads.

import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import type { AutoCell } from './cells.ts';
import { type AutoFound, type AutoSettings, measureAuto } from './measure.ts';

export const autoWork: Work<AutoCell, AutoFound, AutoSettings> = {
  role: 'outrider bench auto',
  file: import.meta.url,
  measure: (cell, settings) => measureAuto(cell, settings),
};
serveWork(autoWork);
