// The cells of the virtual bench in worker threads.

import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { measureRival, type RivalCell } from './emulated-rivals.ts';
import { type LoadedCell, measureLoaded } from './loaded-cell.ts';
import { isEmulated, type ModeRow } from './metrics.ts';
import { measureCell, type VirtualCell, type VirtualSettings } from './virtual-cell.ts';

export type AnyCell = VirtualCell | RivalCell | LoadedCell;

export const modesWork: Work<AnyCell, ModeRow, VirtualSettings> = {
  role: 'outrider bench modes',
  file: import.meta.url,
  measure(cell, settings) {
    if ('sessions' in cell) return measureLoaded(cell, settings);
    return isRival(cell) ? measureRival(cell, settings) : measureCell(cell, settings);
  },
};
serveWork(modesWork);

function isRival(cell: VirtualCell | RivalCell): cell is RivalCell {
  return isEmulated(cell.mode);
}
