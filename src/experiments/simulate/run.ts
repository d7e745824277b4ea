// Runs a simulation slot by slot: progress, tables, and what is kept when it is interrupted. What was decided is journalled, and a run
// that is taken up decides the same again from there, so that its files are the same bytes as if nothing had happened.

import { setImmediate } from 'node:timers/promises';
import { type Certificate, certify } from '../../allocation/certify.ts';
import type { Assignment, SlotState } from '../../allocation/slot-state.ts';
import { isOutriderError, OutriderError } from '../../basics/errors.ts';
import { packageVersion } from '../../files/document.ts';
import type { FoundPolicy } from '../../files/shipped-weights.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { createSlotRun, type SlotOutcome } from '../../simulation/run-slots.ts';
import { createSlotTables, type Table } from '../../simulation/slot-tables.ts';
import { createSlotTally, type SlotRow, type SlotSummary, type SlotTally } from '../../simulation/slot-tally.ts';
import type { TokenRow, TokenSummary } from '../../simulation/token-tally.ts';
import type { RadioMap } from '../../world/radio-map.ts';
import { openRunDirectory, type RunDirectory, readWholeRun } from './directory.ts';
import type { JournalReader, JournalWriter } from './journal.ts';
import { reportPage } from './report.ts';
import { takeNotes } from './report-notes.ts';
import { createTokenPart, findTokenSource, sha256Of, type TokenPart, type TokenSettings } from './tokens.ts';

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly policy: FoundPolicy;
  readonly slots: number;
  readonly seed: number;
  /** `both`: rows and summary have both. Default `slot`. */
  readonly fidelity?: Fidelity;
  /** Asked for where the fidelity has tokens. */
  readonly tokens?: TokenSettings | undefined;
  readonly map?: RadioMap | undefined;
  /** Where tables go; without it there are none, and an interrupted run leaves nothing. */
  readonly directory?: string | undefined;
  readonly resume?: boolean;
  /** Ask the dual's bound in each slot as well as the pool's; a hundredth of a second for 30 devices. */
  readonly certify?: boolean;
  /** Writes report.html into the directory when the run is whole. */
  readonly report?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export type Fidelity = 'slot' | 'token' | 'both';

export interface SimulationResult {
  /** Slots that were run just now, those of an interrupted run included; 0 when it was whole already. */
  readonly slotsRun: number;
  readonly rows: readonly SimulationRow[];
  readonly summary: SimulationSummary;
}

/** By fidelity: of slots, of tokens, of both. */
export type SimulationRow = Partial<SlotRow> & Partial<TokenRow>;
export type SimulationSummary = Partial<SlotSummary> & Partial<TokenSummary>;

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
    return { slotsRun: 0, rows: whole['rows'] as SimulationRow[], summary: whole['summary'] as SimulationSummary };
  }
  const slotsPerRow = Math.ceil(slots / mostRows);
  const tally = createSlotTally(slotsPerRow);
  const { fidelity = 'slot', tokens = { mode: 'stream' }, scenario, seed } = options;
  const notes = options.report === true ? takeNotes() : undefined;
  const source = fidelity === 'slot' ? undefined : findTokenSource(tokens, scenario, seed);
  const recorder = files === undefined ? undefined : createRecorder(files);
  const policy = {
    name: options.policy.name,
    decide: (state: SlotState) => recorder?.recall(state) ?? options.policy.decide(state),
  };
  const run = createSlotRun({
    ...options,
    policy,
    play: source === undefined ? undefined : (outcome) => (part as TokenPart).play(outcome),
    onSlot(slot) {
      const outcome = { ...slot, certificate: certificateOf(slot, options.certify === true) };
      tally.add(outcome);
      notes?.addSlot(outcome);
      tables?.add(outcome);
      recorder?.note(outcome.assignment, outcome.state.deviceCount);
    },
  });
  const { kinds, sites } = run.world.parts;
  const tables =
    files === undefined
      ? undefined
      : createSlotTables(kinds.length, sites.length, rowsPerChunk, (table) => files.writeTable(table));
  const onTable = files === undefined ? undefined : (table: Table) => files.writeTable(table);
  const given = { mode: tokens.mode, seed, slotsPerRow, onSession: notes?.addSession };
  const part = source === undefined ? undefined : createTokenPart(run.world, source, given, onTable);
  let done = 0;
  const result = () => joined(fidelity, tally, part);
  const close = (isWhole: boolean): void => {
    tables?.end();
    part?.end();
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
  if (notes !== undefined) {
    const about = { scenario, policy: options.policy.name, seed, fidelity, notes: notes.notes() };
    const shown = { slotRows: tally.rows(), engineMs: part?.busyMs(), streets: options.map?.streets };
    files?.writeReport(await reportPage({ ...about, ...shown, ...result() }));
  }
  return { slotsRun: done, ...result() };
}

/** Nothing where there is nothing to decide, or no bound: without lambda no term asks for bandwidth. */
function certificateOf({ state, terms }: SlotOutcome, withDual: boolean): Certificate | undefined {
  if (state.deviceCount === 0 || !(state.objective.lambdaPerMs > 0)) return undefined;
  return certify(state, terms.sum.costMs, withDual);
}

/** Rows of both fidelities cover the same slots. */
function joined(
  fidelity: Fidelity,
  slots: SlotTally,
  tokens: TokenPart | undefined,
): Omit<SimulationResult, 'slotsRun'> {
  if (tokens === undefined) return { rows: slots.rows(), summary: slots.summary() };
  const tokenRows = tokens.rows();
  if (fidelity === 'token') return { rows: tokenRows, summary: tokens.summary() };
  const rows = slots.rows().map((row, index) => ({ ...row, ...tokenRows[index] }));
  return { rows, summary: { ...slots.summary(), ...tokens.summary() } };
}

/** All that decides the bytes of a run. */
function configOf(options: SimulationOptions): object {
  const { scenario, policy, slots, seed, map, fidelity = 'slot', tokens } = options;
  const traces = tokens?.traces;
  return {
    command: 'simulate',
    outrider: packageVersion(),
    node: process.versions.node,
    fidelity,
    ...(fidelity === 'slot'
      ? {}
      : { mode: tokens?.mode ?? 'stream', tracesSha256: traces === undefined ? null : sha256Of(traces) }),
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
