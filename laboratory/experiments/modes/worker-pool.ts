// The cells of `bench modes --clock virtual` and of `bench auto` in worker threads.

import { serveWork, type Work } from '../../../simulator/runner/worker-pool.ts';
import { type AutoCell, type AutoFound, type AutoSettings, measureAuto } from './auto-cell.ts';
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
export const autoWork: Work<AutoCell, AutoFound, AutoSettings> = {
  role: 'outrider bench auto',
  file: import.meta.url,
  measure: measureAuto,
};
serveWork(modesWork);
serveWork(autoWork);

function isRival(cell: VirtualCell | RivalCell): cell is RivalCell {
  return isEmulated(cell.mode);
}
