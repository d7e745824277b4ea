// Slots in the middle of a run: sessions are half way, texts lie on servers, and decisions under `felt` predict from there.

import { createSlotRun } from '../../../simulator/simulation/run-slots.ts';
import { createTokenRun, type TokenRun } from '../../../simulator/simulation/token-run.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { openSettings, type WorldSettings } from '../first-slots.ts';

/** @param policy decides the slots before @param slot counted from 0 @returns of each seed's run, as its policy sees it */
export async function runningSlotsOf(
  settings: WorldSettings,
  seeds: readonly number[],
  policy: NamedPolicy,
  slot: number,
): Promise<SlotState[]> {
  const { scenario, map } = await openSettings(settings);
  return seeds.map((seed) => {
    let last: SlotState | undefined;
    const decide = (state: SlotState): ReturnType<NamedPolicy['decide']> => {
      // The world writes the next slot into the same arrays, and makes the pace when it is read.
      last = structuredClone({ ...state, pace: state.pace });
      return policy.decide(state);
    };
    const run = createSlotRun({
      scenario,
      seed,
      map,
      policy: { name: policy.name, decide },
      play: (outcome) => tokens.play(outcome),
    });
    const source = drawnSource(scenario.workload, scenario.token.acceptance, seed);
    const tokens: TokenRun = createTokenRun(run.world, { source, mode: 'stream', seed });
    for (let at = 0; at <= slot; at++) run.step();
    return last as SlotState;
  });
}
