// A small exactness trial on real models; `outrider trial exactness` is the full one.

import { expect, it } from 'vitest';
import { trialExactness } from '../../laboratory/trials/exactness/exactness.ts';
import { modeNames } from '../../src/core/protocol/wire/mode.ts';
import { defaultPair } from '../../src/models/files/manifest-data.ts';

it('every mode writes the same text as the target alone', async () => {
  const { rows, summary } = await trialExactness({
    target: defaultPair.target,
    draft: defaultPair.draft,
    tokens: 20,
    roundTripsMs: [20],
    temperatures: [0, 0.8],
    modes: modeNames,
    promptCount: 2,
    callSizes: [2, 33],
    contextLengths: [64, 600],
  });
  expect(summary).toMatchObject({ wrong: 0, shapeMismatches: 0, engineGreedyWrong: 0, identical: rows.length });
  expect(new Set(rows.map((row) => (row as { mode: string }).mode))).toEqual(new Set(modeNames));
  expect(summary['acceptedDrafts']).toBeGreaterThan(20);
});
