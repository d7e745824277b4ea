// The distance of decisions from the optimum: their cost against the dual bound. And whether that bound is ever above an optimum: small slots are
// solved by trying every association, each with its best shares.

import { createPolicy } from '../../../simulator/policies/policies.ts';
import type { SlotOutcome } from '../../../simulator/simulation/run-slots.ts';
import { termsOf } from '../../../src/allocation/paper/objective.ts';
import { shareOptimally } from '../../../src/allocation/paper/optimal-shares.ts';
import { type Certificate, certify } from '../../../src/allocation/search/certify.ts';
import { createProblem } from '../../../src/allocation/search/problem.ts';
import type { NamedPolicy } from '../../../src/allocation/slot/require-assignment.ts';
import type { Assignment, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { mean, quantile } from '../../../src/core/basics/statistics.ts';
import { type SlotsRow, slotsRow } from '../first-slots.ts';
import { stateUnder } from './felt-cells.ts';

/** Gaps are (cost - bound) / bound, `gap` against the dual bound. The variable gap leaves out the terms that no decision changes. */
export interface SlotGap extends Pick<Certificate, 'poolGap' | 'variableGap'> {
  readonly gap: number;
  readonly costMs: number;
  readonly boundMs: number;
  readonly unserved: number;
}

/** @param dualRounds more of them give a tighter bound */
export function gapOf(state: SlotState, assignment: Assignment, dualRounds?: number): SlotGap {
  const { costMs, unservedCount: unserved } = termsOf(state, assignment).sum;
  const found = certify(state, costMs, true, dualRounds);
  const { poolGap, variableGap, poolBoundMs, dualGap: gap = poolGap, dualBoundMs: boundMs = poolBoundMs } = found;
  return { gap, poolGap, variableGap, costMs, boundMs, unserved };
}

type GapFigures = Readonly<Record<'gapMean' | 'gapP95' | 'variableGapMean' | 'variableGapP95', number>>;

type GapRowFigure = 'energyWeight' | 'slots' | 'poolGapMean' | 'unservedMean';

export interface GapRow extends SlotsRow<'gap'>, GapFigures, Readonly<Record<GapRowFigure, number>> {
  readonly policy: string;
}

/** @returns the row, and the gaps of each slot */
export function measureGaps(
  world: string,
  states: readonly SlotState[],
  { name, decide }: NamedPolicy,
): { row: GapRow; slots: SlotGap[] } {
  const slots = states.map((state) => gapOf(state, decide(state)));
  const row: GapRow = {
    ...slotsRow('gap', world, states),
    policy: name,
    energyWeight: (states[0] as SlotState).objective.energyWeight,
    slots: states.length,
    ...gapFigures(slots),
    poolGapMean: mean(slots.map(({ poolGap }) => poolGap)),
    unservedMean: slots.reduce((sum, { unserved }) => sum + unserved / slots.length, 0),
  };
  return { row, slots };
}

export function gapFigures(slots: readonly SlotGap[]): GapFigures {
  const gaps = slots.map(({ gap }) => gap);
  const variableGaps = slots.map(({ variableGap }) => variableGap);
  return {
    gapMean: mean(gaps),
    gapP95: quantile(gaps, 0.95),
    variableGapMean: mean(variableGaps),
    variableGapP95: quantile(variableGaps, 0.95),
  };
}

/**
 * (cost - bound) / bound of a decision in the slot as the policy saw it, also without the terms that no decision changes, and in the slot as
 * it was: there old knowledge counts as well.
 */
export type FeltGaps = Readonly<Record<'gap' | 'variableGap' | 'actualGap', number>>;

/** A small slot that was solved; `bestMs` is the cost of the policy `best-slot`. */
export type SolvedSlot = Readonly<Record<'devices' | 'servers' | 'seed' | 'optimumMs' | 'boundMs' | 'bestMs', number>>;

export function feltGaps({ seen, state, assignment }: Pick<SlotOutcome, 'seen' | 'state' | 'assignment'>): FeltGaps {
  const gapIn = (one: SlotState): SlotGap => gapOf(stateUnder(one, 'felt'), assignment);
  const { gap, variableGap } = gapIn(seen);
  return { gap, variableGap, actualGap: gapIn(state).gap };
}

/** All associations of at most 8 devices with 3 servers. */
export function solveSmallSlot(devices: number, servers: number, seed: number): SolvedSlot {
  const radioModel = seed % 2 === 0 ? 'fixed-snr' : 'concentrated';
  const objective = { kind: 'felt', energyWeight: seed % 3 === 0 ? 0 : 20, radioModel } as const;
  const state = syntheticSlot({ deviceCount: devices, serverCount: servers, seed, sideM: 250, objective });
  const problem = createProblem(state);
  const { linkStart, linkServer } = problem;
  const choices = Array.from({ length: devices }, (_, device) => {
    const own = [...linkServer.slice(linkStart[device], linkStart[device + 1])];
    return own.length === 0 ? [-1] : own;
  });
  const associations = choices.reduce<number[][]>(
    (begun, own) => begun.flatMap((servers) => own.map((one) => [...servers, one])),
    [[]],
  );
  const costsMs = associations.map((server) => {
    return termsOf(state, shareOptimally(state, Int32Array.from(server), problem)).sum.costMs;
  });
  const optimumMs = Math.min(...costsMs);
  const { costMs: bestMs, boundMs } = gapOf(state, createPolicy('best-slot+optimal')(state));
  return { devices, servers, seed, optimumMs, bestMs, boundMs };
}

/** A bound may be above the optimum by rounding only. */
export function isBound({ boundMs, optimumMs }: SolvedSlot): boolean {
  return boundMs <= optimumMs * (1 + 1e-9);
}
