import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenText } from './token-text.ts';

function recounted(text: TokenText, start: number, id: number): number {
  return text.slice(start).filter((other) => other === id).length;
}

describe('a text of tokens', () => {
  it('counts ids as a recount does, in every value that was continued, forked or left behind', () => {
    const step = fc.record({
      from: fc.nat(30),
      ids: fc.array(fc.nat(4), { maxLength: 6 }),
      start: fc.constantFrom(0, 3),
    });
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 8 }), fc.array(step, { maxLength: 25 }), (prompt, steps) => {
        const texts = [TokenText.of(prompt)];
        const views = [];
        for (const { from, ids, start } of steps) {
          const base = texts[from % texts.length] as TokenText;
          const next = base.append(ids);
          texts.push(next);
          for (const text of [next, base]) {
            const counts = text.countsFrom(start);
            views.push({ text, start, counts });
            for (const id of [0, 1, 2, 3, 4]) expect(counts.get(id) ?? 0).toBe(recounted(text, start, id));
          }
        }
        // A view stays right after other values were read.
        for (const { text, start, counts } of views) {
          for (const id of [0, 4]) expect(counts.get(id) ?? 0).toBe(recounted(text, start, id));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a value of a text', () => {
  it('does not see what was appended after it', () => {
    const text = TokenText.of([1, 2]);
    const longer = text.append([3]);
    expect(() => text.at(2)).toThrow('no token at 2 of 2');
    expect(longer.at(2)).toBe(3);
    expect(() => longer.at(3)).toThrow('no token');
    expect(text.slice(0)).toEqual([1, 2]);
    expect(text.slice(1, 9)).toEqual([2]);
  });

  it('that was continued twice has two continuations', () => {
    const text = TokenText.of([1, 2]);
    const [one, other] = [text.append([3]), text.append([4, 5])];
    expect(one.slice(0)).toEqual([1, 2, 3]);
    expect(other.slice(0)).toEqual([1, 2, 4, 5]);
    // Also where the longer one came first.
    expect(text.append([6]).slice(0)).toEqual([1, 2, 6]);
  });

  it('is the same value when nothing is appended', () => {
    const text = TokenText.of([1, 2]);
    expect(text.append([])).toBe(text);
  });

  it('is a prefix by its ids, whether storage is shared or not', () => {
    const text = TokenText.of([1, 2]);
    for (const other of [text.append([3]), TokenText.of([1, 2, 3]), TokenText.of([1, 2])]) {
      expect(text.isPrefixOf(other)).toBe(true);
    }
    for (const other of [TokenText.of([1]), TokenText.of([1, 3, 3]), TokenText.of([2, 2])]) {
      expect(text.isPrefixOf(other)).toBe(false);
    }
    expect(text.append([3]).isPrefixOf(text) || text.append([3]).isPrefixOf(text.append([4, 5]))).toBe(false);
  });
});
