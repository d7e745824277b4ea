import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlternativeOrder } from '../../core/decoding/alternative.ts';
import { neutralSampling, type Sampling } from '../../core/decoding/sampling.ts';
import { type Draft, ModelDrafter } from './drafter.ts';
import type { EvaluateItem, LanguageModel, ModelSequence } from './model.ts';
import { createToyModel } from './toy.ts';

const prompt = Array.from({ length: 12 }, (_, index) => 300 + index * 7);
const toy = { seed: 5, role: 'draft', vocabularySize: 2048, contextLength: 256 } as const;

/** Counts the tokens of each call; optionally its sequences can't be copied, or copying does something else. */
function watched(sequences: number, copies = true, copyBadly?: (own: ModelSequence) => Promise<void>) {
  const inner = createToyModel({ ...toy, sequences });
  const calls: number[][] = [];
  const evaluate: LanguageModel['evaluate'] = (items: readonly EvaluateItem[]) => {
    calls.push(items.map(({ tokens }) => tokens.length));
    return inner.evaluate(items);
  };
  const openSequence = (): ReturnType<LanguageModel['openSequence']> => {
    const sequence = inner.openSequence();
    if (!copies) Object.assign(sequence, { copyFrom: undefined });
    if (copyBadly !== undefined) Object.assign(sequence, { copyFrom: () => copyBadly(sequence) });
    return sequence;
  };
  const model: LanguageModel = { ...inner, evaluate, openSequence };
  return { model, calls };
}

/** What a drafter says that has never seen another text. */
async function alone(text: readonly number[], sampling: Sampling): Promise<Omit<Draft, 'work'> | null> {
  await using drafter = new ModelDrafter(createToyModel({ ...toy, sequences: 1 }));
  const draft = await drafter.draft({ text, promptLength: prompt.length, sampling });
  if (draft === null) return null;
  const { work: _work, ...made } = draft;
  return made;
}

const request = { promptLength: prompt.length, sampling: neutralSampling };

