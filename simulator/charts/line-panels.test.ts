import { describe, expect, it } from 'vitest';
import { spread } from './line-panels.ts';

describe('names at the ends of lines', () => {
  it('keeps labels apart and in order', () => {
    const gap = 80 * 0.045;
    const ends = [
      { name: 'psd', at: 40 },
      { name: 'ar', at: 40.5 },
      { name: 'sd', at: 80 },
    ];
    const labels = spread(ends, gap);
    expect(labels.map(({ name }) => name)).toEqual(['psd', 'ar', 'sd']);
    expect((labels[1]?.at ?? 0) - (labels[0]?.at ?? 0)).toBeCloseTo(gap, 6);
    expect((labels[1]?.at ?? 0) + (labels[0]?.at ?? 0)).toBeCloseTo(80.5, 6);
    expect(labels[2]?.at).toBe(80);
  });
});
