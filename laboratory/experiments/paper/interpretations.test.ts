import { describe, expect, it } from 'vitest';
import { slotsOf } from '../first-slots.ts';
import { measureCell, measurePolicies, queueOverride } from './fig5-reductions.ts';
import {
  type Interpretation,
  interpretationName,
  interpretations,
  queuedInterpretations,
  underInterpretation,
} from './interpretations.ts';
import { findPolicies } from './paper-policies.ts';

const size = { scenario: 'paper', deviceCount: 6, serverCount: 2 };

describe('interpretations of a slot', () => {
  it('are what the scenario gives with these settings', async () => {
    const [state] = await slotsOf(size, [3]);
    for (const interpretation of interpretations) {
      const { payloadLaw, lambdaUnit } = interpretation;
      const overrides = [
        { path: ['objective', 'lambdaUnit'], value: lambdaUnit },
        { path: ['workload', 'payloadLaw'], value: payloadLaw },
      ];
      const [wanted] = await slotsOf({ ...size, overrides }, [3]);
      const read = underInterpretation(state as NonNullable<typeof state>, interpretation);
      expect(read.objective.lambdaPerMs).toBeCloseTo(wanted?.objective.lambdaPerMs as number, 15);
      for (const [device, bits] of (wanted?.payloadBits ?? []).entries()) {
        expect((read.payloadBits[device] as number) / bits).toBeCloseTo(1, 12);
      }
      expect(read.snr).toEqual(wanted?.snr);
    }
  });

  it('are measured with one number a seed', async () => {
    const states = await slotsOf(size, [1, 2]);
    const { policies } = await findPolicies(['max-sinr+equal', 'best'], []);
    const figures = measurePolicies(states, policies, interpretations[0] as Interpretation);
    expect(Object.keys(figures)).toEqual(['max-sinr+equal', 'best']);
    for (const { latencyMs, costMs, latencyP95Ms } of Object.values(figures)) {
      expect(latencyMs).toHaveLength(2);
      expect(latencyP95Ms[0]).toBeGreaterThan(latencyMs[0] as number);
      expect(costMs[0]).toBeGreaterThan(0);
    }
    expect(figures['best']?.costMs[0]).toBeLessThan(figures['max-sinr+equal']?.costMs[0] as number);
  });

  it('put work before the servers by their law of k, in the same world', { timeout: 60_000 }, async () => {
    const overrides = [queueOverride(2)];
    const [queued] = await slotsOf({ ...size, serverCount: 6, overrides }, [1]);
    const [empty] = await slotsOf({ ...size, serverCount: 6 }, [1]);
    expect(queued?.snr).toEqual(empty?.snr);
    const slots = [...(queued?.queueDelayMs ?? [])].map((ms) => ms / 500);
    expect(slots.every((k) => [0, 1, 2].includes(k))).toBe(true);
    expect(slots.some((k) => k > 0)).toBe(true);
    const { policies } = await findPolicies(['max-sinr+equal'], []);
    const [main] = interpretations as [Interpretation];
    const taken = [main, ...queuedInterpretations.filter((one) => one.payloadLaw === 'q16' && one.mostQueued !== 2)];
    const found = await measureCell({ deviceCount: 8, serverCount: 4 }, [1], policies, taken);
    const means = taken.map((one) => {
      const { latencyMs = [] } = found[interpretationName(one)]?.['max-sinr+equal'] ?? {};
      return latencyMs.reduce((sum, ms) => sum + ms, 0) / latencyMs.length;
    });
    expect(means).toEqual(means.toSorted((one, other) => one - other));
    expect(new Set(means).size).toBe(taken.length);
  });
});
