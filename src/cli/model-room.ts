// The models that a command is about to open, with a progress bar where they have to be fetched first.

import { prepareModels as prepare } from '../engines/prepare-models.ts';
import type { PlannedOpening } from '../model-files/memory-check.ts';
import { createAcquireReport } from './acquire-report.ts';
import { withInterrupt } from './interrupt.ts';

/** @throws OutriderError `memory-full`, and what acquireModel throws */
export async function prepareModels(openings: readonly PlannedOpening[], remedy: string): Promise<void> {
  const report = createAcquireReport();
  try {
    await withInterrupt((signal) => prepare(openings, remedy, { signal, onProgress: report.onProgress }));
  } finally {
    report.stop();
  }
}
