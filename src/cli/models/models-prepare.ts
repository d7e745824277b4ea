// `outrider models prepare`: finds how calls of a target must be shaped on this machine, and notes it, so that the first answer need not
// wait for it.

import { existsSync } from 'node:fs';
import { describeLaw } from '../../core/decoding/shape-law.ts';
import { modelLabel, printDocument } from '../../files/document.ts';
import { openModel } from '../../models/engines/open-model.ts';
import { acquireModel } from '../../models/files/acquire.ts';
import { forgetLaws } from '../../models/files/cache-inventory.ts';
import { findPair, isModelPath, requireModels } from '../../models/files/manifest.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { createLawReport } from './acquire-report.ts';
import { prepareModels } from './model-room.ts';

/** As `outrider edge` opens it; for `outrider run`, which takes fewer sessions, the same law is then only confirmed. */
export const preparedSize = { sequences: 8, contextLength: 2048 } as const;

export interface PrepareFlags {
  /** A model, a pair (then its target) or the path of a GGUF file. */
  readonly name: string;
  readonly json?: boolean;
  /** Forget what was found for the model before. */
  readonly again?: boolean;
}

/**
 * @throws OutriderError `exact-refused`, and what opening throws
 */
export async function runPrepare({ name, json, again }: PrepareFlags): Promise<void> {
  const spec = targetOf(name);
  const shown = modelLabel(spec);
  await prepareModels([{ spec, ...preparedSize }], 'close other programs, or take a smaller model');
  if (again === true) await forgetLaws((await acquireModel(spec)).sha256);
  const report = createLawReport(spec);
  const startMs = performance.now();
  let found: ReturnType<typeof whatHolds>;
  try {
    const { onLawProgress } = report;
    await using model = await openModel(spec, { role: 'target', ...preparedSize, exact: true, onLawProgress });
    found = whatHolds(model);
  } finally {
    report.stop();
  }
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  if (json === true) {
    const row = { name: shown, ...found };
    const params = { name: modelLabel(name), again: again === true };
    return printDocument('models prepare', { rows: [row], summary: { ...row, seconds }, params });
  }
  process.stdout.write(`${shown}  ${found.law}${found.weights === 'plain' ? ', weights not repacked' : ''}\n`);
}

/** @throws OutriderError `model-unknown` */
function targetOf(name: string): string {
  if (isModelPath(name) && existsSync(name)) return name;
  requireModels(name);
  return findPair(name)?.target ?? name;
}

function whatHolds({ limits, exactness }: LanguageModel) {
  return { law: describeLaw(limits.law), weights: exactness?.weights ?? null };
}
