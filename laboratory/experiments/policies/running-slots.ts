// Slots in the middle of a run: sessions are half way, texts lie on servers, and decisions under `felt` predict from there.

import { createPolicy } from '../../../simulator/policies/policies.ts';
import { createSlotRun } from '../../../simulator/simulation/run-slots.ts';
import { createTokenRun, type TokenRun } from '../../../simulator/simulation/token-run.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { openSettings, type WorldSettings } from '../first-slots.ts';

/** @param slot counted from 0 @returns of each seed's run, as the policy `best-slot` sees it */
export async function runningSlotsOf(
  settings: WorldSettings,
  seeds: readonly number[],
  slot: number,
): Promise<SlotState[]> {
  const { scenario, map } = await openSettings(settings);
  return seeds.map((seed) => {
    let found: SlotState | undefined;
    const run = createSlotRun({
      scenario,
      seed,
      map,
      policy: { name: 'best-slot', decide: createPolicy('best-slot') },
      onSlot({ seen }) {
        // Its pace is made where it is read: before the slot is played.
        if (seen.slot === slot) found = structuredClone({ ...seen, pace: seen.pace });
      },
      play: (outcome) => tokens.play(outcome),
    });
    const source = drawnSource(scenario.workload, scenario.token.acceptance, seed);
    const tokens: TokenRun = createTokenRun(run.world, { source, mode: 'stream', seed });
    for (let at = 0; at <= slot; at++) run.step();
    return found as SlotState;
  });
}
