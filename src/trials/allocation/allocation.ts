// `outrider trial allocation`: tries to break what the allocation promises. Random slots are solved exactly, and no bound may be above
// the optimum; `best` may be above it by 0.2 % in the mean; shares have to be those of the worked examples.

import { setImmediate } from 'node:timers/promises';
import { createBandSolver } from '../../allocation/band-shares.ts';
import { shareCompute } from '../../allocation/compute-shares.ts';
import { boundByPrices } from '../../allocation/dual-bound.ts';
import { createSlotTerms, evaluate } from '../../allocation/objective.ts';
import { createPolicy } from '../../allocation/policies.ts';
import { boundByPool } from '../../allocation/pool-bound.ts';
import { createProblem, type Problem } from '../../allocation/problem.ts';
import { bandVectors, oneServerProblem } from '../../allocation/share-vectors.ts';
import type { ObjectiveSettings, SlotState } from '../../allocation/slot-state.ts';
import { solveExactly } from '../../allocation/subset-dp.ts';
import { syntheticSlot } from '../../allocation/synthetic-slot.ts';
import { createRandom } from '../../basics/philox.ts';
import { mean } from '../../basics/statistics.ts';
import { loadMilpSolver, type MilpSolver } from './milp.ts';

export interface TrialAllocationOptions {
  /** Random instances for dynamic programming. */
  readonly instances: number;
  /** Larger ones for HiGHS; unless given, a thirtieth as many, two at least. */
  readonly larger?: number;
  readonly seed: number;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  /** Other bounds may be given to see the trial fail. */
  readonly bounds?: (problem: Problem) => readonly number[];
}

/** Instances of one method and model; all values relative to the exact optimum, constants left out. */
export interface TrialAllocationRow {
  readonly method: 'dynamic-programming' | 'highs';
  readonly energyModel: ObjectiveSettings['energyModel'];
  readonly radioModel: ObjectiveSettings['radioModel'];
  readonly instances: number;
  readonly bestAboveExactMean: number;
  readonly bestAboveExactWorst: number;
  readonly poolBelowExactMean: number;
  readonly dualBelowExactMean: number;
  readonly boundViolations: number;
}

export interface TrialAllocationSummary extends Readonly<Record<string, number | string | boolean>> {
  readonly instances: number;
  /** The largest difference of a share from a worked example's. */
  readonly worstShareError: number;
  readonly bestAboveExactMean: number;
  readonly bestAboveExactWorst: number;
  /** Bounds above an exact optimum, and answers of `best` below one. */
  readonly boundViolations: number;
  /** The largest difference between the two exact methods, relative. */
  readonly exactMethodsDiffer: number;
  readonly promiseHeld: boolean;
}

export interface TrialAllocationResult {
  readonly rows: TrialAllocationRow[];
  readonly summary: TrialAllocationSummary;
}

interface Instance {
  readonly method: TrialAllocationRow['method'];
  readonly objective: ObjectiveSettings;
  readonly bestAbove: number;
  readonly poolBelow: number;
  readonly dualBelow: number;
  readonly violations: number;
  /** NaN where only one method was used. */
  readonly methodsDiffer: number;
}

/** Room for rounding, relative; exact costs come from roots found to 1e-10. */
const rounding = 1e-8;
const mostAboveExact = 0.002;
const mostShareError = 2e-6;
const dualRounds = 200;

export async function trialAllocation(options: TrialAllocationOptions): Promise<TrialAllocationResult> {
  const { instances: count, seed, onProgress } = options;
  const solver = await loadMilpSolver();
  const larger = options.larger ?? Math.max(2, Math.round(count / 30));
  const instances: Instance[] = [];
  for (let index = 0; index < count + larger; index++) {
    const isLarger = index >= count;
    onProgress?.(
      isLarger ? 'HiGHS' : 'dynamic programming',
      isLarger ? index - count : index,
      isLarger ? larger : count,
    );
    const state = drawState(seed, index, isLarger);
    instances.push(isLarger ? viaMilp(state, solver, options) : viaSubsets(state, options));
    await setImmediate();
  }
  const rows = groupsOf(instances).map(rowOf);
  const summary = summarise(instances);
  return { rows, summary };
}

/** Any model, any energy weight, bands and queues that differ; some links too weak. */
function drawState(seed: number, index: number, isLarger: boolean): SlotState {
  const random = createRandom(seed, 0x41f00000 + index);
  const pick = <Value>(...values: Value[]): Value => values[random.integer(values.length)] as Value;
  const objective = {
    energyModel: index % 2 === 0 ? ('band' as const) : ('airtime' as const),
    radioModel: index % 4 < 2 ? ('fixed-snr' as const) : ('concentrated' as const),
    energyWeight: pick(0, 1, 20, 100),
    lambdaPerMs: pick(0.001, 0.01, 0.1),
  };
  // The last of the larger ones are out of reach of dynamic programming.
  const deviceCount = isLarger ? pick(12, 13, 16, 18) : 6 + random.integer(5);
  const slot = syntheticSlot({
    deviceCount,
    serverCount: isLarger ? 3 : 2 + random.integer(3),
    seed: 1 + random.integer(2 ** 31),
    sideM: pick(300, 600),
    objective,
  });
  const wider = slot.bandwidthHz.map((hertz) => hertz * pick(0.5, 1, 2));
  return random.uniform() < 0.5 ? slot : { ...slot, bandwidthHz: wider };
}

