// The optimality gap of an assignment: its cost against lower bounds on the cost of any assignment of the slot.

import type { SlotState } from '../slot/slot-state.ts';
import { boundByPrices } from './dual-bound.ts';
import { boundByPool } from './pool-bound.ts';
import { createProblem } from './problem.ts';

/** Lower bounds on the objective as `evaluate` counts it, constants included, ms. */
export interface Certificate {
  readonly poolBoundMs: number;
  /** (cost - bound) / bound against the pool bound. */
  readonly poolGap: number;
  /** Absent unless requested. At least the pool bound. */
  readonly dualBoundMs?: number;
  readonly dualGap?: number;
  /** The gap to the best bound without the terms that no decision changes: the strictest measure. */
  readonly variableGap: number;
}

const usualRounds = 300;

/**
 * @param costMs the objective of the assignment, `sum.costMs` of evaluate
 * @param withDual takes `rounds` roots for every link: a tenth of a second for 180 devices and 20 servers
 */
export function certify(
  state: SlotState,
  costMs: number,
  withDual: boolean,
  rounds: number = usualRounds,
): Certificate {
  const problem = createProblem(state);
  const { constantMs } = problem;
  const pool = constantMs + boundByPool(problem).boundMs;
  const dual = withDual ? constantMs + boundByPrices(problem, rounds, costMs - constantMs).boundMs : undefined;
  return {
    poolBoundMs: pool,
    poolGap: gap(costMs, pool),
    ...(dual === undefined ? {} : { dualBoundMs: dual, dualGap: gap(costMs, dual) }),
    variableGap: gap(costMs - constantMs, (dual ?? pool) - constantMs, costMs),
  };
}

/** Costs and bounds have this relative accuracy; smaller differences count as none. */
const rounding = 1e-9;

/** 0 where all costs are 0. @param scaleMs the value of which both are parts, if there is one */
function gap(costMs: number, boundMs: number, scaleMs: number = boundMs): number {
  return Math.abs(costMs - boundMs) <= rounding * scaleMs ? 0 : (costMs - boundMs) / boundMs;
}
