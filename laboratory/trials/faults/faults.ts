// `outrider trial faults`: tests the invariants of the protocol in virtual time, in thousands of runs with lost, duplicate, overtaking and
// blocked connections, crashes, handovers, hostile devices, lying edges, controllers that are late, dead, doubled, or lie, and fleets of
// controllers that lose their store, their clocks' pace, or each other. The seed of a run repeats it.

import { createHash } from 'node:crypto';
import type { Conclusion, Experiment, Unit } from '../../../simulator/runner/experiment.ts';
import { defined } from '../../../src/core/basics/defined.ts';
import { trialSeed } from '../../../src/core/options/options.ts';
import { type ModeName, modeNames } from '../../../src/core/protocol/wire/mode.ts';
import type { ControlFaultKind } from './control-faults.ts';
import { type FaultRunResult, type PlantedBug, runFaults } from './run.ts';
import type { Log } from './violation.ts';

/** Results of one mode. */
interface FaultsRow {
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

interface FaultsFinding extends FaultRunResult {
  /** With --digest. */
  readonly digest?: string;
}

interface FaultsConclusion extends Conclusion<FaultsRow> {
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
/** A mean over fewer runs of a mode is not significant. */
const leastRunsForFloor = 100;
const runsOfUnit = 25;

const options = {
  runs: { flag: '--runs <count>', help: 'runs, each from its own seed', whole: [1, 10_000_000], default: 1000 },
  /** Seed of the first run. Each further run takes the next number, which also gives its mode. */
  seed: trialSeed as typeof trialSeed,
  verbose: { flag: '--verbose', help: 'print every event to standard error' },
  digest: {
    flag: '--digest',
    help: 'print a digest of all events and results: equal before and after a change that must not change a run',
  },
  /** A planted bug, for tests of the trial itself. */
  bug: { default: {} as PlantedBug },
} as const;

export const faultsTrial: Experiment<typeof options, readonly FaultsFinding[], FaultsConclusion> = {
  name: 'trial faults',
  lasts: '1 minute',
  description:
    'inject lost connections, crashes, hostile devices, lying edges and faulty controllers in virtual time, and check every invariant',
  isResumable: true,
  options,
  async measure({ runs, seed: firstSeed, verbose, digest, bug }, run) {
    const log = verbose ? run.note : undefined;
    const measure = (seed: number): FaultsFinding =>
      digest ? digested(seed, bug, log) : runFaults(seed, { bug, ...defined({ log }) });
    await run.begin({ digest });
    const units = Array.from({ length: Math.ceil(runs / runsOfUnit) }, (_, index): Unit<FaultsFinding[]> => {
      const first = firstSeed + index * runsOfUnit;
      const count = Math.min(runsOfUnit, runs - index * runsOfUnit);
      return {
        key: `seeds ${first} to ${first + count - 1}`,
        measure: () => Array.from({ length: count }, (_none, next) => measure(first + next)),
      };
    });
    const found: FaultsFinding[][] = [];
    // Nothing is drawn over the events.
    if (verbose) for (const unit of units) found.push(await run.one(unit));
    else found.push(...(await run.all(`${runsOfUnit} runs each`, units)));
    return found.flat();
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

/** A run, and the digest of its events and results. */
function digested(seed: number, bug: PlantedBug, note: Log): FaultsFinding {
  const hash = createHash('sha256');
  const log = (line: string): void => {
    hash.update(`${line}\n`);
    note?.(line);
  };
  const result = runFaults(seed, { bug, log });
  return { ...result, digest: hash.update(JSON.stringify(result)).digest('hex') };
}

/** Keys of the numbers of a run. */
type Counted = {
  [Key in keyof FaultRunResult]: FaultRunResult[Key] extends number ? Key : never;
}[keyof FaultRunResult];

function sum(results: readonly FaultRunResult[], count: Counted): number {
  return results.reduce((total, result) => total + result[count], 0);
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
  results: readonly FaultsFinding[],
  allBroken: readonly FaultRunResult[],
): Conclusion['summary'] & { readonly slowModes: number } {
  const countBroken = (...invariants: string[]): number =>
    allBroken.filter(({ broken }) => broken !== null && invariants.includes(broken.invariant)).length;
  const slowModes = rows.filter((row) => row.runs >= leastRunsForFloor && row.tokensPerStep < row.tokensPerStepFloor);
  const ofControl = (kind: ControlFaultKind): number =>
    results.reduce((total, { controlFaults }) => total + controlFaults[kind], 0);
  const [first] = allBroken;
  return {
    runs: results.length,
    sessions: sum(results, 'sessions'),
    hostileDevices: sum(results, 'hostileDevices'),
    faultsInjected: sum(results, 'faults'),
    events: sum(results, 'events'),
    // Runs in which an edge or a reader got a token that is not the target's.
    wrongTexts: countBroken('edge-text', 'device-text'),
    // Runs in which a session never got its whole text.
    hung: countBroken('finished'),
    invariantViolations: allBroken.length,
    edgeBytesPeak: results.reduce((peak, { edgeBytesPeak }) => Math.max(peak, edgeBytesPeak), 0),
    tokensPerStep: tokensPerStep(results),
    alternativesTaken: sum(results, 'alternativesTaken'),
    handovers: sum(results, 'handovers'),
    drains: sum(results, 'drains'),
    controlledRuns: results.filter(({ isControlled }) => isControlled).length,
    ordersObeyed: sum(results, 'ordersFollowed'),
    controllersLate: ofControl('late'),
    controllersDead: ofControl('dead'),
    controllersDoubled: ofControl('doubled'),
    controllersFalse: ofControl('false'),
    controllersLying: ofControl('lying'),
    fleetRuns: results.filter(({ fleet }) => fleet !== null).length,
    fleetFaults: results.reduce((total, { fleet }) => total + (fleet?.faults ?? 0), 0),
    leadersBegun: results.reduce((total, { fleet }) => total + (fleet?.leads ?? 0), 0),
    slowModes: slowModes.length,
    digest: digestOf(results),
    replay: first === undefined ? '' : `outrider trial faults --runs 1 --seed ${first.seed} --verbose`,
  };
}

/** The digest of all runs in order; empty without --digest. */
function digestOf(results: readonly FaultsFinding[]): string {
  if (results.some(({ digest }) => digest === undefined)) return '';
  return createHash('sha256')
    .update(results.map(({ digest }) => digest).join())
    .digest('hex');
}
