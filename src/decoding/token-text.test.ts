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

  it('is a prefix of what continues it, and of no other text', () => {
    const text = TokenText.of([1, 2, 3]);
    const longer = text.append([4]);
    const fork = text.append([5, 6]);
    expect(text.isPrefixOf(longer) && text.isPrefixOf(fork)).toBe(true);
    expect(longer.isPrefixOf(fork) || longer.isPrefixOf(text)).toBe(false);
    expect(fork.slice(0)).toEqual([1, 2, 3, 5, 6]);
  });
});
