// A model with two sets of rotation frequencies, as Phi-3 and Phi-4 have them: the engine takes the one or the other for all of a text, by
// the size of the context. Needs node-llama-cpp, and no model.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLlamaModel } from '../../../../src/models/engines/llama.ts';
import { encodeModel, integer, makeTensors, text, withMetadata } from './model-file.ts';
import { headWidth, llama } from './models.ts';

const originalContext = 1024;
let folder = '';
let path = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-long-rope-'));
  path = join(folder, 'model.gguf');
  const model = withMetadata(llama(7), {
    'llama.rope.scaling.type': text('longrope'),
    'llama.rope.scaling.original_context_length': integer(originalContext),
  });
  const factors = (factor: number) => ({ shape: [headWidth / 2], valueAt: () => factor });
  const tensors = makeTensors(7, 'F32', {
    'rope_factors_long.weight': factors(9),
    'rope_factors_short.weight': factors(1),
  });
  await writeFile(path, encodeModel({ ...model, tensors: [...model.tensors, ...tensors] }));
});
afterAll(() => rm(folder, { recursive: true }));

/** What the model makes of a text, and under which fingerprint. */
async function tried(contextLength: number) {
  const options = { path, sequences: 2, contextLength, exact: false, cacheDirectory: folder };
  await using model = await openLlamaModel(options);
  const sequence = model.openSequence();
  const [rows] = await model.evaluate([{ sequence, tokens: [70, 71, 72, 73, 74, 75], rows: 1 }]);
  await sequence.release();
  return { logits: rows?.[0]?.logits, fingerprint: model.identity.fingerprint };
}

it('has a fingerprint for each of them', async () => {
  const [short, other, long] = [await tried(300), await tried(500), await tried(3000)];
  expect(other).toEqual(short);
  expect(long.logits).not.toEqual(short.logits);
  expect(long.fingerprint).not.toBe(short.fingerprint);
});
