// `outrider trial allocation`: tries to break what the allocation promises. Random slots are solved exactly, and no bound may be above
// the optimum; `best` may be above it by 0.2 % in the mean; shares have to be those of the worked examples. The same for bounds and
// `best` under the objective `felt`.

import { createPolicy } from '../../../simulator/policies/policies.ts';
import { bandVectors, oneServerProblem } from '../../../simulator/policies/share-vectors.ts';
import { solveExactly } from '../../../simulator/policies/subset-dp.ts';
import type { Experiment, Unit } from '../../../simulator/runner/experiment.ts';
import { BandSolver } from '../../../src/allocation/paper/band-shares.ts';
import { shareCompute } from '../../../src/allocation/paper/compute-shares.ts';
import { termsOf } from '../../../src/allocation/paper/objective.ts';
import { boundByPrices } from '../../../src/allocation/search/dual-bound.ts';
import { boundByPool } from '../../../src/allocation/search/pool-bound.ts';
import { createProblem, type Problem } from '../../../src/allocation/search/problem.ts';
import type { ObjectiveSettings, SlotState } from '../../../src/allocation/slot/slot-state.ts';
import { syntheticSlot } from '../../../src/allocation/slot/synthetic-slot.ts';
import { createRandom } from '../../../src/core/basics/philox.ts';
import { mean, median } from '../../../src/core/basics/statistics.ts';
import { trialSeed } from '../../../src/core/options/options.ts';
import { loadMilpSolver, type MilpSolver } from './milp.ts';

/** A solved slot. Values are relative to the exact optimum, constants left out; `methodsDiffer` is null where only one method was used. */
interface Instance extends Readonly<Record<'bestAbove' | 'poolBelow' | 'dualBelow' | 'violations', number>> {
  readonly methodsDiffer: number | null;
  readonly method: 'dynamic-programming' | 'highs';
  readonly objective: ObjectiveSettings;
}

/** Room for rounding, relative; exact costs come from roots found to 1e-10. */
const rounding = 1e-8;
const mostAboveExact = 0.002;
const mostShareError = 2e-6;
const dualRounds = 200;

type Bounds = (problem: Problem) => readonly number[];

function usualBounds(problem: Problem): readonly number[] {
  return [boundByPool(problem).boundMs, boundByPrices(problem, dualRounds).boundMs];
}

const options = {
  instances: {
    flag: '--instances <count>',
    help: 'random slots; a thirtieth as many larger ones beside',
    whole: [12, 1_000_000],
    default: 120,
  },
  seed: trialSeed as typeof trialSeed,
  /** Larger slots for HiGHS; unless given, a thirtieth as many, two at least. */
  larger: { default: null as number | null },
  /** What is on trial; others may be given to see the trial fail. */
  bounds: { default: usualBounds as Bounds },
} as const;

export const allocationTrial: Experiment<typeof options, readonly Instance[]> = {
  name: 'trial allocation',
  lasts: '1 minute',
  description: 'check bounds, shares and the best policy against exact optima of random slots',
  isResumable: true,
  options,
  async measure({ instances, seed, bounds, larger }, run) {
    const solver = await loadMilpSolver();
    const largerCount = larger ?? Math.max(2, Math.round(instances / 30));
    await run.begin({ instances, seed, largerCount });
    const all = Array.from({ length: instances + largerCount }, (_, index) => index);
    const unitOf = (index: number): Unit<Instance> => {
      const isLarger = index >= instances;
      const method = isLarger ? 'highs' : 'dynamic-programming';
      const measure = (): Instance => judge(drawState(seed, index, isLarger), method, solver, bounds);
      return { key: `slot ${index}`, measure };
    };
    const feltUnitOf = (index: number): Unit<Instance> => ({
      key: `felt slot ${index}`,
      measure: () => judge(drawFeltState(seed, index), 'dynamic-programming', solver, bounds),
    });
    const small = await run.all('dynamic programming', all.slice(0, instances).map(unitOf));
    const large = await run.all('HiGHS', all.slice(instances).map(unitOf));
    return [...small, ...large, ...(await run.all('objective felt', all.slice(0, instances).map(feltUnitOf)))];
  },
  conclude(found, { instances }) {
    const groups = Map.groupBy(found, ({ method, objective: { kind, energyModel, radioModel } }) =>
      [method, kind, energyModel, radioModel].join(' '),
    );
    const rows = [...groups.values()].map(rowOf);
    const summary = summarise(found);
    return { rows, summary, passed: isPassed(summary), params: { instances } };
  },
};

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

