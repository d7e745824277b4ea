import { describe, expect, it } from 'vitest';
import { hedgesAtPrice, mostHedges } from './hedge-count.ts';

describe('the most alternatives of a pass', () => {
  it.each([
    [0.02, 24],
    [0.1, 8],
    [0.35, 2],
    [0.75, 1],
  ])('at a row of %d of a pass are %d', (price, hedges) => {
    expect(hedgesAtPrice(price)).toBe(hedges);
  });

  it('are bounded where rows cost nothing, or are measured to cost less, and one where a row costs several passes', () => {
    expect(hedgesAtPrice(0)).toBe(mostHedges);
    expect(hedgesAtPrice(-0.5)).toBe(mostHedges);
    expect(hedgesAtPrice(3)).toBe(1);
  });
});
