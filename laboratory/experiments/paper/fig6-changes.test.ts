import { describe, expect, it } from 'vitest';
import { holds } from '../../../simulator/runner/claim.ts';
import { fig6Claims } from './fig6.ts';
import { type ClassFigures, type Fig6Case, fig6Changes, fig6Rows } from './fig6-changes.ts';

const cases: Fig6Case[] = [20, 60, 100].map((energyWeight) => ({
  interpretation: { payloadLaw: 'q16', lambdaUnit: 'per-ms', mostQueued: 0 },
  energyModel: 'band',
  policy: 'best',
  energyWeight,
}));

function figures(latencyMs: number, transmitJ: number): ClassFigures {
  return { devices: 1, latencyMs, computeJ: 0, transmitJ };
}

/** Classes at w = 20, 60, 100. */
function seed(scale: number): ClassFigures[][] {
  return [
    [figures(100 * scale, 10), figures(100 * scale, 10), figures(100 * scale, 10)],
    [figures(105 * scale, 9), figures(100 * scale, 10), figures(100 * scale, 10)],
    [figures(120 * scale, 5), figures(102 * scale, 9), figures(100 * scale, 10)],
  ];
}

describe('what the energy weight changes', () => {
  it('is counted between the smallest and the largest weight, over the same slots', () => {
    const [change] = fig6Changes(cases, [seed(1), seed(3), seed(9)]);
    expect(change).toMatchObject({ from: 20, to: 100, policy: 'best' });
    expect(change?.latency[0]?.value).toBeCloseTo(0.2, 12);
    // Every seed changes alike, so drawing seeds again changes nothing.
    expect(change?.latency[0]?.interval[0]).toBeCloseTo(0.2, 12);
    expect(change?.transmit[1]?.value).toBeCloseTo(-0.1, 12);
    expect(change?.all.energy.value).toBeCloseTo(-0.2, 12);
    expect(change?.lowBeyondOthers.energy.value).toBeCloseTo(-0.5 - -0.05, 12);
    expect(change?.lowBeyondOthers.latency.value).toBeCloseTo(0.2 - 0.01, 12);
  });

  it('has interquartile means beside, without seeds that have no such device', () => {
    const without = seed(1).map(([, ...others]) =>
      [figures(0, 0), ...others].map((one, at) => ({ ...one, devices: at })),
    );
    const found = [...[1, 3, 5, 100].map(seed), without] as ClassFigures[][][];
    const [row] = fig6Rows(cases, found);
    expect(row).toMatchObject({ batteryClass: 'B <= 0.2', devices: 4, latencyMs: 2725, latencyMsMiddle: 400 });
  });

  it('holds a claim only beyond a thousandth', () => {
    const held = (found: ClassFigures[][][]): boolean[] => fig6Changes(cases, found).flatMap(fig6Claims).map(holds);
    expect(held([seed(1), seed(2)])).toEqual([true, true, true, true, true]);
    const same = [0, 1, 2].map(() => [figures(100, 10), figures(100, 10), figures(100, 10)]);
    expect(held([same, same])).toEqual([false, false, false, false, false]);
    const hardly = same.map((classes, at) => classes.map(() => figures(100 + 0.01 * at, 10 - 0.001 * at)));
    expect(held([hardly, hardly])).toEqual([false, false, false, false, false]);
  });
});
