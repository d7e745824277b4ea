import { describe, expect, it } from 'vitest';
import { Measured } from './search.ts';

describe('the largest number within a limit', () => {
  const straight = (asked: number[] = []): Measured<number> => {
    const measure = (count: number): number => {
      asked.push(count);
      return 60 + 0.5 * count;
    };
    return new Measured(measure, (value) => value);
  };

  it.each([1, 2, 3, 4, 7, 8, 31, 33, 50])('is found exactly: %i', (largest) => {
    for (const start of [1, 5, 40, 500])
      expect(straight().largestWithin(60.2 + 0.5 * largest, start, 1000)).toBe(largest);
  });

  it.each([51, 100, 333, 777])('is found to 2 %%, and never above: %i', (largest) => {
    for (const start of [1, 30, 1000]) {
      const found = straight().largestWithin(60.2 + 0.5 * largest, start, 1000);
      expect(found).toBeLessThanOrEqual(largest);
      expect(found).toBeGreaterThan(0.98 * largest - 1);
    }
  });

  it('is 0 where even one is too many, and at most what is allowed', () => {
    const asked: number[] = [];
    expect(straight(asked).largestWithin(60, 7, 1000)).toBe(0);
    expect(Math.min(...asked)).toBe(1);
    expect(straight(asked).largestWithin(1000, 7, 20)).toBe(20);
    expect(Math.max(...asked)).toBe(20);
    expect(straight().largestWithin(1000, 64, 20)).toBe(20);
  });

  it('measures each number once, also for several limits, and needs few of a straight line', () => {
    const asked: number[] = [];
    const measured = straight(asked);
    for (const limit of [65, 75, 85, 95]) expect(measured.largestWithin(limit, 16, 1000)).toBe(2 * (limit - 60));
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked.length).toBeLessThan(20);
    expect(measured.found.get(30)).toBe(75);
  });

  it('is found where the value rises unevenly, or by steps', () => {
    const stairs = new Measured((count) => Math.floor(count / 10) ** 2, Number);
    expect(stairs.largestWithin(16, 3, 1000)).toBe(49);
    const bent = new Measured((count) => (count < 30 ? 1 : 1000), Number);
    expect(bent.largestWithin(2, 1, 1000)).toBe(29);
  });
});
