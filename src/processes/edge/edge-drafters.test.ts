import { describe, expect, it } from 'vitest';
import { supposedPrices } from '../../core/decoding/pass-times.ts';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { linearStepTime } from '../../core/scheduling/step-time.ts';
import type { LanguageModel } from '../../models/port/model.ts';
import { createToyModel } from '../../models/port/toy.ts';
import { EdgeDrafters } from './edge-drafters.ts';

const prompt = Array.from({ length: 40 }, (_, index) => 70 + index);

function counting(sequences: number): { model: LanguageModel; evaluated: () => number } {
  const model = createToyModel({ seed: 3, role: 'draft', sequences });
  let evaluated = 0;
  const evaluate: LanguageModel['evaluate'] = (items) => {
    for (const { tokens } of items) evaluated += tokens.length;
    return model.evaluate(items);
  };
  const counted = { ...model, evaluate, openSequence: () => model.openSequence() };
  return { model: counted, evaluated: () => evaluated };
}

/** Time of each draft, on a clock that advances when it is read. */
function draftersWith(model: LanguageModel, ms = 0, hedges = 0): EdgeDrafters {
  let nowMs = 0;
  const clock = { nowMs: () => (nowMs += ms), after: () => () => {} };
  return new EdgeDrafters({ model, draftLength: 4, draftTime: linearStepTime(5, 0), hedges }, clock);
}

const takeFor = (drafters: EdgeDrafters, owner: string, text: readonly number[] = prompt) =>
  drafters.take({ owner, conversation: '', promptLength: prompt.length }, text);

function asked(text: readonly number[]) {
  return { text, promptLength: prompt.length, sampling: neutralSampling };
}

describe('the drafters of an edge', () => {
  it("keep a conversation's KV sequence from turn to turn", async () => {
    const { model, evaluated } = counting(4);
    const drafters = draftersWith(model);
    const first = takeFor(drafters, 'a');
    const token = await first.next(asked(prompt));
    expect(evaluated()).toBe(40);
    first.leave();
    const work = { tokens: 1, continued: 0, started: 0, copied: 0 };
    expect(await takeFor(drafters, 'a').next(asked(prompt))).toEqual({ ...token, work });
    expect(evaluated()).toBe(41);
    await drafters.close();
  });

  it('leave every KV sequence of the model to others when they are closed', async () => {
    const { model } = counting(2);
    const drafters = draftersWith(model);
    const [idle, running] = [takeFor(drafters, 'a'), takeFor(drafters, 'b')];
    await idle.next(asked(prompt));
    await running.next(asked(prompt));
    idle.leave();
    expect(() => model.openSequence()).toThrow(expect.objectContaining({ code: 'edge-full' }));
    await drafters.close();
    for (let count = 0; count < 2; count += 1) model.openSequence();
  });

  it('give a text what its owner has left of it, and overwrite no long text for a short beginning', async () => {
    const { model, evaluated } = counting(3);
    const drafters = draftersWith(model);
    const draftFor = async (owner: string, text: readonly number[]): Promise<number> => {
      const before = evaluated();
      const drafter = takeFor(drafters, owner, text);
      await drafter.next(asked(text));
      drafter.leave();
      return evaluated() - before;
    };
    const [next, title] = [
      [...prompt, 1, 2, 3],
      [...prompt.slice(0, 5), 9],
    ];
    expect(await draftFor('a', prompt)).toBe(40);
    expect(await draftFor('b', next)).toBe(43);
    expect(await draftFor('a', title)).toBe(6);
    expect(await draftFor('a', next)).toBe(3);
    expect(await draftFor('b', prompt)).toBe(1);
    await drafters.close();
  });

  it('have a sequence for each hedge, and take none of those of other sessions', async () => {
    const { model } = counting(4);
    const drafters = draftersWith(model, 0, 1);
    const alternatives = [1, 2, 3].map((id) => ({ id, position: 36 + id, tokens: [id, id] }));
    const draft = await takeFor(drafters, 'a').next({ ...asked(prompt), alternatives });
    expect(draft?.alternatives?.map(({ id }) => id)).toEqual([1]);
    const second = takeFor(drafters, 'b');
    expect((await second.next({ ...asked(prompt), alternatives }))?.alternatives).toHaveLength(1);
    expect(() => takeFor(drafters, 'c')).toThrow();
    await drafters.close();
  });

  it('measure what an alternative adds to a pass', async () => {
    const drafters = draftersWith(counting(4).model, 10, 1);
    const taken = takeFor(drafters, 'a');
    expect(drafters.prices).toEqual(supposedPrices);
    const alternatives = [{ id: 1, position: 39, tokens: [5] }];
    for (const more of [{}, {}, { alternatives }]) await taken.next({ ...asked(prompt), ...more });
    // All passes take the same time here, so the price of an alternative that begins falls from the supposed one, and no other.
    const { started, copied } = drafters.prices;
    expect(Math.min(started, copied)).toBeLessThan(0.5);
    expect(drafters.prices).toMatchObject({ token: 0.5, continued: 0.5 });
    await drafters.close();
  });

  it('never share a sequence that is in use, and reuse the longest idle one when there is no other', async () => {
    const { model } = counting(2);
    const drafters = draftersWith(model);
    const [one, two] = [takeFor(drafters, 'a'), takeFor(drafters, 'a')];
    expect(() => takeFor(drafters, 'a')).toThrow();
    two.leave();
    one.leave();
    await takeFor(drafters, 'b').next(asked(prompt));
    await drafters.close();
  });

  it('reuse the longest idle sequence when others hold the rest of the model', async () => {
    const { model } = counting(2);
    const others = model.openSequence();
    const drafters = draftersWith(model);
    takeFor(drafters, 'a').leave();
    await takeFor(drafters, 'b').next(asked(prompt));
    expect(() => takeFor(drafters, 'c')).toThrow(expect.objectContaining({ code: 'edge-full' }));
    await drafters.close();
    await others.release();
  });

  it('measure their drafts, except the first of a turn', async () => {
    const { model } = counting(1);
    const drafters = draftersWith(model, 9);
    const drafter = takeFor(drafters, 'a');
    await drafter.next(asked(prompt));
    expect(drafters.draftMs).toBe(5);
    for (let more = 0; more < 60; more += 1) await drafter.next(asked([...prompt, more]));
    expect(drafters.draftMs).toBeGreaterThan(8.5);
    await drafters.close();
  });
});
