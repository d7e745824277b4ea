import { describe, expect, it } from 'vitest';
import { interpretClaims } from '../../../simulator/runner/claim.ts';
import type { Fig6Change } from './fig6-changes.ts';
import { planeConclusion } from './fig6-plane.ts';

const one = (value: number) => ({ value, interval: [value - 0.0005, value + 0.0005] as const });

/** @param low changes of energy and latency at B <= 0.2 beyond the others */
function change(transmitScale: number, energy: number, latency: number, low: readonly [number, number]): Fig6Change {
  const all = { energy: one(energy), latency: one(latency), transmit: one(energy) };
  return {
    interpretation: { payloadLaw: 'q16', lambdaUnit: 'per-ms', mostQueued: 0 },
    energyModel: 'band',
    policy: 'best',
    transmitScale,
    lambdaScale: 1,
    from: 20,
    to: 100,
    all,
    latency: [one(latency)],
    energy: [one(energy)],
    transmit: [one(energy)],
    lowBeyondOthers: { energy: one(low[0]), latency: one(low[1]) },
  };
}

const changes = [change(1, 0, 0, [0, 0]), change(1000, -0.3, 0.5, [-0.1, 0.2]), change(1e6, -0.4, 0.7, [0.1, 0.2])];
const facts = { seedCount: 2, deviceCount: 60, serverCount: 4 };
const { claims, rows, figuresOfSummary, tables } = planeConclusion(changes, facts);

describe('the plane of units', () => {
  it('counts the parts of the claim that hold at each point', () => {
    expect(claims.map(({ measured }) => measured)).toEqual([0, 4, 3]);
    expect(rows[2]).toMatchObject({ energyMostAtLowBattery: 'does not hold', heldParts: 3 });
  });

  it('has a claim for each point, which says in which unit it would turn', () => {
    const [printed, turned] = interpretClaims(claims);
    expect(printed).toMatchObject({
      isMain: true,
      verdict: 'does not hold',
      dependsOn: 'unit of delta_CM (x 1000: holds)',
    });
    expect(turned).toMatchObject({ verdict: 'holds', isMain: false });
    expect(figuresOfSummary).toEqual({ weightRegionCells: 3, weightRegionHeldQ16: 1, weightRegionHeldIds: 0 });
    expect(rows[1]).toMatchObject({ transmitScale: 1000, energyChange: -0.3, heldParts: 4 });
    expect(Object.values(tables).join()).toContain('**-30 % / 50 % / 50 %; 4**');
  });
});
