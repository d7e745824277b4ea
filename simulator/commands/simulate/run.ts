// Runs a simulation into a directory: progress, tables, report. An interrupted run keeps the tables of its slots.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { badArgument, isOutriderError, OutriderError } from '../../../src/core/basics/errors.ts';
import { packageVersion } from '../../../src/files/document.ts';
import type { FoundPolicy } from '../../../src/files/policy-file.ts';
import { readTrace } from '../../files/trace-files.ts';
import {
  createSimulation,
  type Simulation,
  type SimulationResult,
  type SimulationRow,
  type SimulationSettings,
  type SimulationSummary,
} from '../../simulation/simulate.ts';
import { type TokenSource, traceSourceOf } from '../../simulation/token-source.ts';
import { openRunDirectory, type RunDirectory, readWholeRun } from './directory.ts';
import { reportPage } from './report.ts';
import { takeNotes } from './report-notes.ts';

export interface SimulationOptions
  extends Pick<SimulationSettings, 'scenario' | 'slots' | 'seed' | 'fidelity' | 'mode' | 'map' | 'certify'> {
  readonly policy: FoundPolicy;
  /** A trace file, where the fidelity has tokens; without it drafts are drawn. */
  readonly traces?: string | undefined;
  /** Where tables go; without it there are none, and an interrupted run leaves nothing. */
  readonly directory?: string | undefined;
  readonly resume?: boolean;
  /** Writes report.html into the directory when the run is whole. */
  readonly report?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface SimulationRun extends SimulationResult {
  /** Slots that were run just now; 0 when the run was whole already. */
  readonly slotsRun: number;
}

/** Time between checks of the signal and reports of progress. */
const pauseMs = 100;

/** @throws OutriderError `bad-argument`, and `interrupted` when the signal is aborted: the finished slots are kept in the directory */
export async function runSimulation(options: SimulationOptions): Promise<SimulationRun> {
  const { directory, resume = false, report = false } = options;
  const whole = directory === undefined || !resume ? undefined : readWholeRun(directory);
  const files = directory === undefined ? undefined : openRunDirectory(directory, configOf(options), resume);
  if (whole !== undefined) {
    return { slotsRun: 0, rows: whole['rows'] as SimulationRow[], summary: whole['summary'] as SimulationSummary };
  }
  const notes = report ? takeNotes() : undefined;
  const { policy, traces, fidelity = 'slot' } = options;
  const simulation = createSimulation({
    ...options,
    tokenSource: traces === undefined || fidelity === 'slot' ? undefined : readTokenSource(traces),
    onSession: notes?.addSession,
    onTable: files?.writeTable,
    onSlot: notes?.addSlot,
  });
  try {
    await stepAll(simulation, options);
  } catch (error) {
    close(simulation, files, false);
    throw isOutriderError(error) && error.code !== 'interrupted' ? withKept(error, simulation.done, options) : error;
  }
  close(simulation, files, true);
  if (notes !== undefined) {
    const { scenario, seed, map } = options;
    const about = { scenario, policy: policy.name, seed, fidelity, notes: notes.notes(), streets: map?.streets };
    const found = { slotRows: simulation.slotRows(), engineMs: simulation.engineMs(), ...simulation.result() };
    files?.writeReport(await reportPage({ ...about, ...found }));
  }
  return { slotsRun: simulation.done, ...simulation.result() };
}

async function stepAll(simulation: Simulation, options: SimulationOptions): Promise<void> {
  const { slots, onProgress, signal } = options;
  for (let pause = 0; simulation.done < slots; simulation.step()) {
    if (performance.now() < pause) continue;
    onProgress?.(simulation.done, slots);
    await setImmediate();
    pause = performance.now() + pauseMs;
    if (signal?.aborted === true) throw interrupted(simulation.done, options);
  }
}

function close(simulation: Simulation, files: RunDirectory | undefined, isWhole: boolean): void {
  simulation.endTables();
  files?.finish(simulation.result(), isWhole);
}

/** @throws OutriderError `bad-argument` for a trace that can't be used */
function readTokenSource(traces: string): TokenSource {
  const trace = readTrace(traces);
  if (trace.sessions.length === 0)
    throw badArgument(`${traces} holds no session`, 'Record another, see "outrider trace".');
  const { target, draft } = trace.header;
  return traceSourceOf(trace, `traces: ${target.name} with ${draft.name}, ${trace.sessions.length} sessions`);
}

/** Everything on which the bytes of a run depend. */
function configOf(options: SimulationOptions): object {
  const { scenario, policy, slots, seed, map, fidelity = 'slot', mode = 'stream', traces } = options;
  const tracesSha256 = traces === undefined ? null : createHash('sha256').update(readFileSync(traces)).digest('hex');
  return {
    command: 'simulate',
    outrider: packageVersion(),
    node: process.versions.node,
    fidelity,
    ...(fidelity === 'slot' ? {} : { mode, tracesSha256 }),
    policy: policy.name,
    policySha256: policy.sha256,
    slots,
    seed,
    certify: options.certify === true,
    mapSha256: map?.header.bodySha256 ?? null,
    scenario,
  };
}

function interrupted(done: number, { slots, directory }: SimulationOptions): OutriderError {
  const cause = `stopped after ${done} of ${slots} slots`;
  if (directory === undefined) return new OutriderError('interrupted', cause, 'Give --out to keep what was run.');
  return new OutriderError('interrupted', `${cause}; they are kept in ${directory}`, 'Add --resume to run them again.');
}

function withKept(error: OutriderError, done: number, { directory }: SimulationOptions): OutriderError {
  if (directory === undefined || done === 0) return error;
  return new OutriderError(error.code, `${error.message}; ${done} slots are kept in ${directory}`, error.remedy, {
    cause: error,
  });
}
