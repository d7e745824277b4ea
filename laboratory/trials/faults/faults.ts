// `outrider trial faults`: tests the invariants of the protocol in virtual time, in thousands of runs with lost, duplicate, overtaking and
// blocked connections, crashes, handovers, hostile devices, lying edges, and controllers that are late, dead, doubled, or lie. The seed of a
// run repeats it.

import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { trialSeed } from '../../../src/cli/options/options.ts';
import { type ModeName, modeNames } from '../../../src/core/protocol/wire/mode.ts';
import type { ControlFaultKind } from './control-faults.ts';
import { type FaultRunResult, type PlantedBug, runFaults } from './run.ts';

/** Results of one mode. */
export interface FaultsRow {
  readonly mode: ModeName;
  readonly runs: number;
  readonly sessions: number;
  readonly faults: number;
  readonly broken: number;
  /** Tokens that honest sessions committed, per step of these sessions. */
  readonly tokensPerStep: number;
  /** The smallest value of 600 runs when this was written, minus about 5 %. */
  readonly tokensPerStepFloor: number;
}

export interface FaultsSummary extends Readonly<Record<string, number | string>> {
  readonly runs: number;
  readonly sessions: number;
  readonly hostileDevices: number;
  readonly faultsInjected: number;
  readonly events: number;
  /** Runs in which an edge or a reader got a token that is not the target's. */
  readonly wrongTexts: number;
  /** Runs in which a session never got its whole text. */
  readonly hung: number;
  /** Runs that violated any invariant, those two included. */
  readonly invariantViolations: number;
  readonly edgeBytesPeak: number;
  readonly tokensPerStep: number;
  /** Mismatches after which a text went on as an alternative. */
  readonly alternativesTaken: number;
  /** Times that another edge has taken a text over. */
  readonly handovers: number;
  /** Edges that took nobody new for a while, or went down after they had said so. */
  readonly drains: number;
  /** Runs with a controller. */
  readonly controlledRuns: number;
  /** Orders that made a device move; those of the trial itself, which no policy gave, among them. */
  readonly ordersObeyed: number;
  /** Faults of controllers: late messages, crashes, second ones, false ones at their address, and lies or nonsense. */
  readonly controllersLate: number;
  readonly controllersDead: number;
  readonly controllersDoubled: number;
  readonly controllersFalse: number;
  readonly controllersLying: number;
  /** Modes below their floor. */
  readonly slowModes: number;
  /** The command that repeats the first run that violated an invariant, with its events; empty if there is none. */
  readonly replay: string;
}

export interface FaultsConclusion extends Conclusion {
  readonly rows: readonly FaultsRow[];
  readonly summary: FaultsSummary;
  readonly passed: boolean;
  /** Runs that violated an invariant. */
  readonly broken: readonly FaultRunResult[];
}

const floors: Readonly<Record<ModeName, number>> = {
  ar: 0.99,
  stream: 1.05,
  sd: 1.37,
  psd: 1.28,
  'psd-lockstep': 1.26,
  'edge-sd': 1.35,
  mix: 1.3,
};
/** A mean over fewer runs of a mode says too little. */
const leastRunsForFloor = 100;
const runsBetweenReports = 25;

const options = {
  runs: { flag: '--runs <count>', help: 'runs, each from its own seed', whole: [1, 10_000_000], default: 1000 },
  /** Seed of the first run. Each further run takes the next number, which also gives its mode. */
  seed: trialSeed as typeof trialSeed,
  verbose: { flag: '--verbose', help: 'print every event to standard error' },
  /** A planted bug, for tests of the trial itself. */
  bug: { default: {} as PlantedBug },
} as const;

