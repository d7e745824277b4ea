import { describe, expect, it } from 'vitest';
import type { Candidates } from '../../core/decoding/candidates.ts';
import { describeModelContract } from '../port/model.contract.ts';
import type { EvaluateItem, LanguageModel } from '../port/model.ts';
import { skipAsks } from '../port/model-asks.contract.ts';
import { createToyModel } from '../port/toy.ts';
import { createToyTokenizer } from '../port/toy-tokenizer.ts';
import { mapVocabulary } from './mapped-vocabulary.ts';

const size = 4096;
const draftSize = 1024;
const tokenizer = createToyTokenizer(size);
/** Every fourth token, in an order that is not the target's. */
const ids: number[] = Array.from({ length: draftSize }, (_, index) => 4 * ((index * 513) % draftSize));
const inputs: number[] = Array.from({ length: size }, (_, id) => ids.indexOf(id - (id % 4)));

function openMapped(): LanguageModel {
  const inner = createToyModel({ seed: 3, role: 'draft', vocabularySize: draftSize, sequences: 3, contextLength: 200 });
  return mapVocabulary(inner, { ids, inputs }, tokenizer);
}

describeModelContract('a smaller vocabulary behind a map', async () => openMapped(), {
  skip: skipAsks('it only drafts, and lacks most ids'),
});

describe('a smaller vocabulary behind a map', () => {
  it("has the target's tokenizer, and says how much of the vocabulary the draft has", () => {
    const model = openMapped();
    expect(model.tokenizer.hash).toBe(tokenizer.hash);
    expect(model.identity.description).toContain("1024 of the target's 4096 tokens");
  });

  it('maps each input token to its stand-in, and answers in ids of the target', async () => {
    const seen: number[][] = [];
    const said: Candidates = { ids: [5, 900, 2, 7], logits: [3, 1, 1, 0.5] };
    const toy = createToyModel({ seed: 3, role: 'draft', vocabularySize: draftSize });
    const inner: LanguageModel = {
      ...toy,
      evaluate: async (items: readonly EvaluateItem[]) => {
        seen.push(...items.map(({ tokens }) => [...tokens]));
        return items.map(() => [said]);
      },
    };
    const model = mapVocabulary(inner, { ids, inputs }, tokenizer);
    const [rows] = await model.evaluate([{ sequence: model.openSequence(), tokens: [8, 9, 11, 4095], rows: 1 }]);
    const at = (draftId: number): number => ids[draftId] as number;
    expect(seen).toEqual([[ids.indexOf(8), ids.indexOf(8), ids.indexOf(8), ids.indexOf(4092)]]);
    // Equal logits: the lower id of the target comes first, whatever its id in the draft.
    const tied = [at(900), at(2)].sort((left, right) => left - right);
    expect(rows?.[0]).toEqual({ ids: [at(5), ...tied, at(7)], logits: [3, 1, 1, 0.5] });
    expect(at(900)).toBeGreaterThan(at(2));
  });

  it("treats an id beyond the target's vocabulary as a bug", async () => {
    const model = openMapped();
    const item = { sequence: model.openSequence(), tokens: [size], rows: 1 };
    await expect(model.evaluate([item])).rejects.toMatchObject({ name: 'InvariantError' });
  });
});
