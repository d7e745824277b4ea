// The token fidelity's part of a run: which texts, what is played in each slot, what is kept of it.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { OutriderError } from '../../basics/errors.ts';
import { readTrace } from '../../files/trace-files.ts';
import type { ModeName } from '../../protocol/mode.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { SlotOutcome } from '../../simulation/run-slots.ts';
import type { Table } from '../../simulation/slot-tables.ts';
import type { World } from '../../simulation/slot-world.ts';
import type { SessionRecord } from '../../simulation/token-device.ts';
import { createTokenRun, type TokenRun } from '../../simulation/token-run.ts';
import { drawnSource, type TokenSource, traceSourceOf } from '../../simulation/token-source.ts';
import { createSessionTable } from '../../simulation/token-table.ts';
import { createTokenTally, type TokenRow, type TokenSummary } from '../../simulation/token-tally.ts';

/** How answers are decoded. */
export interface TokenSettings {
  readonly mode: ModeName;
  /** A trace file; without it drafts are drawn. */
  readonly traces?: string | undefined;
}

export interface TokenPartSettings {
  readonly mode: ModeName;
  readonly seed: number;
  readonly slotsPerRow: number;
  readonly onSession?: ((record: SessionRecord) => void) | undefined;
}

export interface TokenPart {
  play(outcome: SlotOutcome): Float64Array;
  rows(): readonly TokenRow[];
  /** See TokenRun. */
  busyMs(): readonly number[];
  summary(): TokenSummary;
  end(): void;
}

const rowsPerChunk = 10_000;

/** @throws OutriderError `bad-argument` for a trace that can't be used */
export function findTokenSource({ traces }: TokenSettings, scenario: Scenario, seed: number): TokenSource {
  if (traces === undefined) return drawnSource(scenario.workload, scenario.token.acceptance, seed);
  const trace = readTrace(traces);
  if (trace.sessions.length === 0) {
    throw new OutriderError('bad-argument', `${traces} holds no session`, 'Record another, see "outrider trace".');
  }
  const { target, draft } = trace.header;
  return traceSourceOf(trace, `traces: ${target.name} with ${draft.name}, ${trace.sessions.length} sessions`);
}

export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** @param onTable told of a part of the table of answers */
export function createTokenPart(
  world: World,
  source: TokenSource,
  { mode, seed, slotsPerRow, onSession }: TokenPartSettings,
  onTable: ((table: Table) => void) | undefined,
): TokenPart {
  const tally = createTokenTally(world.scenario, { mode, tokenSource: source.name }, slotsPerRow);
  const table = onTable === undefined ? undefined : createSessionTable(rowsPerChunk, onTable);
  const run: TokenRun = createTokenRun(world, {
    source,
    mode,
    seed,
    onSession(record) {
      tally.addSession(record);
      onSession?.(record);
      table?.add(record);
    },
  });
  return {
    play(outcome) {
      const answered = run.play(outcome);
      tally.addSlot(outcome, run.totals());
      return answered;
    },
    rows: () => tally.rows(),
    summary: () => tally.summary(),
    busyMs: () => run.busyMs(),
    end: () => table?.end(),
  };
}
