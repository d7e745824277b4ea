// `outrider models prepare`: finds how calls of a target must be shaped on this machine, and notes it, so that the first answer need not
// wait for it.

import { describeLaw } from '../decoding/shape-law.ts';
import { requireModels } from '../models/manifest.ts';
import type { LanguageModel } from '../models/model.ts';
import { openModel } from '../models/open-model.ts';
import { printDocument } from './document.ts';
import { createLawReport } from './law-report.ts';
import { prepareModels } from './model-room.ts';

/** As `outrider run` opens it, so that what is found here is all that it needs. */
export const preparedSize = { sequences: 2, contextLength: 2048 } as const;

/** @param name a model, or a pair: then its target. @throws OutriderError `exact-refused`, and what opening throws */
export async function runPrepare(name: string, { json }: { readonly json?: boolean }): Promise<void> {
  const [entry] = requireModels(name);
  const spec = entry?.name ?? name;
  await prepareModels([{ spec, ...preparedSize }], 'close other programs, or take a smaller model');
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
    const row = { name: spec, ...found };
    return printDocument('models prepare', { rows: [row], summary: { ...row, seconds }, params: { name } });
  }
  process.stdout.write(`${spec}  ${found.law}${found.weights === 'plain' ? ', weights as in the file' : ''}\n`);
}

function whatHolds({ limits, exactness }: LanguageModel) {
  return { law: describeLaw(limits.law), weights: exactness?.weights ?? null };
}
