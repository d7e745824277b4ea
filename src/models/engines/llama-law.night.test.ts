// How a law is found, followed and remembered by llama.cpp itself, on copies of the default target in a K format: its repacked
// kernels take rows in groups of four. Needs node-llama-cpp and the default target.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { freeLaw } from '../../core/decoding/shape-law.ts';
import { checkShapes } from '../exactness/shape-check.ts';
import { besideOthers } from '../exactness/shape-histories.ts';
import { acquireModel } from '../files/acquire.ts';
import { folderOfAll } from '../gguf/folder.fixture.ts';
import { readGguf } from '../gguf/gguf-file.ts';
import { recodeModel } from '../gguf/recode.ts';
import { vocabularyOf } from '../gguf/vocabulary.ts';
import { openLlamaModel } from './llama.ts';
import { loadLlamaModel, startLlamaEngine } from './llama-engine.ts';
import { createLlamaContext, LlamaLanguageModel } from './llama-model.ts';
import { createLlamaTokenizer } from './llama-tokenizer.ts';
import type { WeightLayout } from './llama-weights.ts';

const here = folderOfAll();
let path = '';
beforeAll(async () => {
  path = here('q4_k.gguf');
  await recodeModel((await acquireModel('smollm2-135m')).path, path, 'Q4_K');
});

const size = { sequences: 3, contextLength: 300 };
const few = { contextLengths: [30], callSizes: [2, 3, 4, 5, 8, 9], positions: 18, histories: [besideOthers] };

/** What calls of different shapes differ by, and the logits of one row. */
async function seenOf(weights: WeightLayout) {
  const engine = await startLlamaEngine('off');
  const loaded = await loadLlamaModel(engine, path, { vocabularyOnly: false, weights });
  const tokenizer = createLlamaTokenizer(engine, loaded, vocabularyOf(await readGguf(path)));
  await using model = new LlamaLanguageModel(
    loaded,
    await createLlamaContext(loaded, { ...size, threads: 1 }),
    tokenizer,
  );
  model.adopt(freeLaw);
  const { shapeMismatches } = await checkShapes(model, few);
  const sequence = model.openSequence();
  const [[candidates] = []] = await model.evaluate([{ sequence, tokens: tokenizer.encode('Why is the sky'), rows: 1 }]);
  return { shapeMismatches, logits: candidates?.logits };
}

describe('weights that are not repacked', () => {
  it('give the same bits in every call; other models are loaded as before', async () => {
    if ((await startLlamaEngine('off')).repacking === null) return;
    const plain = await seenOf('plain');
    expect(plain.shapeMismatches).toBe(0);
    // Other kernels, other bits. Whether these depend on the shape of a call differs from processor to processor.
    const repacked = await seenOf('repacked');
    expect(repacked.logits).toHaveLength(plain.logits?.length ?? 0);
    expect(repacked.logits).not.toEqual(plain.logits);
    expect(await seenOf('plain')).toEqual(plain);
  });
});

describe('a model with K-quants', () => {
  const open = (changes: { onLawProgress?: () => void; sequences?: number } = {}) =>
    openLlamaModel({ path, ...size, exact: true, cacheDirectory: here(), ...changes });

  it('is exact by a law that it names, and that is searched once', async () => {
    let searched = 0;
    const onLawProgress = (): void => {
      searched += 1;
    };
    await using model = await open({ onLawProgress });
    expect(searched).toBeGreaterThan(10);
    expect(model.identity.description).toMatch(/exact: .*(rows?|shape)/);
    expect(model.exactness?.comparisons).toBeGreaterThan(200);
    expect(model.exactness?.costs.map(({ rows }) => rows)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await checkShapes(model, { ...few, contextLengths: [30, 200] })).shapeMismatches).toBe(0);
    searched = 0;
    await using again = await open({ onLawProgress });
    expect(again.identity).toEqual(model.identity);
    // Confirmed, not searched, where only the number of sequences differs.
    await using larger = await open({ onLawProgress, sequences: 4 });
    expect(larger.identity.fingerprint).toBe(model.identity.fingerprint);
    expect(searched).toBe(0);
  });

  it('is refused as exact where no law was found, with the reason and a remedy', async () => {
    const laws = here('laws');
    for (const name of await readdir(laws)) {
      const record = JSON.parse(await readFile(join(laws, name), 'utf8')) as { finding: object };
      const failed = [{ law: 'any shape', history: 'calls of 4 at 20' }];
      await writeFile(
        join(laws, name),
        JSON.stringify({ ...record, finding: { ...record.finding, law: null, failed } }),
      );
    }
    await expect(open()).rejects.toMatchObject({
      code: 'exact-refused',
      message: expect.stringMatching(/exact is refused: q4_k\.gguf .*any shape: bits differ in calls of 4 at 20/),
      remedy: expect.stringContaining('--fast'),
    });
    await using fast = await openLlamaModel({ path, ...size, exact: false, countsChanges: true });
    expect(fast.identity.description).toMatch(/fast: \d+ of 144 choices differ/);
  });
});
