// A whole simulation, slot by slot: the world advances, a policy decides, the equations and, on request, the protocol's machines
// give the cost, and both are summed up. Returns after every slot, so a caller can show progress, write files, or stop.

import { type Certificate, certify } from '../../src/allocation/search/certify.ts';
import type { NamedPolicy } from '../../src/allocation/slot/require-assignment.ts';
import type { ModeName } from '../../src/core/protocol/wire/mode.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { RadioMap } from '../world/radio-map.ts';
import { createSlotRun, type SlotOutcome, type SlotRun } from './run-slots.ts';
import { createSessionTable, createSlotTables, type Table } from './slot-tables.ts';
import { createSlotTally, type SlotRow, type SlotSummary } from './slot-tally.ts';
import type { SessionRecord } from './token-device.ts';
import { createTokenRun } from './token-run.ts';
import { drawnSource, type TokenSource } from './token-source.ts';
import { createTokenTally, type TokenRow, type TokenSummary } from './token-tally.ts';

/** `slot`: the equations; `token`: the protocol's machines decode in virtual time; `both`: rows and summary have both. */
export type Fidelity = 'slot' | 'token' | 'both';

/** The settings of a simulation. The same settings give the same result. */
export interface SimulationSettings {
  readonly scenario: Scenario;
  readonly policy: NamedPolicy;
  readonly slots: number;
  readonly seed: number;
  /** Default `slot`. */
  readonly fidelity?: Fidelity | undefined;
  /** The decoding mode of answers, with fidelity `token` or `both`. Default `stream`. */
  readonly mode?: ModeName | undefined;
  /** The source of texts and drafts. Default: drawn, with the scenario's acceptance rate. */
  readonly tokenSource?: TokenSource | undefined;
  /** The map of the scenario's channel, if it names one. */
  readonly map?: RadioMap | undefined;
  /** Computes the dual bound in each slot as well as the pool bound; a hundredth of a second for 30 devices. */
  readonly certify?: boolean | undefined;
  /** Called for each slot. Nothing may be kept: the next slot uses the same arrays. */
  readonly onSlot?: ((outcome: SlotOutcome) => void) | undefined;
  /** Called for each finished answer, with fidelity `token` or `both`. */
  readonly onSession?: ((record: SessionRecord) => void) | undefined;
  /** Gets the tables of slots, tasks, servers and answers, in parts. Without it no tables are made. */
  readonly onTable?: ((table: Table) => void) | undefined;
}

/** By fidelity: figures of slots, of tokens, or of both. */
export type SimulationRow = Partial<SlotRow> & Partial<TokenRow>;
/** See docs/research/simulator.md, "Output". */
export type SimulationSummary = Partial<SlotSummary> & Partial<TokenSummary>;

/** What {@link simulate} finds. */
export interface SimulationResult {
  /** At most 100, each over the same number of slots. */
  readonly rows: readonly SimulationRow[];
  readonly summary: SimulationSummary;
}

/** A simulation that runs slot by slot; see {@link createSimulation}. */
export interface Simulation {
  readonly done: number;
  /** Runs the next slot. @throws OutriderError `bad-argument` when the policy returns no assignment */
  step(): void;
  result(): SimulationResult;
  /** From the equations, with any fidelity: batteries follow them. */
  slotRows(): readonly SlotRow[];
  /** Busy time of each server's engine; undefined without tokens. */
  engineMs(): readonly number[] | undefined;
  /** Passes the last rows of all tables to `onTable`. */
  endTables(): void;
}

const mostRows = 100;
const slotsPerChunk = 50_000;
const sessionsPerChunk = 10_000;

/** Runs all slots. @throws OutriderError `bad-argument` when scenario and map do not fit, or the policy returns no assignment */
export function simulate(settings: SimulationSettings): SimulationResult {
  const simulation = createSimulation(settings);
  while (simulation.done < settings.slots) simulation.step();
  simulation.endTables();
  return simulation.result();
}

/** @throws OutriderError `bad-argument` when scenario and map do not fit */
export function createSimulation(settings: SimulationSettings): Simulation {
  const { scenario, policy, seed, map, fidelity = 'slot', onTable } = settings;
  const slotsPerRow = Math.ceil(settings.slots / mostRows);
  const tally = createSlotTally(slotsPerRow);
  const run: SlotRun = createSlotRun({
    scenario,
    policy,
    seed,
    map,
    play: fidelity === 'slot' ? undefined : (outcome) => (tokens as ReturnType<typeof createTokenPart>).play(outcome),
    onSlot(slot) {
      const outcome = { ...slot, certificate: certificateOf(slot, settings.certify === true) };
      tally.add(outcome);
      settings.onSlot?.(outcome);
      tables?.add(outcome);
    },
  });
  const { kinds, sites } = run.world.parts;
  const tables =
    onTable === undefined ? undefined : createSlotTables(kinds.length, sites.length, slotsPerChunk, onTable);
  const tokens = fidelity === 'slot' ? undefined : createTokenPart(run, settings, slotsPerRow);
  let done = 0;
  return {
    get done() {
      return done;
    },
    step() {
      run.step();
      done += 1;
    },
    result() {
      if (tokens === undefined) return { rows: tally.rows(), summary: tally.summary() };
      const { rows, summary } = tokens.result();
      if (fidelity === 'token') return { rows, summary };
      // Rows of both fidelities cover the same slots.
      const joined = tally.rows().map((row, index) => ({ ...row, ...rows[index] }));
      return { rows: joined, summary: { ...tally.summary(), ...summary } };
    },
    slotRows: () => tally.rows(),
    engineMs: () => tokens?.engineMs(),
    endTables() {
      tables?.end();
      tokens?.endTable();
    },
  };
}

/** Undefined without a task, or without a bound: without lambda no term needs bandwidth. */
function certificateOf({ state, terms }: SlotOutcome, withDual: boolean): Certificate | undefined {
  const { kind, lambdaPerMs } = state.objective;
  if (state.deviceCount === 0 || (kind !== 'felt' && !(lambdaPerMs > 0))) return undefined;
  return certify(state, terms.sum.costMs, withDual);
}

function createTokenPart({ world }: SlotRun, settings: SimulationSettings, slotsPerRow: number) {
  const { scenario, seed, mode = 'stream', onSession, onTable } = settings;
  const { workload, token } = scenario;
  const source = settings.tokenSource ?? drawnSource(workload, token.acceptance, seed);
  const tally = createTokenTally(world.scenario, { mode, tokenSource: source.name }, slotsPerRow);
  const table = onTable === undefined ? undefined : createSessionTable(sessionsPerChunk, onTable);
  const run = createTokenRun(world, {
    source,
    mode,
    seed,
    onSession(record) {
      tally.addSession(record);
      onSession?.(record);
      table?.add(record, 1);
    },
  });
  return {
    play(outcome: SlotOutcome): Float64Array {
      const answered = run.play(outcome);
      tally.addSlot(outcome, run.totals());
      return answered;
    },
    result: () => ({ rows: tally.rows(), summary: tally.summary() }),
    engineMs: () => run.busyMs(),
    endTable: () => table?.end(),
  };
}