describe('a draft with alternatives', () => {
  it('is that of each text alone, whatever was asked before', async () => {
    const token = fc.integer({ min: 300, max: 310 });
    const branch = fc.tuple(fc.nat(6), fc.array(token, { minLength: 1, maxLength: 4 }));
    const step = fc.record({
      keep: fc.nat(8),
      add: fc.array(token, { maxLength: 4 }),
      branches: fc.array(branch, { maxLength: 3 }),
    });
    const samplings: Sampling[] = [
      neutralSampling,
      { ...neutralSampling, temperature: 0.8, frequencyPenalty: 0.5, seed: 4n },
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(1, 2, 3),
        fc.boolean(),
        fc.constantFrom(...samplings),
        async (steps, sequences, copies, sampling) => {
          await using drafter = new ModelDrafter(watched(sequences, copies).model);
          let text = prompt;
          for (const { keep, add, branches } of steps) {
            text = [...text.slice(0, Math.max(prompt.length, text.length - keep)), ...add];
            const alternatives: AlternativeOrder[] = branches.map(([back, tokens], index) => ({
              id: index + 1,
              position: Math.max(prompt.length, text.length - back),
              tokens,
            }));
            const asked = { text, alternatives, promptLength: prompt.length, sampling };
            const whole: Partial<Draft> = (await drafter.draft(asked)) ?? {};
            const { alternatives: found = [], work: _work, ...draft } = whole;
            expect(draft).toEqual(await alone(text, sampling));
            if (copies) expect(found.length).toBe(Math.min(sequences - 1, alternatives.length));
            for (const { id, position, ...made } of found) {
              const order = alternatives.find((one) => one.id === id) as AlternativeOrder;
              expect(position).toBe(order.position + order.tokens.length);
              expect(made).toEqual(await alone([...text.slice(0, order.position), ...order.tokens], sampling));
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is one call with a token for each text, and nothing is evaluated again when the alternative becomes the text', async () => {
    const { model, calls } = watched(2);
    await using drafter = new ModelDrafter(model);
    let text = [...prompt, 400];
    await drafter.draft({ ...request, text });
    const branch = { id: 1, position: prompt.length, tokens: [401] };
    const first = await drafter.draft({ ...request, text: [...text, 402], alternatives: [branch] });
    const next = first?.alternatives?.[0]?.token as number;
    await drafter.draft({ ...request, text: [...text, 402, 403], alternatives: [{ ...branch, tokens: [401, next] }] });
    text = [...prompt, 401, next];
    await drafter.draft({ ...request, text: [...text, 404] });
    // And back: what the other sequence holds is not forgotten.
    await drafter.draft({ ...request, text: [...prompt, 400, 402, 403, 405] });
    expect(calls).toEqual([[13], [1, 1], [1, 1], [1], [1]]);
  });

  it('says what each pass has evaluated', async () => {
    await using drafter = new ModelDrafter(watched(2).model);
    const works: unknown[] = [];
    const draft = async (text: readonly number[], alternatives: readonly AlternativeOrder[] = []): Promise<void> => {
      works.push((await drafter.draft({ ...request, text, alternatives }))?.work);
    };
    const branch = { id: 1, position: prompt.length, tokens: [401] };
    await draft(prompt);
    await draft([...prompt, 400], [branch]);
    await draft([...prompt, 400, 402], [{ ...branch, tokens: [401, 404] }]);
    await draft([...prompt, 400, 402, 405, 406]);
    // Its sequence holds all of the text but two tokens: nothing is copied.
    await draft([...prompt, 400, 402, 405, 406, 407], [{ id: 2, position: prompt.length + 1, tokens: [408] }]);
    const none = { continued: 0, started: 0, copied: 0 };
    expect(works).toEqual([
      { ...none, tokens: prompt.length },
      { ...none, tokens: 1, copied: 1 },
      { ...none, tokens: 1, continued: 1 },
      { ...none, tokens: 2 },
      { ...none, tokens: 1, started: 1 },
    ]);
  });

  it('reads a text again where the engine can not copy, and leaves out one that is far behind', async () => {
    const { model, calls } = watched(2, false);
    await using drafter = new ModelDrafter(model);
    const text = [...prompt, 400];
    const branch = { id: 1, position: prompt.length, tokens: [401] };
    await drafter.draft({ ...request, text, alternatives: [branch] });
    expect(calls).toEqual([[13, 13]]);
    const later = [...text, ...Array.from({ length: 20 }, (_, index) => 500 + index)];
    const far = { id: 2, position: later.length - 1, tokens: [402] };
    expect((await drafter.draft({ ...request, text: later, alternatives: [far] }))?.alternatives).toBeUndefined();
    const near = { id: 3, position: prompt.length + 4, tokens: [403] };
    expect((await drafter.draft({ ...request, text: later, alternatives: [near] }))?.alternatives?.length).toBe(1);
    expect(calls.slice(1)).toEqual([[20], [1, 5]]);
  });

  it('reads a text again, and goes on right, where a copy fails halfway', async () => {
    let copies = 0;
    const { model } = watched(2, true, async (own) => {
      copies += 1;
      await own.truncate(0);
      await model.evaluate([{ sequence: own, tokens: [9, 9, 9, 9], rows: 0 }]);
      throw new Error('the engine has copied something else');
    });
    await using drafter = new ModelDrafter(model);
    let text: number[] = prompt;
    await drafter.draft({ ...request, text });
    for (const token of [400, 402, 403]) {
      text = [...text, token];
      const alternatives = [{ id: 1, position: text.length - 1, tokens: [401] }];
      const asked = { ...request, text, alternatives };
      const { alternatives: found, work: _work, ...draft } = (await drafter.draft(asked)) as Draft;
      expect(draft).toEqual(await alone(text, neutralSampling));
      const [{ id: _id, position: _position, ...made }] = found as [NonNullable<typeof found>[number]];
      expect(made).toEqual(await alone([...text.slice(0, -1), 401], neutralSampling));
    }
    // An engine that can't copy after all is not asked again.
    expect(copies).toBe(1);
  });

  it('leaves alternatives out where there is one sequence, or no room', async () => {
    await using single = new ModelDrafter(watched(1).model);
    const branch = { id: 1, position: prompt.length, tokens: [401] };
    const text = [...prompt, 400];
    expect((await single.draft({ ...request, text, alternatives: [branch] }))?.alternatives).toBeUndefined();
    await using drafter = new ModelDrafter(watched(2).model);
    const long = { ...branch, tokens: Array.from({ length: 250 }, () => 401) };
    const draft = await drafter.draft({ ...request, text, alternatives: [long] });
    expect(draft).not.toBeNull();
    expect(draft?.alternatives).toBeUndefined();
  });

  it('reads a text again after its sequences were emptied, once', async () => {
    const { model, calls } = watched(1);
    await using drafter = new ModelDrafter(model);
    const first = await drafter.draft({ ...request, text: prompt });
    drafter.forget();
    expect(drafter.overlapWith(prompt)).toEqual({ shared: 0, held: 0 });
    expect(await drafter.draft({ ...request, text: prompt })).toEqual(first);
    await drafter.draft({ ...request, text: [...prompt, 300] });
    expect(calls).toEqual([[prompt.length], [prompt.length], [1]]);
  });

  it('gives its sequences back', async () => {
    const { model } = watched(2);
    const drafter = new ModelDrafter(model);
    await drafter.draft({ ...request, text: prompt, alternatives: [{ id: 1, position: 3, tokens: [401] }] });
    expect(() => model.openSequence()).toThrow(/in use/);
    await drafter[Symbol.asyncDispose]();
    expect([model.openSequence().length, model.openSequence().length]).toEqual([0, 0]);
  });
});
