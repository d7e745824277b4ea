import { expect, it } from 'vitest';
import type { LanguageModel } from './model.ts';
import { PrefixSequence } from './prefix-sequence.ts';
import { createToyModel } from './toy.ts';

/** A toy, and the tokens of each call that it was asked for; calls from the `failing`-th on fail. */
function countingToy(failing = Number.POSITIVE_INFINITY): { model: LanguageModel; calls: number[] } {
  const toy = createToyModel({ seed: 1, role: 'target', sequences: 2 });
  const calls: number[] = [];
  const evaluate: LanguageModel['evaluate'] = async (items) => {
    calls.push(...items.map(({ tokens }) => tokens.length));
    if (calls.length > failing) throw new Error('the engine failed');
    return toy.evaluate(items);
  };
  return { model: { ...toy, limits: { ...toy.limits, maxItemTokens: 4 }, evaluate }, calls };
}

const text = [5, 6, 7, 8, 9, 10];

it('evaluates only what differs, and always the last token', async () => {
  const { model, calls } = countingToy();
  const [one, fresh] = [new PrefixSequence(model), new PrefixSequence(model)];
  await one.follow(text);
  await one.follow([...text, 11]);
  expect(await one.follow([5, 6, 3])).toEqual(await fresh.follow([5, 6, 3]));
  expect(await one.follow([5, 6, 3])).toEqual(await one.follow([5, 6, 3]));
  expect(calls).toEqual([4, 2, 1, 1, 3, 1, 1]);
});

it('says how much of a text it holds', async () => {
  const one = new PrefixSequence(countingToy().model);
  await one.append(text, 0);
  expect(one.sharedLength([5, 6, 1, 8], 4)).toBe(2);
  expect(one.sharedLength(text, 5)).toBe(5);
  expect(one.sharedLength([5, 1], 2, 2)).toBe(2);
  await one.truncate(3);
  expect(one.sharedLength(text, 6)).toBe(3);
});

it('knows what it holds after a call that failed', async () => {
  const { model } = countingToy(1);
  const one = new PrefixSequence(model);
  await expect(one.follow(text)).rejects.toThrow('the engine failed');
  expect(one.sharedLength(text, 6)).toBe(4);
});
