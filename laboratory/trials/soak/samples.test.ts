import { describe, expect, it } from 'vitest';
import { growthOf, rowOf, type SoakRow } from './samples.ts';

const blank = { heapMB: 0, residentMB: 0, sessions: 0, waiting: 0, connections: 0, files: null, handles: 0 };

/** A collection every third second. */
function rowsOf(heldAt: (second: number) => number): SoakRow[] {
  return Array.from({ length: 90 }, (_, index) => {
    const second = index + 1;
    return { ...blank, second, heldMB: second % 3 === 0 ? heldAt(second) : null };
  });
}

const heldGrowth = (heldAt: (second: number) => number): number => growthOf(rowsOf(heldAt), ({ heldMB }) => heldMB);

describe('growth', () => {
  it('is the slope over the last two thirds, whatever came before', () => {
    expect(heldGrowth((second) => 30 + second / 10)).toBeCloseTo(6);
    expect(heldGrowth((second) => Math.min(second, 30))).toBeCloseTo(0);
  });

  it('sees a small leak among large differences from sample to sample', () => {
    const noisy = (second: number): number => 30 + 4 * (((second * 7) % 11) / 11 - 0.5);
    expect(Math.abs(heldGrowth(noisy))).toBeLessThan(1);
    expect(heldGrowth((second) => noisy(second) + second / 20)).toBeGreaterThan(2);
  });

  it('is nothing where there are too few samples', () => {
    expect(growthOf([], ({ heldMB }) => heldMB)).toBe(0);
    expect(growthOf(rowsOf(() => 1).slice(0, 3), ({ heldMB }) => heldMB)).toBe(0);
  });
});

it('takes a collected sample for what is held', () => {
  const memory = { heapUsed: 2e6, heapTotal: 9e6, external: 1e6, residentSet: 8e6 };
  const counts = { sessions: 1, waiting: 2, connections: 3, handles: { Timeout: 4, TCPSocketWrap: 5 } };
  const row = rowOf(7, { ...memory, ...counts, isCollected: true }, 6);
  expect(row).toMatchObject({ second: 7, heldMB: 3, heapMB: 3, residentMB: 8, files: 6, handles: 9 });
  expect(rowOf(7, { ...memory, ...counts, isCollected: false }, null).heldMB).toBeNull();
});
