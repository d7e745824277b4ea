// The largest distance of the decisions of a policy from the optimum: their cost against the dual bound, in the worlds of the presets.

import { createSlotTerms, evaluate } from '../../../src/allocation/paper/objective.ts';
import { type Certificate, certify } from '../../../src/allocation/search/certify.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import { type SlotsRow, slotsRow } from '../first-slots.ts';

/** Statistics of the gaps of slots. */
interface GapFigures {
  /** (cost - bound) / bound for the dual bound. */
  readonly gapMean: number;
  readonly gapP95: number;
  /** The same without the terms that no decision changes. */
  readonly variableGapMean: number;
  readonly variableGapP95: number;
}

export interface GapRow extends SlotsRow<'gap'>, GapFigures {
  readonly policy: string;
  readonly energyWeight: number;
  readonly slots: number;
  readonly poolGapMean: number;
  readonly unservedMean: number;
}

/** @returns the row, and the gap of each slot */
export function measureGaps(
  world: string,
  states: readonly SlotState[],
  { name, decide }: NamedPolicy,
): { row: GapRow; gaps: number[]; variableGaps: number[] } {
  const certificates: Certificate[] = [];
  let unserved = 0;
  for (const state of states) {
    const terms = createSlotTerms(state.deviceCount);
    evaluate(state, decide(state), terms);
    unserved += terms.sum.unservedCount / states.length;
    certificates.push(certify(state, terms.sum.costMs, true));
  }
  const gaps = certificates.map(({ dualGap }) => dualGap as number);
  const variableGaps = certificates.map(({ variableGap }) => variableGap);
  const row: GapRow = {
    ...slotsRow('gap', world, states),
    policy: name,
    energyWeight: (states[0] as SlotState).objective.energyWeight,
    slots: states.length,
    ...gapFigures(gaps, variableGaps),
    poolGapMean: mean(certificates.map(({ poolGap }) => poolGap)),
    unservedMean: unserved,
  };
  return { row, gaps, variableGaps };
}

export function gapFigures(gaps: readonly number[], variableGaps: readonly number[]): GapFigures {
  return {
    gapMean: mean(gaps),
    gapP95: quantile(gaps, 0.95),
    variableGapMean: mean(variableGaps),
    variableGapP95: quantile(variableGaps, 0.95),
  };
}
