// What becomes of a turn that fails: toy models, real sockets, and a draft that breaks down in the middle of its text.

import { expect, it } from 'vitest';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { type Cell, writeAll } from './exactness.ts';
import { keyOf, writeAlone } from './references.ts';
import { shareModel } from './share-model.ts';

const tokens = 8;
const toy = (role: 'target' | 'draft') => createToyModel({ seed: 1, role, sequences: 16, contextLength: 512 });

/** Fails from the third call on. */
function breaking(model: LanguageModel): LanguageModel {
  const share = shareModel(model, 8);
  let calls = 0;
  return {
    ...share,
    evaluate: (items) => {
      calls += 1;
      return calls > 2 ? Promise.reject(new Error('the draft is broken')) : share.evaluate(items);
    },
  };
}

it('a turn that fails is one wrong row with its cause, and the others are written', async () => {
  await using target = toy('target');
  await using draft = toy('draft');
  const ids = target.tokenizer.encode('Write to me.');
  const drafts = new Map([
    ['whole', shareModel(draft, 8)],
    ['broken', breaking(draft)],
    ['used up', shareModel(draft, 0)],
  ]);
  const cells = ['whole', 'broken', 'used up', 'whole'].map((name): Cell => {
    const prompt = { name, task: 'test', ids };
    return { prompt, promptIndex: 0, mode: 'stream', temperature: 0, roundTripMs: 0, draft: name };
  });
  const [reference = []] = await writeAlone(target, ids, [neutralSampling], tokens);
  const models = { target: shareModel(target, 5), drafts, edgeDraft: toy('draft') };
  const rows = await writeAll(models, cells, new Map([[keyOf(0, 0), reference]]), { tokens });
  expect(rows).toHaveLength(4);
  const found = (draft: string) => rows.filter((row) => row.draft === draft);
  expect(found('whole').map(({ identical, code }) => ({ identical, code }))).toEqual([
    { identical: true, code: '' },
    { identical: true, code: '' },
  ]);
  expect(found('used up')).toMatchObject([{ identical: false, code: 'edge-full', tokens: 0 }]);
  expect(found('broken')).toMatchObject([
    { identical: false, code: 'internal', cause: 'the draft model failed: the draft is broken' },
  ]);
});
