// Runs a simulation slot by slot: progress, tables, and what is kept when it is interrupted. What was decided is journalled, and a run
// that is taken up decides the same again from there, so that its files are the same bytes as if nothing had happened.

import { setImmediate } from 'node:timers/promises';
import type { Assignment, SlotState } from '../allocation/slot-state.ts';
import { isOutriderError, OutriderError } from '../basics/errors.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { createSlotRun } from '../simulation/run-slots.ts';
import { createSlotTables } from '../simulation/slot-tables.ts';
import { createSlotTally, type SlotRow, type SlotSummary } from '../simulation/slot-tally.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { packageVersion } from './document.ts';
import { openRunDirectory, type RunDirectory, readWholeRun } from './simulate-directory.ts';
import type { JournalReader, JournalWriter } from './simulate-journal.ts';
import type { FoundPolicy } from './simulate-policy.ts';

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly policy: FoundPolicy;
  readonly slots: number;
  readonly seed: number;
  readonly map?: RadioMap | undefined;
  /** Where tables go; without it there are none, and an interrupted run leaves nothing. */
  readonly directory?: string | undefined;
  readonly resume?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface SimulationResult {
  readonly rows: readonly SlotRow[];
  readonly summary: SlotSummary;
}

const mostRows = 100;
const rowsPerChunk = 50_000;
/** Between looks at the world outside: signals, progress. */
const pauseMs = 100;

/** @throws OutriderError `bad-argument`, and `interrupted` when the signal says so: what was run is kept in the directory */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { slots, directory, resume = false } = options;
  const whole = directory === undefined || !resume ? undefined : readWholeRun(directory);
  const files = directory === undefined ? undefined : openRunDirectory(directory, configOf(options), resume);
  if (whole !== undefined) {
    return { rows: whole['rows'] as SlotRow[], summary: whole['summary'] as SlotSummary };
  }
  const tally = createSlotTally(Math.ceil(slots / mostRows));
  const recorder = files === undefined ? undefined : createRecorder(files);
  const policy = {
    name: options.policy.name,
    decide: (state: SlotState) => recorder?.recall(state) ?? options.policy.decide(state),
  };
  const run = createSlotRun({
    ...options,
    policy,
    onSlot(outcome) {
      tally.add(outcome.state, outcome.assignment, outcome.terms);
      tables?.add(outcome);
      recorder?.note(outcome.assignment, outcome.state.deviceCount);
    },
  });
  const { kinds, sites } = run.world.parts;
  const tables =
    files === undefined
      ? undefined
      : createSlotTables(kinds.length, sites.length, rowsPerChunk, (table) => files.writeTable(table));
  let done = 0;
  const result = (): SimulationResult => ({ rows: tally.rows(), summary: tally.summary() });
  const close = (isWhole: boolean): void => {
    tables?.end();
    recorder?.close();
    files?.finish(result(), isWhole);
  };
  try {
    for (let pause = 0; done < slots; done++) {
      if (performance.now() >= pause) {
        options.onProgress?.(done, slots);
        await setImmediate();
        recorder?.flush();
        pause = performance.now() + pauseMs;
        if (options.signal?.aborted === true) throw interrupted(done, options);
      }
      run.step();
    }
  } catch (error) {
    close(false);
    throw isOutriderError(error) && error.code !== 'interrupted' ? withKept(error, done, options) : error;
  }
  close(true);
  return result();
}

/** All that decides the bytes of a run. */
function configOf({ scenario, policy, slots, seed, map }: SimulationOptions): object {
  return {
    command: 'simulate',
    outrider: packageVersion(),
    node: process.versions.node,
    fidelity: 'slot',
    policy: policy.name,
    policySha256: policy.sha256,
    slots,
    seed,
    mapSha256: map?.header.bodySha256 ?? null,
    scenario,
  };
}

function interrupted(done: number, { slots, directory }: SimulationOptions): OutriderError {
  const cause = `stopped after ${done} of ${slots} slots`;
  if (directory === undefined) return new OutriderError('interrupted', cause, 'Give --out to keep what was run.');
  return new OutriderError('interrupted', `${cause}; they are kept in ${directory}`, 'Add --resume to go on.');
}

function withKept(error: OutriderError, done: number, { directory }: SimulationOptions): OutriderError {
  if (directory === undefined || done === 0) return error;
  return new OutriderError(error.code, `${error.message}; ${done} slots are kept in ${directory}`, error.remedy, {
    cause: error,
  });
}

interface Recorder {
  /** What an interrupted run decided in this slot; undefined after its end. */
  recall(state: SlotState): Assignment | undefined;
  note(assignment: Assignment, taskCount: number): void;
  flush(): void;
  close(): void;
}

function createRecorder(files: RunDirectory): Recorder {
  let before: JournalReader | undefined = files.before;
  let journal: JournalWriter | undefined;
  let wasRecalled = false;
  const read = (): Assignment | undefined => {
    const assignment = before?.read();
    if (assignment === undefined) before = undefined;
    return assignment;
  };
  return {
    recall() {
      const assignment = read();
      wasRecalled = assignment !== undefined;
      return assignment;
    },
    note(assignment, taskCount) {
      // A slot without tasks asked nobody; it has a record of its own.
      const isKnown = taskCount === 0 ? read() !== undefined : wasRecalled;
      if (isKnown) return;
      journal ??= files.journal();
      journal.append(assignment, taskCount);
    },
    flush: () => journal?.flush(),
    close: () => journal?.flush(),
  };
}
