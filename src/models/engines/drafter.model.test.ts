// Alternatives beside a draft of the default draft model, in the same pass: the same drafts as from each text alone. Needs node-llama-cpp.

import { expect, it } from 'vitest';
import type { AlternativeOrder } from '../../core/decoding/alternative.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { sampleTokens } from '../exactness/sample-text.ts';
import { defaultPair } from '../files/manifest-data.ts';
import { type Draft, ModelDrafter } from '../port/drafter.ts';
import { openModel } from './open-model.ts';

it('drafts beside the text what it drafts from each text alone', async () => {
  const shape = { sequences: 3, contextLength: 256, threads: 1, exact: true };
  await using model = await openModel(defaultPair.draft, { role: 'draft', ...shape });
  // Both share the model: the first takes two sequences, the second one.
  await using drafter = new ModelDrafter(model);
  await using single = new ModelDrafter(model);
  const request = { promptLength: 40, sampling: neutralSampling };
  const alone = async (text: readonly number[]): Promise<object> => {
    const { work: _work, ...draft } = (await single.draft({ ...request, text })) as Draft;
    return draft;
  };
  const tokens = sampleTokens(model.tokenizer, 90);
  let alternative: AlternativeOrder | null = null;
  let compared = 0;
  for (let length = 40; length < 80; length += 1) {
    const text = tokens.slice(0, length);
    const alternatives: AlternativeOrder[] = alternative === null ? [] : [alternative];
    const made = (await drafter.draft({ ...request, text, alternatives })) as Draft;
    const { alternatives: beside, work: _, ...draft } = made;
    expect(draft).toEqual(await alone(text));
    expect(beside?.length ?? 0).toBe(alternatives.length);
    for (const { id, position, ...made } of beside ?? []) {
      const { position: start, tokens: own } = alternatives[0] as AlternativeOrder;
      expect([id, position]).toEqual([1, start + own.length]);
      expect(made).toEqual(await alone([...text.slice(0, start), ...own]));
      compared += 1;
      alternative = { id: 1, position: start, tokens: [...own, made.token] };
    }
    // A new one now and then, so that sequences are copied, read on and cut.
    if (length % 7 === 0 && draft.runnerUp !== undefined)
      alternative = { id: 1, position: length, tokens: [draft.runnerUp.token] };
  }
  expect(compared).toBeGreaterThan(30);
}, 120_000);
