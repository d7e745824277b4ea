import { describe, expect, it } from 'vitest';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import { interquartileMean, mean } from '../../../src/core/basics/statistics.ts';
import { baselines, measureSlots, savingOf } from '../allocation/latency.ts';
import { slotsOf } from '../first-slots.ts';
import { timeDecisions } from './allocation.ts';
import { measureGaps } from './gaps.ts';
import { runningSlotsOf } from './running-slots.ts';

const best = { name: 'best', decide: createPolicy('best') };

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
    const { row, slots } = measureGaps('paper', states, best);
    expect(slots).toHaveLength(2);
    for (const { gap } of slots) expect(gap).toBeGreaterThanOrEqual(0);
    expect(row.variableGapMean).toBeGreaterThanOrEqual(row.gapMean);
    expect(timeDecisions('paper', states, best).decisionMsP95).toBeGreaterThan(0);
  });

  it('measures slots of a run, in which sessions are half way', async () => {
    const settings = {
      scenario: 'munich',
      deviceCount: 12,
      serverCount: 4,
      overrides: [{ path: ['objective', 'kind'], value: 'felt' }],
    };
    const [first] = await runningSlotsOf(settings, [1], 0);
    const [later] = await runningSlotsOf(settings, [1], 12);
    expect([first?.slot, later?.slot]).toEqual([0, 12]);
    const texts = (state: typeof first): number => state?.pace?.textServer?.filter((server) => server >= 0).length ?? 0;
    expect(texts(first)).toBe(0);
    expect(texts(later)).toBeGreaterThan(6);
    expect(later?.pace?.standings).toHaveLength(12);
  });

  it("measures anyone's policy beside best, by its name", async () => {
    const states = await slotsOf({ scenario: 'paper', deviceCount: 20, serverCount: 4 }, [1, 2]);
    const own = { name: 'mine', decide: createPolicy('max-sinr+equal') };
    const [{ row: mine }, { row: bests }] = [measureGaps('paper', states, own), measureGaps('paper', states, best)];
    expect([mine.policy, bests.policy]).toEqual(['mine', 'best']);
    expect(mine.gapMean).toBeGreaterThan(bests.gapMean);
    expect(timeDecisions('paper', states, own).policy).toBe('mine');
  });

  it('counts reductions from interquartile means, and draws seeds again for their interval', async () => {
    const states = await slotsOf({ scenario: 'paper', deviceCount: 20, serverCount: 4 }, [1, 2, 3, 4, 5, 6, 7, 8]);
    const names = ['best', 'random+equal', 'max-sinr+equal', 'max-compute+equal'];
    const figures = Object.fromEntries(names.map((name) => [name, measureSlots(states, createPolicy(name))]));
    const middle = names.map((name) => interquartileMean(figures[name]?.latencyMs ?? [])) as [number, ...number[]];
    const saving = savingOf([figures], 'best', 'equal', 'latencyMs', states.length);
    expect(saving.against).toHaveLength(baselines.length);
    for (const [index, one] of saving.against.entries())
      expect(one.value).toBeCloseTo(1 - middle[0] / (middle[index + 1] as number), 12);
    const against = saving.against.map(({ value }) => value);
    expect(saving.mean.value).toBeCloseTo(mean(against), 12);
    expect(saving.most.value).toBe(Math.max(...against));
    const [low, high] = saving.mean.interval;
    expect(low).toBeLessThanOrEqual(saving.mean.value);
    expect(high).toBeGreaterThanOrEqual(saving.mean.value);
  });
});