function viaSubsets(state: SlotState, options: TrialAllocationOptions): Instance {
  const problem = createProblem(state);
  const { costMs } = solveExactly(problem);
  return judge('dynamic-programming', state, problem, costMs, options);
}

function viaMilp(state: SlotState, solve: MilpSolver, options: TrialAllocationOptions): Instance {
  const problem = createProblem(state);
  const { costMs } = solve(problem);
  const judged = judge('highs', state, problem, costMs, options);
  if (state.deviceCount > 13) return judged;
  return { ...judged, methodsDiffer: Math.abs(solveExactly(problem).costMs / costMs - 1) };
}

function judge(
  method: Instance['method'],
  state: SlotState,
  problem: Problem,
  exactMs: number,
  { bounds }: TrialAllocationOptions,
): Instance {
  const terms = createSlotTerms(state.deviceCount);
  evaluate(state, createPolicy('best')(state), terms);
  const bestAbove = (terms.sum.costMs - terms.sum.constantMs) / exactMs - 1;
  const [pool = 0, dual = 0] = bounds?.(problem) ?? [
    boundByPool(problem).boundMs,
    boundByPrices(problem, dualRounds).boundMs,
  ];
  // HiGHS says the optimum to a millionth.
  const room = method === 'highs' ? 2e-6 : rounding;
  const violations = [pool > exactMs * (1 + rounding), dual > exactMs * (1 + rounding), bestAbove < -room];
  return {
    method,
    objective: state.objective,
    bestAbove,
    poolBelow: 1 - pool / exactMs,
    dualBelow: 1 - dual / exactMs,
    violations: violations.filter(Boolean).length,
    methodsDiffer: Number.NaN,
  };
}

function groupsOf(instances: readonly Instance[]): Instance[][] {
  const key = ({ method, objective }: Instance): string => `${method} ${objective.energyModel} ${objective.radioModel}`;
  return [...Map.groupBy(instances, key).values()];
}

function rowOf(group: readonly Instance[]): TrialAllocationRow {
  const { method, objective } = group[0] as Instance;
  return {
    method,
    energyModel: objective.energyModel,
    radioModel: objective.radioModel,
    instances: group.length,
    bestAboveExactMean: mean(group.map(({ bestAbove }) => bestAbove)),
    bestAboveExactWorst: Math.max(...group.map(({ bestAbove }) => bestAbove)),
    poolBelowExactMean: mean(group.map(({ poolBelow }) => poolBelow)),
    dualBelowExactMean: mean(group.map(({ dualBelow }) => dualBelow)),
    boundViolations: group.reduce((sum, { violations }) => sum + violations, 0),
  };
}

function summarise(instances: readonly Instance[]): TrialAllocationSummary {
  const above = instances.map(({ bestAbove }) => bestAbove);
  const shareError = worstShareError();
  const boundViolations = instances.reduce((sum, { violations }) => sum + violations, 0);
  const differ = instances.map(({ methodsDiffer }) => methodsDiffer).filter((value) => !Number.isNaN(value));
  const exactMethodsDiffer = Math.max(0, ...differ);
  const isNear = mean(above) <= mostAboveExact && shareError <= mostShareError && exactMethodsDiffer <= 2e-6;
  return {
    instances: instances.length,
    worstShareError: shareError,
    bestAboveExactMean: mean(above),
    bestAboveExactWorst: Math.max(...above),
    boundViolations,
    exactMethodsDiffer,
    promiseHeld: boundViolations === 0 && isNear,
  };
}

/** Against the worked examples; they have six decimals. */
function worstShareError(): number {
  let worst = 0;
  for (const vector of bandVectors) {
    const solver = createBandSolver(oneServerProblem(vector), 3);
    solver.solve(Int32Array.of(0, 1, 2), 3, 0, 1e-12);
    for (const [index, share] of vector.share.entries()) {
      worst = Math.max(worst, Math.abs((solver.share[index] as number) - share));
    }
  }
  const share = new Float64Array(3);
  shareCompute(Float64Array.of(8, 10, 12), 3, share);
  for (const [index, expected] of [4 / 15, 1 / 3, 2 / 5].entries()) {
    worst = Math.max(worst, Math.abs((share[index] as number) - expected));
  }
  return worst;
}
