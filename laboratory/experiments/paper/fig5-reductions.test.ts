import { describe, expect, it } from 'vitest';
import type { LatencyFigures } from '../allocation/latency.ts';
import { fig5Interpretations, type MeasuredCell, reductionOf, reductionsOf } from './fig5-reductions.ts';
import { interpretationName } from './interpretations.ts';

function figures(latencyMs: number[]): LatencyFigures {
  return { latencyMs, latencyMiddleMs: latencyMs, latencyP95Ms: latencyMs, serialMs: latencyMs, costMs: latencyMs };
}

function cell(best: number[], random: number[], maxSinr: number[], maxCompute: number[]): MeasuredCell {
  const byPolicy = {
    'random+equal': figures(random),
    'random+optimal': figures(random),
    'max-sinr+equal': figures(maxSinr),
    'max-sinr+optimal': figures(maxSinr),
    'max-compute+equal': figures(maxCompute),
    'max-compute+optimal': figures(maxCompute),
    'tma+equal': figures(maxSinr),
    'tma+optimal': figures(maxSinr),
    best: figures(best),
  };
  const found = Object.fromEntries(
    fig5Interpretations.map((interpretation) => [interpretationName(interpretation), byPolicy]),
  );
  return { deviceCount: 30, serverCount: 10, against: 'devices', found };
}

const given = {
  interpretation: fig5Interpretations[0],
  shares: 'equal',
  latency: 'latencyMs',
  method: 'best',
} as Parameters<typeof reductionOf>[2];

describe('the reduction of latency', () => {
  it('is of interquartile means, with sizes and baselines of equal weight', () => {
    // The interquartile mean leaves 1000 out.
    const cells = [
      cell([60, 60, 60, 60], [100, 100, 100, 1000], [80, 80, 80, 80], [120, 120, 120, 120]),
      cell([50, 50, 50, 50], [100, 100, 100, 100], [50, 50, 50, 50], [100, 100, 100, 100]),
    ];
    const reduction = reductionOf(cells, 4, given);
    expect(reduction.against[0]?.value).toBeCloseTo((0.4 + 0.5) / 2, 12);
    expect(reduction.against[1]?.value).toBeCloseTo((0.25 + 0) / 2, 12);
    expect(reduction.against[2]?.value).toBeCloseTo((0.5 + 0.5) / 2, 12);
    expect(reduction.mean.value).toBeCloseTo((0.45 + 0.125 + 0.5) / 3, 12);
    expect(reduction.most.value).toBeCloseTo(0.5, 12);
    expect(reduction.mean.interval[0]).toBeLessThanOrEqual(reduction.mean.value);
    expect(reduction.mean.interval[1]).toBeGreaterThanOrEqual(reduction.mean.value);
  });

  it('keeps seeds paired: what all policies share does not widen its interval', () => {
    const base = [100, 200, 400, 800];
    const cells = [
      cell(
        base.map((ms) => ms / 2),
        base,
        base,
        base,
      ),
    ];
    const { mean } = reductionOf(cells, 4, given);
    expect(mean.interval[0]).toBeCloseTo(0.5, 12);
    expect(mean.interval[1]).toBeCloseTo(0.5, 12);
  });

  it('is counted for methods that are there, under every interpretation, with both kinds of shares', () => {
    const one = [1, 2, 3, 4];
    const all = reductionsOf([cell(one, one, one, one)], 4);
    expect(new Set(all.map(({ method }) => method))).toEqual(new Set(['best', 'tma']));
    // Two methods, two latencies; empty queues with both kinds of shares.
    const emptyCount = fig5Interpretations.filter(({ mostQueued }) => mostQueued === 0).length;
    expect(all).toHaveLength(2 * 2 * (2 * emptyCount + (fig5Interpretations.length - emptyCount)));
  });
});
