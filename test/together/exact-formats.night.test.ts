// A small exactness trial of formats and families; `outrider trial exactness --formats` and `--pair qwen2.5-coder` are the full ones. The
// second pair is tried if it is in the cache, or if OUTRIDER_TEST_PAIR=1 allows the download of 1.6 GB.

import { expect, it } from 'vitest';
import { trialExactness } from '../../laboratory/trials/exactness/exactness.ts';
import { trialFormats } from '../../laboratory/trials/exactness/formats.ts';
import { modelPath } from '../../src/models/files/acquire.ts';
import { defaultCacheDirectory, fileBytes } from '../../src/models/files/cache.ts';
import { requireModels } from '../../src/models/files/manifest.ts';
import { defaultPair } from '../../src/models/files/manifest-data.ts';

const small = {
  tokens: 12,
  roundTripsMs: [0],
  temperatures: [0, 0.8],
  callSizes: [2, 4, 5, 9],
  contextLengths: [64],
  promptCount: 2,
  whichPrompts: 'shortest',
} as const;

async function isCached(pair: string): Promise<boolean> {
  const paths = requireModels(pair).map((entry) => modelPath(defaultCacheDirectory(), entry));
  return (await Promise.all(paths.map((path) => fileBytes(path)))).every((bytes) => bytes !== undefined);
}

it('targets in other weight formats write the same text in a session as alone', async () => {
  const { summary } = await trialFormats(['Q8_0', 'Q4_0'], {
    ...small,
    target: defaultPair.target,
    modes: ['ar', 'stream', 'sd'],
  });
  expect(summary).toMatchObject({ formats: 2, refused: 0, wrong: 0, shapeMismatches: 0, texts: 24, identical: 24 });
});

const isPairHere = process.env['OUTRIDER_TEST_PAIR'] === '1' || (await isCached('qwen2.5-coder'));

it.runIf(isPairHere)('the second pair, in a K format, writes what its target writes by itself', async () => {
  const [target, draft] = requireModels('qwen2.5-coder').map(({ name }) => name);
  const { rows, summary } = await trialExactness({
    ...small,
    target: target as string,
    draft: draft as string,
    modes: ['ar', 'stream', 'psd', 'edge-sd'],
  });
  expect(summary).toMatchObject({ wrong: 0, shapeMismatches: 0, identical: rows.length });
  expect(summary['acceptedDrafts']).toBeGreaterThan(10);
});
