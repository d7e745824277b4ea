// Exact: real models, real sockets, drafts and a handful of modes; each text is the target's own. `outrider trial exactness` is the full one.

import { expect, it } from 'vitest';
import { trialExactness } from '../../laboratory/trials/exactness/exactness.ts';
import { defaultPair } from '../../src/models/files/manifest-data.ts';

it('real models write the text of the target alone, drawn and undrawn, with drafts of device and edge', async () => {
  const { rows, summary } = await trialExactness({
    target: defaultPair.target,
    draft: defaultPair.draft,
    tokens: 16,
    roundTripsMs: [20],
    temperatures: [0, 0.8],
    modes: ['stream', 'mix'],
    promptCount: 2,
    callSizes: [2, 33],
    contextLengths: [64],
  });
  expect(rows.length).toBeGreaterThanOrEqual(8);
  expect(summary).toMatchObject({ wrong: 0, shapeMismatches: 0, engineGreedyWrong: 0, identical: rows.length });
  expect(summary['acceptedDrafts']).toBeGreaterThan(10);
});