export const faultsTrial: Experiment<typeof options, readonly FaultRunResult[], FaultsConclusion> = {
  name: 'trial faults',
  description:
    'inject lost connections, crashes, hostile devices, lying edges and faulty controllers in virtual time, and check every invariant',
  options,
  async measure({ runs, seed, verbose, bug }, run) {
    const results: FaultRunResult[] = [];
    for (let index = 0; index < runs; index++) {
      if (!verbose && index % runsBetweenReports === 0) run.onProgress('runs', index, runs);
      const measure = (): FaultRunResult => runFaults(seed + index, { bug, ...(verbose ? { log: run.note } : {}) });
      results.push(await run.one({ key: `seed ${seed + index}`, measure }));
    }
    return results;
  },
  conclude(results, { runs }) {
    const rows = modeNames.map((mode) => rowOf(mode, results)).filter((row) => row.runs > 0);
    const broken = results.filter((result) => result.broken !== null);
    const summary = summarise(rows, results, broken);
    const remarks = broken
      .slice(0, 5)
      .map((one) => `seed ${one.seed}, event ${one.broken?.event}: ${one.broken?.detail}`);
    if (rows.some((row) => row.runs < leastRunsForFloor)) {
      remarks.push(`tokens per step are judged from ${leastRunsForFloor} runs of a mode on`);
    }
    return { rows, summary, passed: broken.length + summary.slowModes === 0, params: { runs }, broken, remarks };
  },
};

/** Keys of the numbers of a run. */
type Counted = {
  [Key in keyof FaultRunResult]: FaultRunResult[Key] extends number ? Key : never;
}[keyof FaultRunResult];

function sum(results: readonly FaultRunResult[], count: Counted): number {
  return results.reduce((total, result) => total + result[count], 0);
}

function sumOfControl(results: readonly FaultRunResult[], kind: ControlFaultKind): number {
  return results.reduce((total, { controlFaults }) => total + controlFaults[kind], 0);
}

function tokensPerStep(results: readonly FaultRunResult[]): number {
  return sum(results, 'committedTokens') / Math.max(1, sum(results, 'steps'));
}

function rowOf(mode: ModeName, all: readonly FaultRunResult[]): FaultsRow {
  const results = all.filter((result) => result.mode === mode);
  return {
    mode,
    runs: results.length,
    sessions: sum(results, 'sessions'),
    faults: sum(results, 'faults'),
    broken: results.filter(({ broken }) => broken !== null).length,
    tokensPerStep: tokensPerStep(results),
    tokensPerStepFloor: floors[mode],
  };
}

function summarise(
  rows: readonly FaultsRow[],
  results: readonly FaultRunResult[],
  allBroken: readonly FaultRunResult[],
): FaultsSummary {
  const countBroken = (...invariants: string[]): number =>
    allBroken.filter(({ broken }) => broken !== null && invariants.includes(broken.invariant)).length;
  const slowModes = rows.filter((row) => row.runs >= leastRunsForFloor && row.tokensPerStep < row.tokensPerStepFloor);
  const [first] = allBroken;
  return {
    runs: results.length,
    sessions: sum(results, 'sessions'),
    hostileDevices: sum(results, 'hostileDevices'),
    faultsInjected: sum(results, 'faults'),
    events: sum(results, 'events'),
    wrongTexts: countBroken('edge-text', 'device-text'),
    hung: countBroken('finished'),
    invariantViolations: allBroken.length,
    edgeBytesPeak: results.reduce((peak, { edgeBytesPeak }) => Math.max(peak, edgeBytesPeak), 0),
    tokensPerStep: tokensPerStep(results),
    alternativesTaken: sum(results, 'alternativesTaken'),
    handovers: sum(results, 'handovers'),
    drains: sum(results, 'drains'),
    controlledRuns: results.filter(({ isControlled }) => isControlled).length,
    ordersObeyed: sum(results, 'ordersObeyed'),
    controllersLate: sumOfControl(results, 'late'),
    controllersDead: sumOfControl(results, 'dead'),
    controllersDoubled: sumOfControl(results, 'doubled'),
    controllersFalse: sumOfControl(results, 'false'),
    controllersLying: sumOfControl(results, 'lying'),
    slowModes: slowModes.length,
    replay: first === undefined ? '' : `outrider trial faults --runs 1 --seed ${first.seed} --verbose`,
  };
}
