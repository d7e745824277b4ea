// The tables of a run: one record for each slot, each task, each server and each answer. Records are collected in columns of fixed size, which
// are passed on when full; the caller decides what to do with them.

import type { SlotTerms, TermSums } from '../../src/allocation/paper/objective.ts';
import type { SlotOutcome } from './run-slots.ts';
import type { SessionRecord } from './token-device.ts';

export interface TableColumn {
  readonly name: string;
  readonly type: 'INT32' | 'DOUBLE';
  /** Columns of a whole chunk; the first `rowCount` entries are in use. */
  readonly data: Int32Array | Float64Array;
}

export interface Table {
  readonly name: TableName;
  readonly columns: readonly TableColumn[];
  readonly rowCount: number;
}

export const tableNames: readonly ['slots', 'tasks', 'servers'] = ['slots', 'tasks', 'servers'];
/** `sessions`: of the token fidelity. */
export type TableName = (typeof tableNames)[number] | 'sessions';

/** A column of records that are made from sources: of a slot its `index`-th task, or its server; of an answer itself. */
interface Recipe<Source = SlotOutcome> {
  readonly name: string;
  readonly whole?: boolean;
  readonly read: (source: Source, index: number) => number | undefined;
}

const slotRecipes: readonly Recipe[] = [
  { name: 'slot', whole: true, read: ({ state }) => state.slot },
  { name: 'tasks', whole: true, read: ({ state }) => state.deviceCount },
  { name: 'unserved', whole: true, read: ({ terms }) => terms.sum.unservedCount },
  { name: 'objectiveMs', read: ({ terms }) => terms.sum.costMs },
  ...sums('deviceMs', 'edgeMs', 'mismatchMs'),
  { name: 'energyTermMs', read: ({ terms }) => terms.sum.energyMs },
  ...sums('computeEnergyJ', 'transmitEnergyJ', 'latencyMs', 'serialMs', 'handoverMs'),
  { name: 'poolGap', read: ({ certificate }) => certificate?.poolGap ?? Number.NaN },
  { name: 'dualGap', read: ({ certificate }) => certificate?.dualGap ?? Number.NaN },
];

const taskRecipes: readonly Recipe[] = [
  { name: 'slot', whole: true, read: ({ state }) => state.slot },
  { name: 'device', whole: true, read: ({ world }, index) => world.devices[index] },
  { name: 'server', whole: true, read: ({ assignment }, index) => assignment.server[index] },
  { name: 'task', whole: true, read: ({ world }, index) => world.workload.task[world.devices[index] as number] },
  { name: 'contextTokens', read: ({ world }, index) => world.workload.contextTokens[world.devices[index] as number] },
  { name: 'payloadBits', read: ({ state }, index) => state.payloadBits[index] },
  { name: 'xM', read: ({ state }, index) => state.deviceX[index] },
  { name: 'yM', read: ({ state }, index) => state.deviceY[index] },
  { name: 'snrDb', read: snrDb },
  { name: 'bandwidthShare', read: ({ assignment }, index) => assignment.bandwidthShare[index] },
  { name: 'computeShare', read: ({ assignment }, index) => assignment.computeShare[index] },
  ...termsOfTask('rateBitPerSecond', 'uploadMs', 'deviceMs', 'edgeMs', 'mismatchMs'),
  { name: 'energyTermMs', read: ({ terms }, index) => terms.energyMs[index] },
  ...termsOfTask('computeEnergyJ', 'transmitEnergyJ', 'costMs', 'latencyMs', 'serialMs'),
  { name: 'battery', read: ({ state }, index) => state.battery[index] },
  ...termsOfTask('handoverMs'),
  { name: 'predictedMsPerToken', read: (outcome, index) => felt(outcome, outcome.terms.msPerToken[index]) },
  { name: 'predictedFirstTokenMs', read: (outcome, index) => felt(outcome, outcome.terms.firstTokenMs[index]) },
];

/** Columns with the names of terms: sums over a slot, and those of a task. */
function sums(...names: readonly (keyof TermSums)[]): Recipe[] {
  return names.map((name) => ({ name, read: ({ terms }) => terms.sum[name] }));
}

function termsOfTask(...names: readonly Exclude<keyof SlotTerms, 'sum'>[]): Recipe[] {
  return names.map((name) => ({ name, read: ({ terms }, index) => terms[name][index] }));
}

/** What only the objective `felt` predicts. */
function felt({ state }: SlotOutcome, value: number | undefined): number | undefined {
  return state.objective.kind === 'felt' ? value : Number.NaN;
}

const serverRecipes: readonly Recipe[] = [
  { name: 'slot', whole: true, read: ({ state }) => state.slot },
  { name: 'server', whole: true, read: (_, index) => index },
  { name: 'tasks', whole: true, read: (outcome, index) => sumOver(outcome, index, () => 1) },
  { name: 'queueMs', read: ({ state }, index) => state.queueDelayMs[index] },
  { name: 'workMs', read: serverWorkMs },
  {
    name: 'bandwidthShare',
    read: (outcome, index) => sumOver(outcome, index, (at) => outcome.assignment.bandwidthShare[at]),
  },
  {
    name: 'computeShare',
    read: (outcome, index) => sumOver(outcome, index, (at) => outcome.assignment.computeShare[at]),
  },
];

