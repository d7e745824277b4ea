import { describe, expect, it } from 'vitest';
import { LookUp } from './look-up.ts';
import { DraftedText } from './token-list.ts';
import { TokenText } from './token-text.ts';

const prompt = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const repeating = Array.from({ length: 60 }, (_, index) => 100 + (index % 7));

/** Reads a text token by token as it is committed. */
function followed(text: readonly number[], promptLength = prompt.length): LookUp {
  const lookUp = new LookUp();
  for (let length = promptLength; length <= text.length; length++)
    lookUp.follow(text.slice(0, length), promptLength, length);
  return lookUp;
}

/** Reads it at once. */
function read(text: readonly number[], promptLength = prompt.length): LookUp {
  const lookUp = new LookUp();
  lookUp.follow(text, promptLength, text.length);
  return lookUp;
}

describe('looking up', () => {
  it('gives the continuation, the match length, and the chance that it is right', () => {
    const lookUp = read([...prompt, 3, 4, 5]);
    expect(lookUp.next()).toMatchObject({ token: 6, matchLength: 3 });
    expect(lookUp.next()?.chance).toBeGreaterThan(0.3);
    expect(lookUp.next()?.chance).toBeLessThan(0.9);
  });

  it('gives nothing without a match', () => {
    const lookUp = read([...prompt, 20, 21]);
    expect(lookUp.next()).toBeUndefined();
    expect(lookUp.draft(4, 0)).toEqual([]);
  });

  it('trusts longer matches more', () => {
    const chances = [2, 3, 4, 5, 6, 7, 8].map((length) => {
      const found = read([...prompt, 30, ...prompt.slice(0, length)]).next();
      expect(found?.matchLength).toBe(length);
      return found?.chance ?? 0;
    });
    expect([...chances].sort((left, right) => left - right)).toEqual(chances);
  });

  it('drafts on while the chain is likely enough', () => {
    const lookUp = read([...prompt, 1, 2]);
    const all = lookUp.draft(10, 0);
    expect(all.map(({ token }) => token)).toEqual([3, 4, 5, 6, 7, 8, 9, 1, 2, 3]);
    const product = (count: number): number => all.slice(0, count).reduce((chance, guess) => chance * guess.chance, 1);
    expect(lookUp.draft(10, product(3)).length).toBe(3);
    expect(lookUp.draft(10, 0)).toEqual(all);
    expect(lookUp.draft(2, 0)).toEqual(all.slice(0, 2));
  });
});

describe('a text that is read in parts', () => {
  const text = [...prompt, ...Array.from({ length: 80 }, (_, index) => 100 + (index % 7))];
  const committed = TokenText.of(text);

  it('finds nothing until it is complete, and then the same', () => {
    const whole = read(text);
    const parts = new LookUp(12_345);
    const lengths: number[] = [];
    while (parts.length < text.length) {
      expect(parts.next()).toBeUndefined();
      expect(parts.draft(4, 0)).toEqual([]);
      parts.follow(new DraftedText(committed), prompt.length, text.length, 20);
      lengths.push(parts.length);
    }
    expect(lengths).toEqual([20, 40, 60, 80, 89]);
    expect(parts.next()).toEqual(whole.next());
    expect(parts.draft(6, 0)).toEqual(whole.draft(6, 0));
  });

  it('follows a text value as it follows an array, through drafts, commits and another text', () => {
    const [arrays, values] = [new LookUp(), new LookUp(7)];
    let value = TokenText.of(prompt);
    const both = (drafts: readonly number[]): void => {
      const array = [...value.slice(0), ...drafts];
      const shared = arrays.follow(array, prompt.length, value.length);
      expect(values.follow(new DraftedText(value, drafts), prompt.length, value.length)).toBe(shared);
      expect(values.next()).toEqual(arrays.next());
    };
    for (const drafts of [[1], [1, 2], [1, 2, 3], [4], []]) both(drafts);
    value = value.append([1, 2, 9]);
    for (const drafts of [[], [1], [1, 2]]) both(drafts);
    value = TokenText.of([...prompt, 1, 5, 6]);
    both([7]);
  });

  it('reads only what is new', () => {
    let reads = 0;
    class Watched extends DraftedText {
      override at(index: number): number | undefined {
        reads += 1;
        return super.at(index);
      }
    }
    const lookUp = new LookUp();
    lookUp.follow(new Watched(committed), prompt.length, text.length);
    reads = 0;
    lookUp.follow(new Watched(committed.append([1, 2]), [3]), prompt.length, text.length + 2);
    expect(reads).toBeLessThan(10);
  });
});

