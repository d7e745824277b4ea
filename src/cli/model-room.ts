// Gets the files of all models that a command is about to open, in one process or several, and refuses to begin where they don't fit
// into memory together. What the files alone take is asked before any of them is fetched.

import { acquireModel } from '../model-files/acquire.ts';
import { findModel } from '../model-files/manifest.ts';
import { demandFileMemory, demandMemory, type PlannedModel, type PlannedOpening } from '../model-files/memory-check.ts';
import { needsFile } from '../models/model-spec.ts';
import { createAcquireReport } from './acquire-report.ts';
import { withInterrupt } from './interrupt.ts';

/** @throws OutriderError `memory-full`, and what acquireModel throws */
export async function prepareModels(openings: readonly PlannedOpening[], remedy: string): Promise<void> {
  const entries = openings.map(({ spec }) => findModel(spec)).filter((entry) => entry !== undefined);
  await demandFileMemory(entries, { remedy });
  const report = createAcquireReport();
  const models: PlannedModel[] = [];
  try {
    await withInterrupt(async (signal) => {
      for (const { spec, ...shape } of openings.filter((opening) => needsFile(opening.spec))) {
        const { path } = await acquireModel(spec, { signal, onProgress: report.onProgress });
        models.push({ path, ...shape });
      }
    });
  } finally {
    report.stop();
  }
  await demandMemory(models, { remedy });
}