/** Few devices and servers, so that one misplaced device weighs much; any radio, energy weight and band. */
function drawFeltState(seed: number, index: number): SlotState {
  const random = createRandom(seed, 0x41e00000 + index);
  const pick = <Value>(...values: Value[]): Value => values[random.integer(values.length)] as Value;
  const radioModel = index % 2 === 0 ? ('fixed-snr' as const) : ('concentrated' as const);
  const slot = syntheticSlot({
    deviceCount: 4 + random.integer(5),
    serverCount: 2 + random.integer(2),
    seed: 1 + random.integer(2 ** 31),
    sideM: pick(300, 600),
    objective: { kind: 'felt', radioModel, energyWeight: pick(0, 20, 100) },
  });
  const scale = pick(0.02, 0.2, 1, 2);
  return { ...slot, bandwidthHz: slot.bandwidthHz.map((hertz) => hertz * scale) };
}

function judge(state: SlotState, method: Instance['method'], solve: MilpSolver, bounds: Bounds): Instance {
  const problem = createProblem(state);
  const bySubsets = (): number => solveExactly(problem).costMs;
  const exactMs = method === 'highs' ? solve(problem).costMs : bySubsets();
  const { costMs, constantMs } = termsOf(state, createPolicy('best-slot')(state)).sum;
  const bestAbove = (costMs - constantMs) / exactMs - 1;
  const [pool = 0, dual = 0] = bounds(problem);
  // HiGHS finds the optimum to a millionth.
  const room = method === 'highs' ? 2e-6 : rounding;
  const violations = [pool > exactMs * (1 + rounding), dual > exactMs * (1 + rounding), bestAbove < -room];
  return {
    method,
    objective: state.objective,
    bestAbove,
    poolBelow: 1 - pool / exactMs,
    dualBelow: 1 - dual / exactMs,
    violations: violations.filter(Boolean).length,
    methodsDiffer: method === 'highs' && state.deviceCount <= 13 ? Math.abs(bySubsets() / exactMs - 1) : null,
  };
}

function rowOf(group: readonly Instance[]) {
  const { method, objective } = group[0] as Instance;
  const { instances, bestAboveExactMean, bestAboveExactWorst, boundViolations } = figuresOf(group);
  return {
    method,
    objective: objective.kind ?? 'paper',
    energyModel: objective.energyModel,
    radioModel: objective.radioModel,
    instances,
    bestAboveExactMean,
    bestAboveExactWorst,
    poolBelowExactMean: mean(group.map(({ poolBelow }) => poolBelow)),
    dualBelowExactMean: mean(group.map(({ dualBelow }) => dualBelow)),
    boundViolations,
  };
}

function figuresOf(found: readonly Instance[]) {
  return {
    instances: found.length,
    bestAboveExactMean: mean(found.map(({ bestAbove }) => bestAbove)),
    bestAboveExactWorst: Math.max(...found.map(({ bestAbove }) => bestAbove)),
    // Bounds above an exact optimum, and answers of `best` below one.
    boundViolations: found.reduce((sum, { violations }) => sum + violations, 0),
  };
}

function summarise(found: readonly Instance[]) {
  const instances = found.filter(({ objective }) => objective.kind !== 'felt');
  const felt = found.filter(({ objective }) => objective.kind === 'felt');
  const ofFelt = figuresOf(felt);
  const feltGaps = felt.map(({ dualBelow }) => 1 / (1 - dualBelow) - 1);
  const differ = instances.map(({ methodsDiffer }) => methodsDiffer).filter((value) => value !== null);
  return {
    ...figuresOf(instances),
    worstShareError: worstShareError(),
    exactMethodsDiffer: Math.max(0, ...differ),
    feltInstances: ofFelt.instances,
    feltBestAboveExactMean: ofFelt.bestAboveExactMean,
    feltBestAboveExactWorst: ofFelt.bestAboveExactWorst,
    feltBoundViolations: ofFelt.boundViolations,
    feltBoundGapMedian: median(feltGaps),
    feltBoundGapWorst: Math.max(...feltGaps),
  };
}

function isPassed(summary: ReturnType<typeof summarise>): boolean {
  const { boundViolations, bestAboveExactMean, worstShareError: shareError, exactMethodsDiffer } = summary;
  const isNear = bestAboveExactMean <= mostAboveExact && shareError <= mostShareError && exactMethodsDiffer <= 2e-6;
  const isFeltNear = summary.feltBoundViolations === 0 && summary.feltBestAboveExactMean <= mostAboveExact;
  return boundViolations === 0 && isNear && isFeltNear;
}

/** The largest difference of a share from that of a worked example; these have six decimals. */
function worstShareError(): number {
  let worst = 0;
  for (const vector of bandVectors) {
    const solver = new BandSolver(oneServerProblem(vector), 3);
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
