// The results of policies on the first slots of preset `paper`, under each interpretation.

import type { Override } from '../../../simulator/scenario/read-scenario.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { type FiguresByPolicy, measureSlots } from '../allocation/latency.ts';
import { slotsOf } from '../first-slots.ts';
import { type Interpretation, interpretationName, interpretations, underInterpretation } from './interpretations.ts';
import { decisionUnder, type PaperPolicy } from './paper-policies.ts';

/** @param states of preset `paper`: q16, lambda per ms, and the interpretation's law of k */
export function measurePolicies(
  states: readonly SlotState[],
  policies: readonly PaperPolicy[],
  interpretation: Interpretation,
): FiguresByPolicy {
  const read = states.map((state) => underInterpretation(state, interpretation));
  return Object.fromEntries(policies.map((one) => [one.name, measureSlots(read, decisionUnder(one, interpretation))]));
}

/** The first slots of preset `paper` with these numbers of devices and servers, under each interpretation, by its name. */
export async function measureCell(
  size: { readonly deviceCount: number; readonly serverCount: number; readonly overrides?: readonly Override[] },
  seeds: readonly number[],
  policies: readonly PaperPolicy[],
  taken: readonly Interpretation[] = interpretations,
): Promise<Readonly<Record<string, FiguresByPolicy>>> {
  const { deviceCount, serverCount, overrides = [] } = size;
  const results: [string, FiguresByPolicy][] = [];
  for (const [mostQueued, alike] of Map.groupBy(taken, (one) => one.mostQueued)) {
    const queue = mostQueued === 0 ? [] : [queueOverride(mostQueued)];
    const settings = { scenario: 'paper', deviceCount, serverCount, overrides: [...overrides, ...queue] };
    const states = await slotsOf(settings, seeds);
    for (const one of alike) results.push([interpretationName(one), measurePolicies(states, policies, one)]);
  }
  return Object.fromEntries(results);
}

export function queueOverride(mostQueued: number): Override {
  return { path: ['queue', 'law'], value: { kind: 'uniform', maximumSlots: mostQueued } };
}
