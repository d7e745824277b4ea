// The models that a command is about to open, with a progress bar where they have to be fetched first.

import { prepareModels as prepare } from '../../models/engines/prepare-models.ts';
import type { PlannedOpening } from '../../models/files/memory-check.ts';
import { withAcquireReport } from './acquire-report.ts';

/** @throws OutriderError `memory-full`, and what acquireModel throws */
export function prepareModels(openings: readonly PlannedOpening[], remedy: string): Promise<void> {
  return withAcquireReport((options) => prepare(openings, remedy, options));
}
