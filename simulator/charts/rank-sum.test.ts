import { expect, it } from 'vitest';
import { rankSumP } from './rank-sum.ts';

it('is the share of choices whose rank sum is as far from its mean', () => {
  // Of the 20 choices of 3 of 6, two are the farthest: all of the lowest, all of the highest.
  expect(rankSumP([1, 2, 3], [4, 5, 6])).toBeCloseTo(2 / 20, 12);
  expect(rankSumP([4, 5, 6], [1, 2, 3])).toBeCloseTo(2 / 20, 12);
  // One exchange of neighbours: 1 + 2 + 4, and its mirror image, besides.
  expect(rankSumP([1, 2, 4], [3, 5, 6])).toBeCloseTo(4 / 20, 12);
  expect(rankSumP([1, 2], [3, 4, 5, 6, 7, 8])).toBeCloseTo(2 / 28, 12);
});

it('gives equal values their middle rank', () => {
  expect(rankSumP([5, 5, 5], [5, 5])).toBe(1);
  // Ranks 1, 2.5, 2.5, 4: of six choices of two, 1 + 2.5 occurs twice, and 2.5 + 4 as well.
  expect(rankSumP([1, 2], [2, 3])).toBeCloseTo(4 / 6, 12);
});

it('knows ten against ten, and a sample without values', () => {
  const low = Array.from({ length: 10 }, (_, index) => index);
  expect(
    rankSumP(
      low,
      low.map((value) => value + 100),
    ),
  ).toBeCloseTo(2 / 184_756, 15);
  expect(rankSumP([], low)).toBe(1);
});

it('is near the exact one by the normal distribution, equal values included, and quick with hundreds', () => {
  const evens = Array.from({ length: 20 }, (_, index) => 2 * index);
  const shifted = evens.map((value) => value + 9);
  const tied = evens.map((value) => Math.floor(value / 12));
  const tiedShifted = tied.map((value, index) => value + (index % 2));
  for (const [one, other] of [
    [evens, shifted],
    [tied, tiedShifted],
    [evens.slice(4, 12), shifted],
  ] as const) {
    const [exact, near] = [rankSumP(one, other), rankSumP(one, other, 0)];
    expect(exact).toBeGreaterThan(0.001);
    expect(exact).toBeLessThan(0.6);
    expect(Math.abs(near - exact)).toBeLessThan(0.012);
    expect(near).not.toBe(exact);
  }
  const many = Array.from({ length: 400 }, (_, index) => index);
  // Each value once more, half a step higher: Mann-Whitney's U is 400 * 401 / 2 of 400 * 400, and its spread is large.
  expect(
    rankSumP(
      many,
      many.map((value) => value + 0.5),
    ),
  ).toBeGreaterThan(0.9);
  expect(
    rankSumP(
      many,
      many.map((value) => value + 60),
    ),
  ).toBeLessThan(1e-6);
  expect(rankSumP([], many)).toBe(1);
  expect(rankSumP(many, [])).toBe(1);
});