describe('the learnt rate', () => {
  it('rises where the text repeats itself and falls where it only seems to', () => {
    const right = followed([...prompt, ...repeating]).next()?.chance ?? 0;
    expect(right).toBeGreaterThan(0.95);
    // Pairs that occur again and again, each time with a new continuation.
    const misleading = Array.from({ length: 90 }, (_, index) => (index % 3 === 2 ? 200 + index : 50 + (index % 3)));
    const wrong = followed([...prompt, ...misleading, 50, 51]).next();
    expect(wrong).toMatchObject({ matchLength: 2 });
    expect(wrong?.chance).toBeLessThan(0.15);
  });

  it('forgets: old trials count less than new ones', () => {
    const misleading = Array.from({ length: 400 }, (_, index) => (index % 3 === 2 ? 200 + index : 50 + (index % 3)));
    const before = followed([...prompt, ...misleading, 50, 51]).next()?.chance ?? 1;
    const pairs = Array.from({ length: 90 }, (_, index) => [50, 51, 52, 1000 + index][index % 4] as number);
    const after = followed([...prompt, ...misleading, ...pairs, 50, 51]).next()?.chance ?? 0;
    expect(after).toBeGreaterThan(before + 0.25);
  });

  it('does not depend on drafts in between', () => {
    const text = [...prompt, ...repeating];
    const plain = followed(text);
    const drafting = new LookUp();
    for (let length = prompt.length; length <= text.length; length++) {
      const drafts = [7, 7, length % 5].slice(0, length % 4);
      drafting.follow([...text.slice(0, length + (length % 3)), ...drafts], prompt.length, length);
    }
    drafting.follow(text, prompt.length, text.length);
    expect(drafting.next()).toEqual(plain.next());
    expect(drafting.draft(5, 0)).toEqual(plain.draft(5, 0));
  });

  it('stays for the next turn; its prompt is no trial', () => {
    const first = [...prompt, ...repeating];
    const lookUp = followed(first);
    const chance = lookUp.next()?.chance;
    const second = [...first, 70, 71, ...repeating.slice(0, 8)];
    lookUp.follow(second, second.length, second.length);
    expect(lookUp.next()?.matchLength).toBe(8);
    expect(lookUp.next()?.chance).toBe(chance);
  });
});

describe('a text that is taken back', () => {
  const text = [...prompt, ...repeating];

  it('counts the committed part again, from the end of the prompt, where it has changed', () => {
    // Right up to position 30; then each pair continues differently, so look-up errs from there on.
    const wrong = Array.from({ length: 36 }, (_, index) => (index % 3 === 2 ? 300 + index : 100 + (index % 3)));
    const other = [...text.slice(0, 30), ...wrong, 100, 101];
    const lookUp = followed(text);
    lookUp.follow(other, prompt.length, other.length);
    const fresh = followed(other);
    expect(lookUp.next()).toMatchObject({ token: fresh.next()?.token, matchLength: 2 });
    expect(lookUp.next()?.chance).toBeLessThan(0.35);
  });

  it('counts each committed token once, read at once or in parts, again or not', () => {
    const often = followed(text);
    for (let again = 0; again < 5; again++) often.follow(text, prompt.length, text.length);
    for (const other of [often, followed(text)]) expect(other.next()).toEqual(read(text).next());
  });

  it('tells how much of it was known', () => {
    const lookUp = followed(text);
    expect(lookUp.follow([...text.slice(0, 40), 1], prompt.length, 41)).toBe(40);
    expect(lookUp.length).toBe(41);
  });
});
