// Gets the files of all models that are about to be opened, in one process or several, and refuses to begin where they don't fit into memory
// together. What the files alone take is asked before any of them is fetched.

import { type AcquireProgress, acquireModel } from '../files/acquire.ts';
import { findModel } from '../files/manifest.ts';
import { demandFileMemory, demandMemory, type PlannedModel, type PlannedOpening } from '../files/memory-check.ts';
import { readNaming } from '../gguf/cursor.ts';
import { readDecoder } from '../gguf/decoder.ts';
import { readModel } from '../gguf/model-files.ts';
import { needsFile } from '../port/model-spec.ts';

/** @throws OutriderError `memory-full`, `model-unreadable` for a file that writes no text, and what acquireModel throws */
export async function prepareModels(
  openings: readonly PlannedOpening[],
  remedy: string,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: AcquireProgress) => void },
): Promise<void> {
  const entries = openings.map(({ spec }) => findModel(spec)).filter((entry) => entry !== undefined);
  await demandFileMemory(entries, { remedy });
  const models: PlannedModel[] = [];
  for (const { spec, sequences, contextLength } of openings.filter((opening) => needsFile(opening.spec))) {
    const { path } = await acquireModel(spec, { signal, onProgress });
    const header = await readModel(path);
    // The numbers of a header that makes no sense would be taken for a need of memory.
    const { trainedContext } = readNaming(path, () => readDecoder(header));
    models.push({ path, sequences, contextLength: Math.min(contextLength, trainedContext) });
  }
  await demandMemory(models, { remedy });
}
