import { describe, expect, it } from 'vitest';
import { slotsOf } from './bench-allocation-worlds.ts';
import { findPolicies, measurePolicies, readings, underReading } from './reproduce-slots.ts';

describe('readings of a slot', () => {
  it('are what the scenario gives with these settings', async () => {
    const size = { scenario: 'paper', deviceCount: 6, serverCount: 2 };
    const [state] = await slotsOf(size, [3]);
    for (const { payloadLaw, lambdaUnit } of readings) {
      const overrides = [{ path: ['objective', 'lambdaUnit'], value: lambdaUnit }];
      const [wanted] = await slotsOf({ ...size, payloadLaw, overrides }, [3]);
      const read = underReading(state as NonNullable<typeof state>, { payloadLaw, lambdaUnit });
      expect(read.objective.lambdaPerMs).toBeCloseTo(wanted?.objective.lambdaPerMs as number, 15);
      for (const [device, bits] of (wanted?.payloadBits ?? []).entries()) {
        expect((read.payloadBits[device] as number) / bits).toBeCloseTo(1, 12);
      }
      expect(read.snr).toEqual(wanted?.snr);
    }
  });

  it('are measured with one number a seed, and what is missing is said', async () => {
    const states = await slotsOf({ scenario: 'paper', deviceCount: 6, serverCount: 2 }, [1, 2]);
    const { policies, missing } = await findPolicies(['max-sinr+equal', 'best'], ['no-such-policy']);
    expect(missing).toHaveLength(1);
    expect(missing[0]).toMatch(/no-such-policy/);
    const figures = measurePolicies(states, policies);
    expect(Object.keys(figures)).toEqual(['max-sinr+equal', 'best']);
    for (const { latencyMs, costMs, latencyP95Ms } of Object.values(figures)) {
      expect(latencyMs).toHaveLength(2);
      expect(latencyP95Ms[0]).toBeGreaterThan(latencyMs[0] as number);
      expect(costMs[0]).toBeGreaterThan(0);
    }
    expect(figures['best']?.costMs[0]).toBeLessThan(figures['max-sinr+equal']?.costMs[0] as number);
  });
});
