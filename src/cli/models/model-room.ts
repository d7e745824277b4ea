// The models that a command is about to open, with a progress bar where they have to be fetched first.

import { modelLabel } from '../../files/document.ts';
import { prepareModels as prepare } from '../../models/engines/prepare-models.ts';
import { acquireModel } from '../../models/files/acquire.ts';
import type { PlannedOpening } from '../../models/files/memory-check.ts';
import { demandPair } from '../../models/gguf/pair-check.ts';
import { needsFile } from '../../models/port/model-spec.ts';
import { withAcquireReport } from './acquire-report.ts';

/** @throws OutriderError `memory-full`, and what acquireModel throws */
export function prepareModels(openings: readonly PlannedOpening[], remedy: string): Promise<void> {
  return withAcquireReport((options) => prepare(openings, remedy, options));
}

/**
 * Whether the two can work together, from their files; the other kinds of drafts fit any target. Files that are missing are fetched.
 * @throws OutriderError `tokenizer-mismatch`, and what acquireModel throws
 */
export async function demandFittingDraft(target: string, draft: string | undefined): Promise<void> {
  if (draft === undefined || !needsFile(target) || !needsFile(draft)) return;
  await withAcquireReport(async (acquiring) => {
    const { path } = await acquireModel(target, acquiring);
    const names = { target: modelLabel(target), draft: modelLabel(draft) };
    await demandPair(path, (await acquireModel(draft, acquiring)).path, names);
  });
}
