import { describe, expect, it } from 'vitest';
import { createPolicy } from '../../../simulator/policies/policies.ts';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import { parseOverride } from '../../../simulator/scenario/read-scenario.ts';
import { createSlotRun } from '../../../simulator/simulation/run-slots.ts';
import { createTokenRun } from '../../../simulator/simulation/token-run.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import { createPlannedDrafts } from './planned-drafts.ts';

/** @returns tokens, and tokens that devices drafted */
function play(preset: string, sets: readonly string[], isPlanned: boolean): { tokens: number; drafts: number } {
  const scenario = readPreset(preset, ['devices.count=4', 'servers.placement.count=2', ...sets].map(parseOverride));
  const run = createSlotRun({
    scenario,
    policy: { name: 'max-sinr', decide: createPolicy('max-sinr') },
    seed: 3,
    onSlot: (outcome) => planned?.plan(outcome, tokens.limit),
    play: (outcome) => tokens.play(outcome),
  });
  const planned = isPlanned ? createPlannedDrafts(run.world) : null;
  const source = drawnSource(scenario.workload, scenario.token.acceptance, 3);
  const advice = planned === null ? {} : { adviceOf: planned.adviceOf };
  const tokens = createTokenRun(run.world, { source, mode: 'stream', seed: 3, ...advice });
  for (let slot = 0; slot < 5; slot++) run.step();
  const drafts = tokens.deviceEfforts().reduce((sum, effort) => sum + effort.drafts, 0);
  return { tokens: tokens.totals().tokens, drafts };
}

const full = 'devices.battery.initialShare={"minimum":1,"maximum":1}';

it('limits how far a device drafts, in the answer that runs and in later ones', () => {
  const played = (maxAhead: number): number => {
    const scenario = readPreset('city-70b', ['devices.count=4', 'servers.placement.count=2', full].map(parseOverride));
    const policy = { name: 'max-sinr', decide: createPolicy('max-sinr') };
    const run = createSlotRun({ scenario, policy, seed: 3, play: (outcome) => tokens.play(outcome) });
    const source = drawnSource(scenario.workload, scenario.token.acceptance, 3);
    const tokens = createTokenRun(run.world, { source, mode: 'stream', seed: 3 });
    run.step();
    for (let device = 0; device < 4; device++) tokens.limit(device, { maxAhead, hedges: 0 });
    for (let slot = 0; slot < 5; slot++) run.step();
    return tokens.deviceEfforts().reduce((sum, { drafts }) => sum + drafts, 0) / tokens.totals().tokens;
  };
  expect(played(2)).toBeLessThan(0.5 * played(512));
});

describe('mode auto in a simulated world', () => {
  it('drafts nothing where a draft takes longer than a step, and writes hardly less', () => {
    const slow = [full, 'devices.reachedMemoryShare=0.1'];
    const stream = play('paper', slow, false);
    const auto = play('paper', slow, true);
    expect(stream.drafts).toBeGreaterThan(20);
    expect(auto.drafts).toBe(0);
    // Drafts that are made while a prompt is evaluated come in time.
    expect(auto.tokens).toBeGreaterThan(0.9 * stream.tokens);
  });

  it('drafts where drafts are quick and steps are long', () => {
    const stream = play('city-70b', [full], false);
    const auto = play('city-70b', [full], true);
    expect(auto.drafts).toBeGreaterThan(0.8 * stream.drafts);
    expect(auto.tokens).toBeGreaterThan(0.95 * stream.tokens);
  });

  it('plans by what the policy saw, not by the slot as it is', () => {
    const scenario = readPreset('city-70b', ['devices.count=4', 'servers.placement.count=2'].map(parseOverride));
    let slots = 0;
    const run = createSlotRun({
      scenario,
      policy: { name: 'max-sinr', decide: createPolicy('max-sinr') },
      seed: 3,
      onSlot(outcome) {
        slots += outcome.state.deviceCount > 0 ? 1 : 0;
        planned.plan({ ...outcome, state: {} as never }, () => {});
        expect(() => planned.plan({ ...outcome, seen: { deviceCount: 1 } as never }, () => {})).toThrow();
      },
    });
    const planned = createPlannedDrafts(run.world);
    for (let slot = 0; slot < 3; slot++) run.step();
    expect(slots).toBeGreaterThan(0);
  });

  it('drafts nothing with an empty battery', () => {
    const empty = 'devices.battery={"initialShare":{"minimum":0.02,"maximum":0.04},"floorShare":0.01}';
    expect(play('city-70b', [empty], true).drafts).toBe(0);
  });
});
