// `outrider trial faults`: tries to break the protocol in virtual time. Thousands of runs with lost, doubled, overtaking and blocked
// connections, crashes, hand-overs and hostile devices; each from one seed, which replays it.

import { setImmediate } from 'node:timers/promises';
import { type ModeName, modeNames } from '../../protocol/mode.ts';
import { type Machines, protocolMachines } from '../../virtual-time/machines.ts';
import { type FaultRunResult, runFaults } from './run.ts';

export interface TrialFaultsOptions {
  readonly runs: number;
  /** Of the first run; each further one takes the next number, and the mode that its number gives. */
  readonly seed: number;
  /** Told of everything that happens in every run, a line each. */
  readonly log?: (line: string) => void;
  readonly progress?: (done: number, total: number) => void;
  /** Others may be given to see the trial fail. */
  readonly machines?: Machines;
}

/** One mode. */
export interface TrialFaultsRow {
  readonly mode: ModeName;
  readonly runs: number;
  readonly sessions: number;
  readonly faults: number;
  readonly broken: number;
  /** Tokens that honest sessions committed, for each step that was run for them. */
  readonly tokensPerStep: number;
  /** What 600 runs fell to at least when this was written, less some 5 %. */
  readonly tokensPerStepFloor: number;
}

export interface TrialFaultsSummary extends Readonly<Record<string, number | string | boolean>> {
  readonly runs: number;
  readonly sessions: number;
  readonly hostileDevices: number;
  readonly faultsInjected: number;
  readonly events: number;
  /** Runs in which an edge or a reader got a token that the target would not have written. */
  readonly wrongTexts: number;
  /** Runs in which a session never got its whole text. */
  readonly hung: number;
  /** Runs that broke any promise, the two above included. */
  readonly invariantViolations: number;
  readonly edgeBytesPeak: number;
  readonly tokensPerStep: number;
  /** Modes below their floor. */
  readonly slowModes: number;
  /** What repeats the first run that broke a promise, with its events; empty if none did. */
  readonly replay: string;
  readonly promiseHeld: boolean;
}

export interface TrialFaultsResult {
  readonly rows: TrialFaultsRow[];
  readonly summary: TrialFaultsSummary;
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
const runsBetweenPauses = 25;

export async function trialFaults(options: TrialFaultsOptions): Promise<TrialFaultsResult> {
  const { runs, seed, log, progress, machines = protocolMachines } = options;
  const results: FaultRunResult[] = [];
  for (let index = 0; index < runs; index++) {
    results.push(runFaults(seed + index, { machines, ...(log === undefined ? {} : { log }) }));
    if (index % runsBetweenPauses === 0) {
      progress?.(index, runs);
      await setImmediate();
    }
  }
  const rows = modeNames.map((mode) => rowOf(mode, results)).filter((row) => row.runs > 0);
  return { rows, summary: summarise(rows, results), broken: results.filter(({ broken }) => broken !== null) };
}

function sum<T>(values: readonly T[], pick: (value: T) => number): number {
  return values.reduce((total, value) => total + pick(value), 0);
}

function tokensPerStep(results: readonly FaultRunResult[]): number {
  return (
    sum(results, ({ committedTokens }) => committedTokens) /
    Math.max(
      1,
      sum(results, ({ steps }) => steps),
    )
  );
}

function rowOf(mode: ModeName, all: readonly FaultRunResult[]): TrialFaultsRow {
  const results = all.filter((result) => result.mode === mode);
  return {
    mode,
    runs: results.length,
    sessions: sum(results, ({ sessions }) => sessions),
    faults: sum(results, ({ faults }) => faults),
    broken: results.filter(({ broken }) => broken !== null).length,
    tokensPerStep: tokensPerStep(results),
    tokensPerStepFloor: floors[mode],
  };
}

function summarise(rows: readonly TrialFaultsRow[], results: readonly FaultRunResult[]): TrialFaultsSummary {
  const countBroken = (...promises: string[]): number =>
    results.filter(({ broken }) => broken !== null && promises.includes(broken.promise)).length;
  const invariantViolations = results.filter(({ broken }) => broken !== null).length;
  const slowModes = rows.filter((row) => row.runs >= leastRunsForFloor && row.tokensPerStep < row.tokensPerStepFloor);
  const first = results.find(({ broken }) => broken !== null);
  return {
    runs: results.length,
    sessions: sum(results, ({ sessions }) => sessions),
    hostileDevices: sum(results, ({ hostileDevices }) => hostileDevices),
    faultsInjected: sum(results, ({ faults }) => faults),
    events: sum(results, ({ events }) => events),
    wrongTexts: countBroken('edge-text', 'device-text'),
    hung: countBroken('finished'),
    invariantViolations,
    edgeBytesPeak: results.reduce((peak, { edgeBytesPeak }) => Math.max(peak, edgeBytesPeak), 0),
    tokensPerStep: tokensPerStep(results),
    slowModes: slowModes.length,
    replay: first === undefined ? '' : `outrider trial faults --runs 1 --seed ${first.seed} --verbose`,
    promiseHeld: invariantViolations === 0 && slowModes.length === 0,
  };
}
