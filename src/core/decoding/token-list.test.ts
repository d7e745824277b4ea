import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BranchedText, DraftedText, LastText } from './token-list.ts';
import { TokenText } from './token-text.ts';

describe('a text with drafts', () => {
  it('reads like the array of both', () => {
    const ids = fc.array(fc.nat(5), { maxLength: 12 });
    fc.assert(
      fc.property(ids, ids, fc.nat(26), fc.nat(26), fc.nat(14), (committed, drafts, from, to, start) => {
        const text = new DraftedText(TokenText.of(committed), drafts);
        const array = [...committed, ...drafts];
        expect(text.length).toBe(array.length);
        expect(text.slice()).toEqual(array);
        expect(text.slice(from, to)).toEqual(array.slice(from, to));
        for (const index of array.keys()) expect(text.at(index)).toBe(array[index]);
        expect(text.at(array.length)).toBeUndefined();
        const counts = text.countsFrom(Math.min(start, committed.length));
        for (let id = 0; id < 6; id += 1) {
          const expected = array.slice(Math.min(start, committed.length)).filter((other) => other === id).length;
          expect(counts.get(id) ?? 0).toBe(expected);
        }
      }),
    );
  });

  it('reads like the array where it leaves another text', () => {
    const ids = fc.array(fc.nat(5), { maxLength: 8 });
    fc.assert(
      fc.property(ids, ids, fc.nat(8), fc.nat(18), fc.nat(18), (before, tokens, place, from, to) => {
        const position = Math.min(place, before.length);
        const text = new BranchedText(new DraftedText(TokenText.of(before)), position, tokens);
        const array = [...before.slice(0, position), ...tokens];
        expect(text.length).toBe(array.length);
        expect(text.slice(from)).toEqual(array.slice(from));
        expect(text.slice(from, to)).toEqual(array.slice(from, to));
        for (let index = 0; index <= array.length; index += 1) expect(text.at(index)).toBe(array[index]);
      }),
    );
  });

  it('is known to share the committed part with the text before, and nothing with a text that it does not continue', () => {
    const last = new LastText();
    const text = TokenText.of([1, 2, 3]);
    expect(last.sharedWith(new DraftedText(text, [9]))).toBe(0);
    expect(last.sharedWith(new DraftedText(text.append([4, 5]), [6]))).toBe(3);
    expect(last.sharedWith(new DraftedText(text, [4]))).toBe(3);
    expect(last.sharedWith(new DraftedText(TokenText.of([1, 7])))).toBe(0);
    expect(last.sharedWith([1, 7])).toBe(0);
    expect(last.sharedWith(new DraftedText(text))).toBe(0);
  });
});