/** SNR of the link in use, over the server's whole band; NaN when not served. */
function snrDb({ state, assignment }: SlotOutcome, index: number): number {
  const server = assignment.server[index] as number;
  return server < 0 ? Number.NaN : 10 * Math.log10(state.snr[index * state.serverCount + server] as number);
}

/** Time that the server needs for its tasks. */
function serverWorkMs(outcome: SlotOutcome, server: number): number {
  const flop = sumOver(outcome, server, (index) => outcome.state.edgeFlop[index]);
  return (1e3 * flop) / (outcome.state.serverFlopPerSecond[server] as number);
}

function sumOver(
  { state, assignment }: SlotOutcome,
  server: number,
  read: (index: number) => number | undefined,
): number {
  let sum = 0;
  for (let index = 0; index < state.deviceCount; index++) {
    if (assignment.server[index] === server) sum += read(index) as number;
  }
  return sum;
}

export interface SlotTables {
  add(outcome: SlotOutcome): void;
  /** Passes on the remaining records. */
  end(): void;
}

/** @param rowsPerChunk at least; a chunk ends with a slot @param onChunk gets a full table; its columns are reused afterwards */
export function createSlotTables(
  deviceCount: number,
  serverCount: number,
  rowsPerChunk: number,
  onChunk: (table: Table) => void,
): SlotTables {
  const slots = createFilling('slots', slotRecipes, 1, rowsPerChunk, onChunk);
  const tasks = createFilling('tasks', taskRecipes, deviceCount, rowsPerChunk, onChunk);
  const servers = createFilling('servers', serverRecipes, serverCount, rowsPerChunk, onChunk);
  return {
    add(outcome) {
      slots.add(outcome, 1);
      tasks.add(outcome, outcome.state.deviceCount);
      servers.add(outcome, serverCount);
    },
    end() {
      for (const one of [slots, tasks, servers]) one.end();
    },
  };
}

export interface Filling<Source> {
  /** @param rows number of records to make from the source */
  add(source: Source, rows: number): void;
  /** Passes on the remaining records. */
  end(): void;
}

/** @param rowsPerChunk at least; a chunk ends with a source @param onChunk gets a full table; its columns are reused afterwards */
export function createFilling<Source>(
  name: TableName,
  recipes: readonly Recipe<Source>[],
  mostRowsPerSource: number,
  rowsPerChunk: number,
  onChunk: (table: Table) => void,
): Filling<Source> {
  const room = rowsPerChunk + mostRowsPerSource;
  const columns = recipes.map(({ name: column, whole }): TableColumn => {
    return whole === true
      ? { name: column, type: 'INT32', data: new Int32Array(room) }
      : { name: column, type: 'DOUBLE', data: new Float64Array(room) };
  });
  let rowCount = 0;
  const end = (): void => {
    if (rowCount > 0) onChunk({ name, columns, rowCount });
    rowCount = 0;
  };
  return {
    add(source, rows) {
      for (let at = 0; at < recipes.length; at++) {
        const { data } = columns[at] as TableColumn;
        const { read } = recipes[at] as Recipe<Source>;
        for (let index = 0; index < rows; index++) data[rowCount + index] = read(source, index) as number;
      }
      rowCount += rows;
      if (rowCount >= rowsPerChunk) end();
    },
    end,
  };
}

/** The kind of each column of the table of answers, in its order. */
const sessionKinds: Readonly<Record<keyof SessionRecord, 'INT32' | 'DOUBLE'>> = {
  device: 'INT32',
  task: 'INT32',
  firstServer: 'INT32',
  lastServer: 'INT32',
  startMs: 'DOUBLE',
  firstTokenMs: 'DOUBLE',
  endMs: 'DOUBLE',
  promptTokens: 'INT32',
  answerTokens: 'INT32',
  handovers: 'INT32',
  drafted: 'INT32',
  sent: 'INT32',
  matched: 'INT32',
  mismatched: 'INT32',
  steps: 'INT32',
  draftRows: 'INT32',
  acceptedRows: 'INT32',
  uplinkBytes: 'INT32',
  downlinkBytes: 'INT32',
};

/** One record for each finished answer, in the order of their ends. @param onChunk as above */
export function createSessionTable(rowsPerChunk: number, onChunk: (table: Table) => void): Filling<SessionRecord> {
  const recipes = (Object.keys(sessionKinds) as (keyof SessionRecord)[]).map((name) => {
    return { name, whole: sessionKinds[name] === 'INT32', read: (record: SessionRecord) => record[name] };
  });
  return createFilling('sessions', recipes, 1, rowsPerChunk, onChunk);
}
