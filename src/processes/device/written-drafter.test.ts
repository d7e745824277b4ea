import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../core/decoding/sampling.ts';
import { WrittenDrafter } from './written-drafter.ts';

const other = {
  draft: async () => ({ token: 99, confidence: 0.5 }),
  async [Symbol.asyncDispose](): Promise<void> {},
};
const ask = (drafter: WrittenDrafter, text: readonly number[], committedLength: number) =>
  drafter.draft({ text, promptLength: 2, committedLength, sampling: neutralSampling }).then((draft) => draft?.token);

describe('drafts of a text that is written already', () => {
  it('are its tokens, after committed text and drafts alike', async () => {
    const drafter = new WrittenDrafter([5, 6, 7], other);
    expect(await ask(drafter, [1, 2], 2)).toBe(5);
    expect(await ask(drafter, [1, 2, 5, 6], 3)).toBe(7);
  });

  it('come from another drafter beyond its end, and where the text has left it', async () => {
    const drafter = new WrittenDrafter([5, 6, 7], other);
    expect(await ask(drafter, [1, 2, 5, 6, 7], 5)).toBe(99);
    expect(await ask(drafter, [1, 2, 5, 8], 3)).toBe(99);
    // That draft was rejected: the text is the written one after all.
    expect(await ask(drafter, [1, 2, 5, 6], 4)).toBe(7);
    expect(await ask(drafter, [1, 2, 5, 6, 8], 5)).toBe(99);
    expect(await ask(new WrittenDrafter([], null), [1, 2], 2)).toBeUndefined();
  });
});
