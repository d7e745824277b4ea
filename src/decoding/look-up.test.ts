import { describe, expect, it } from 'vitest';
import { LookUp } from './look-up.ts';

const prompt = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Follows a text token by token as it is committed. */
function followed(text: readonly number[], promptLength = prompt.length): LookUp {
  const lookUp = new LookUp();
  for (let length = promptLength; length <= text.length; length++)
    lookUp.follow(text.slice(0, length), promptLength, length);
  return lookUp;
}

describe('looking up', () => {
  it('says what followed, how much was alike, and how likely that is to be right', () => {
    const lookUp = new LookUp();
    lookUp.follow([...prompt, 3, 4, 5], prompt.length, prompt.length + 3);
    expect(lookUp.next()).toMatchObject({ token: 6, matchLength: 3 });
    expect(lookUp.next()?.chance).toBeGreaterThan(0.3);
    expect(lookUp.next()?.chance).toBeLessThan(0.9);
  });

  it('says nothing where nothing is alike', () => {
    const lookUp = new LookUp();
    lookUp.follow([...prompt, 20, 21], prompt.length, prompt.length + 2);
    expect(lookUp.next()).toBeUndefined();
    expect(lookUp.draft(4, 0)).toEqual([]);
  });

  it('takes longer matches for more likely', () => {
    const chances = [2, 3, 4, 5, 6, 7, 8].map((length) => {
      const lookUp = new LookUp();
      lookUp.follow([...prompt, 30, ...prompt.slice(0, length)], prompt.length, prompt.length + 1 + length);
      const found = lookUp.next();
      expect(found?.matchLength).toBe(length);
      return found?.chance ?? 0;
    });
    expect([...chances].sort((left, right) => left - right)).toEqual(chances);
  });

  it('drafts on while the chain is likely enough', () => {
    const lookUp = new LookUp();
    lookUp.follow([...prompt, 1, 2], prompt.length, prompt.length + 2);
    const all = lookUp.draft(10, 0);
    expect(all.map(({ token }) => token)).toEqual([3, 4, 5, 6, 7, 8, 9, 1, 2, 3]);
    const product = (count: number): number => all.slice(0, count).reduce((chance, guess) => chance * guess.chance, 1);
    expect(lookUp.draft(10, product(3)).length).toBe(3);
    expect(lookUp.draft(10, 0)).toEqual(all);
    expect(lookUp.draft(2, 0)).toEqual(all.slice(0, 2));
  });
});

describe('what it has learnt', () => {
  const repeating = Array.from({ length: 60 }, (_, index) => 100 + (index % 7));

  it('rises where the text repeats itself and falls where it only seems to', () => {
    const right = followed([...prompt, ...repeating]).next()?.chance ?? 0;
    expect(right).toBeGreaterThan(0.95);
    // Pairs that come again and again, each time with something new behind them.
    const misleading = Array.from({ length: 90 }, (_, index) => (index % 3 === 2 ? 200 + index : 50 + (index % 3)));
    const wrong = followed([...prompt, ...misleading, 50, 51]).next();
    expect(wrong).toMatchObject({ matchLength: 2 });
    expect(wrong?.chance).toBeLessThan(0.15);
  });

  it('forgets: what held long ago counts less than what holds now', () => {
    const misleading = Array.from({ length: 400 }, (_, index) => (index % 3 === 2 ? 200 + index : 50 + (index % 3)));
    const before = followed([...prompt, ...misleading, 50, 51]).next()?.chance ?? 1;
    const pairs = Array.from({ length: 90 }, (_, index) => [50, 51, 52, 1000 + index][index % 4] as number);
    const after = followed([...prompt, ...misleading, ...pairs, 50, 51]).next()?.chance ?? 0;
    expect(after).toBeGreaterThan(before + 0.25);
  });

  it('does not depend on what was drafted meanwhile', () => {
    const text = [...prompt, ...repeating];
    const plain = followed(text);
    const drafting = new LookUp();
    for (let length = prompt.length; length <= text.length; length++) {
      const drafts = [7, 7, length % 5].slice(0, length % 4);
      drafting.follow(
        [...text.slice(0, length), ...text.slice(length, length + (length % 3)), ...drafts],
        prompt.length,
        length,
      );
    }
    drafting.follow(text, prompt.length, text.length);
    expect(drafting.next()).toEqual(plain.next());
    expect(drafting.draft(5, 0)).toEqual(plain.draft(5, 0));
  });

  it('does not depend on how often it was asked', () => {
    const text = [...prompt, ...repeating];
    const once = new LookUp();
    once.follow(text, prompt.length, text.length);
    expect(once.next()).toEqual(followed(text).next());
  });

  it('stays with the next turn, whose prompt is no trial', () => {
    const first = [...prompt, ...repeating];
    const lookUp = followed(first);
    const chance = lookUp.next()?.chance;
    const second = [...first, 70, 71, ...repeating.slice(0, 8)];
    lookUp.follow(second, second.length, second.length);
    expect(lookUp.next()?.matchLength).toBe(8);
    expect(lookUp.next()?.chance).toBe(chance);
  });
});
