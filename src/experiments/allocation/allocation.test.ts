import { describe, expect, it } from 'vitest';
import { slotsOf } from '../first-slots.ts';
import { timeDecisions } from './decision-time.ts';
import { measureGaps } from './gaps.ts';
import { meanReduction, measureLatency, reductionInterval } from './latency.ts';

describe('bench allocation', () => {
  it('measures the first slots of a preset', async () => {
    const states = await slotsOf({ scenario: 'paper', deviceCount: 20, serverCount: 4, energyWeight: 0 }, [1, 2]);
    expect(
      states.map(({ deviceCount, serverCount, objective }) => [deviceCount, serverCount, objective.energyWeight]),
    ).toEqual([
      [20, 4, 0],
      [20, 4, 0],
    ]);
    expect(states[0]?.gain).not.toEqual(states[1]?.gain);
    const { row, gaps } = measureGaps('paper', states);
    expect(gaps).toHaveLength(2);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(0);
    expect(row.variableGapMean).toBeGreaterThanOrEqual(row.gapMean);
    expect(timeDecisions('paper', states).decisionMsP95).toBeGreaterThan(0);
  });

  it('counts reductions from means, and draws seeds again for their interval', async () => {
    const states = await slotsOf({ scenario: 'paper', deviceCount: 20, serverCount: 4 }, [1, 2, 3]);
    const cell = measureLatency('paper', states, 'equal');
    expect(cell.rows.map(({ baseline }) => baseline)).toEqual(['random+equal', 'max-sinr+equal', 'max-compute+equal']);
    for (const row of cell.rows) expect(row.reduction).toBeCloseTo(1 - row.bestMs / row.baselineMs, 12);
    expect(meanReduction([cell], 'random')).toBeCloseTo(cell.rows[0]?.reduction as number, 12);
    const [low, high] = reductionInterval([cell], 3);
    const middle = cell.rows.reduce((sum, { reduction }) => sum + reduction / 3, 0);
    expect(low).toBeLessThanOrEqual(middle);
    expect(high).toBeGreaterThanOrEqual(middle);
  });
});
