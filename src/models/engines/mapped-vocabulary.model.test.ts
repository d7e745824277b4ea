// The real default target without most of its vocabulary as a draft for itself: for the kept tokens it must give the logits of the
// whole model, and its file must be sufficient for a device to encode text.

import { beforeAll, describe, expect, it } from 'vitest';
import { acquireModel } from '../files/acquire.ts';
import { folderOfAll } from '../gguf/folder.fixture.ts';
import { cutVocabulary } from '../gguf/mapped-draft.fixture.ts';
import { describeModelContract, feed } from '../port/model.contract.ts';
import { skipAsks } from '../port/model-asks.contract.ts';
import { type OpenModelOptions, openModel } from './open-model.ts';

const options: OpenModelOptions = { role: 'draft', sequences: 3, contextLength: 512, exact: true };
const keptCount = 20_000;
const here = folderOfAll();
let path: string;

beforeAll(async () => {
  path = here('cut.gguf');
  const { path: target } = await acquireModel('smollm2-135m');
  await cutVocabulary(
    target,
    path,
    Array.from({ length: keptCount }, (_, id) => id),
  );
});

describeModelContract('a cut vocabulary on llama.cpp', () => openModel(path, options), {
  skip: skipAsks('it only drafts, and lacks most ids'),
});

describe('a cut vocabulary on llama.cpp', () => {
  it("has the target's tokenizer and agrees with the target about the kept tokens", async () => {
    await using draft = await openModel(path, options);
    await using target = await openModel('smollm2-135m', { ...options, role: 'target' });
    expect(draft.tokenizer.hash).toBe(target.tokenizer.hash);
    const messages = [{ role: 'user', content: 'How many legs has a spider? <|im_end|> Größe 12' }] as const;
    const ids = target.tokenizer.encodeChat(messages);
    expect(draft.tokenizer.encodeChat(messages)).toEqual(ids);
    expect(draft.tokenizer.endIds).toEqual(target.tokenizer.endIds);
    const plain = ids.filter((id) => id < keptCount);
    const expected = await feed(target, target.openSequence(), plain, 16);
    const found = await feed(draft, draft.openSequence(), plain, 16);
    for (const [index, { ids, logits }] of expected.entries()) {
      const known = ids.map((id, at) => [id, logits[at]]).filter(([id]) => (id as number) < keptCount);
      const said = found[index];
      expect(said?.ids.map((id, at) => [id, said.logits[at]]).slice(0, known.length)).toEqual(known);
    }
  });

  it('can be no target', async () => {
    await expect(openModel(path, { ...options, role: 'target' })).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
