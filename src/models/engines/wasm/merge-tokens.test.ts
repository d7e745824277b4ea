import { expect, it } from 'vitest';
import { createRandom } from '../../../core/basics/philox.ts';
import { mergeTokens } from './merge-tokens.ts';

const random = createRandom(5);
const letters = ['a', 'b', 'c'];

/** All pairs of some parts, in an order of their own. */
function someRanks(): Map<string, number> {
  const parts = [...letters];
  const ranks = new Map<string, number>();
  for (let rank = 0; rank < 40; rank++) {
    const pick = (): string => parts[Math.floor(random.uniform() * parts.length)] as string;
    const left = pick();
    const right = pick();
    if (ranks.has(`${left} ${right}`)) continue;
    ranks.set(`${left} ${right}`, rank);
    parts.push(left + right);
  }
  return ranks;
}

/** The rule as it is said: the lowest rank first, the leftmost of equal ones. */
function slowly(characters: readonly string[], ranks: ReadonlyMap<string, number>): string[] {
  const parts = [...characters];
  for (;;) {
    const found = parts.map((part, index) => ranks.get(`${part} ${parts[index + 1]}`) ?? Infinity);
    const best = Math.min(...found, Infinity);
    if (best === Infinity) return parts;
    const at = found.indexOf(best);
    parts.splice(at, 2, `${parts[at]}${parts[at + 1]}`);
  }
}

it('merges the pair of the lowest rank first, of equal ones the leftmost', () => {
  for (let round = 0; round < 300; round++) {
    const ranks = someRanks();
    const word = Array.from({ length: 1 + Math.floor(random.uniform() * 40) }, () => {
      return letters[Math.floor(random.uniform() * letters.length)] as string;
    });
    expect(mergeTokens(word, ranks), word.join('')).toEqual(slowly(word, ranks));
  }
});

it('leaves a word without merges as it is, also none', () => {
  expect(mergeTokens([], new Map())).toEqual([]);
  expect(mergeTokens(['a', 'b'], new Map([['b a', 0]]))).toEqual(['a', 'b']);
});

it('takes a word of 200,000 characters in its stride', () => {
  const ranks = new Map([
    ['a a', 0],
    ['aa aa', 1],
  ]);
  const parts = mergeTokens(new Array<string>(200_001).fill('a'), ranks);
  expect(parts.length).toBe(50_001);
});
