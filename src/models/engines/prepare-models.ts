// Gets the files of all models that are about to be opened, in one process or several, and refuses to begin where they don't fit into memory
// together. What the files alone take is asked before any of them is fetched.

import { type AcquireProgress, acquireModel } from '../files/acquire.ts';
import { findModel } from '../files/manifest.ts';
import { demandFileMemory, demandMemory, type PlannedModel, type PlannedOpening } from '../files/memory-check.ts';
import { needsFile } from '../port/model-spec.ts';

/** @throws OutriderError `memory-full`, and what acquireModel throws */
export async function prepareModels(
  openings: readonly PlannedOpening[],
  remedy: string,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: AcquireProgress) => void },
): Promise<void> {
  const entries = openings.map(({ spec }) => findModel(spec)).filter((entry) => entry !== undefined);
  await demandFileMemory(entries, { remedy });
  const models: PlannedModel[] = [];
  for (const { spec, ...shape } of openings.filter((opening) => needsFile(opening.spec))) {
    const { path } = await acquireModel(spec, { signal, onProgress });
    models.push({ path, ...shape });
  }
  await demandMemory(models, { remedy });
}
