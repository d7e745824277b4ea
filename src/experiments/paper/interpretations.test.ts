import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { slotsOf } from '../first-slots.ts';
import {
  decisionUnder,
  findPolicies,
  type Interpretation,
  interpretations,
  measurePolicies,
  type PaperPolicy,
  shortHash,
  underInterpretation,
} from './interpretations.ts';

describe('docs/reproduction.md', () => {
  it('is of the weights that are shipped', async () => {
    const page = readFileSync(new URL('../../../docs/reproduction.md', import.meta.url), 'utf8');
    for (const policy of (await findPolicies([], ['tma-masac', 'masac-association'])).policies) {
      for (const one of [policy, policy.withIds as typeof policy]) {
        expect(page.includes(shortHash(one)), `${one.name}: ${shortHash(one)}`).toBe(true);
      }
    }
  });
});

describe('interpretations of a slot', () => {
  it('are what the scenario gives with these settings', async () => {
    const size = { scenario: 'paper', deviceCount: 6, serverCount: 2 };
    const [state] = await slotsOf(size, [3]);
    for (const { payloadLaw, lambdaUnit } of interpretations) {
      const overrides = [
        { path: ['objective', 'lambdaUnit'], value: lambdaUnit },
        { path: ['workload', 'payloadLaw'], value: payloadLaw },
      ];
      const [wanted] = await slotsOf({ ...size, overrides }, [3]);
      const read = underInterpretation(state as NonNullable<typeof state>, { payloadLaw, lambdaUnit });
      expect(read.objective.lambdaPerMs).toBeCloseTo(wanted?.objective.lambdaPerMs as number, 15);
      for (const [device, bits] of (wanted?.payloadBits ?? []).entries()) {
        expect((read.payloadBits[device] as number) / bits).toBeCloseTo(1, 12);
      }
      expect(read.snr).toEqual(wanted?.snr);
    }
  });

  it('are measured with one number a seed, and what is missing is said', async () => {
    const states = await slotsOf({ scenario: 'paper', deviceCount: 6, serverCount: 2 }, [1, 2]);
    const { policies, notes } = await findPolicies(['max-sinr+equal', 'best'], ['no-such-policy']);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/no-such-policy/);
    const learned = await findPolicies([], ['tma-masac']);
    expect(learned.notes[0]).toMatch(/`tma-masac` has the weights [0-9a-f]{12} with `q16`, [0-9a-f]{12} with `ids`/);
    const [main, , ids] = interpretations as [Interpretation, Interpretation, Interpretation];
    const figures = measurePolicies(states, policies, main);
    expect(Object.keys(figures)).toEqual(['max-sinr+equal', 'best']);
    for (const { latencyMs, costMs, latencyP95Ms } of Object.values(figures)) {
      expect(latencyMs).toHaveLength(2);
      expect(latencyP95Ms[0]).toBeGreaterThan(latencyMs[0] as number);
      expect(costMs[0]).toBeGreaterThan(0);
    }
    expect(figures['best']?.costMs[0]).toBeLessThan(figures['max-sinr+equal']?.costMs[0] as number);
    const [policy] = learned.policies as [PaperPolicy];
    expect([main, ids].map((interpretation) => decisionUnder(policy, interpretation))).toEqual([
      policy.decide,
      policy.withIds?.decide,
    ]);
    expect(decisionUnder(policies[0] as PaperPolicy, ids)).toBe(policies[0]?.decide);
  });
});
