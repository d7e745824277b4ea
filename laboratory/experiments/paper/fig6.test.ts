import { describe, expect, it } from 'vitest';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { slotsOf } from '../first-slots.ts';
import { measureFig6 } from './fig6.ts';
import type { Fig6Case } from './fig6-changes.ts';
import { findPolicies } from './paper-policies.ts';

describe('a slot in extreme units', () => {
  it('is decided, although rounding makes changes look like savings', { timeout: 60_000 }, async () => {
    const [state] = await slotsOf({ scenario: 'paper', deviceCount: 60, serverCount: 4 }, [6]);
    const { policies } = await findPolicies(['best'], []);
    const extreme: Fig6Case = {
      policy: 'best',
      interpretation: { payloadLaw: 'ids', lambdaUnit: 'per-ms', mostQueued: 0 },
      energyModel: 'airtime',
      energyWeight: 100,
    };
    const { objective, ...rest } = state as SlotState;
    const transmitEnergyFactor = 1e7 * objective.transmitEnergyFactor;
    const scaled = {
      ...rest,
      objective: { ...objective, transmitEnergyFactor, lambdaPerMs: 1e-4 * objective.lambdaPerMs },
    };
    const [[low, ...others] = []] = measureFig6(scaled, [extreme], policies);
    expect([low, ...others].reduce((sum, figures) => sum + (figures?.devices ?? 0), 0)).toBe(60);
  });
});
