// How far an assignment can be from the optimum at most: its cost against lower bounds that no assignment of the slot can beat.

import { boundByPrices } from './dual-bound.ts';
import { boundByPool } from './pool-bound.ts';
import { createProblem } from './problem.ts';
import type { SlotState } from './slot-state.ts';

/** Bounds on the objective as `evaluate` counts it, constants included, ms. */
export interface Certificate {
  readonly poolBoundMs: number;
  /** (cost - bound) / bound against the pool. */
  readonly poolGap: number;
  /** Absent unless asked for. At least the pool's. */
  readonly dualBoundMs?: number;
  readonly dualGap?: number;
  /** The gap to the best bound without the terms that no decision changes, the strictest reading. */
  readonly variableGap: number;
}

const usualRounds = 300;

/**
 * @param costMs the objective of the assignment, `sum.costMs` of evaluate
 * @param withDual costs `rounds` roots for every link: a tenth of a second for 180 devices and 20 servers
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
  if (!withDual)
    return {
      poolBoundMs: pool,
      poolGap: gap(costMs, pool),
      variableGap: gap(costMs - constantMs, pool - constantMs, costMs),
    };
  const dual = constantMs + boundByPrices(problem, rounds).boundMs;
  return {
    poolBoundMs: pool,
    poolGap: gap(costMs, pool),
    dualBoundMs: dual,
    dualGap: gap(costMs, dual),
    variableGap: gap(costMs - constantMs, dual - constantMs, costMs),
  };
}

/** What costs and bounds are counted to; nearer than that they are the same. */
const rounding = 1e-9;

/** 0 where nothing costs anything. @param scaleMs what both are differences of, if they are */
function gap(costMs: number, boundMs: number, scaleMs: number = boundMs): number {
  return Math.abs(costMs - boundMs) <= rounding * scaleMs ? 0 : (costMs - boundMs) / boundMs;
}
