// The tables of a run: one record for each slot, each task and each server. Records are collected in columns of fixed size, which
// are passed on when full; the caller decides what to do with them.

import type { SlotOutcome } from './run-slots.ts';

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

const decibel = (ratio: number): number => 10 * Math.log10(ratio);

const slotRecipes: readonly Recipe[] = [
  { name: 'slot', whole: true, read: ({ state }) => state.slot },
  { name: 'tasks', whole: true, read: ({ state }) => state.deviceCount },
  { name: 'unserved', whole: true, read: ({ terms }) => terms.sum.unservedCount },
  { name: 'objectiveMs', read: ({ terms }) => terms.sum.costMs },
  { name: 'deviceMs', read: ({ terms }) => terms.sum.deviceMs },
  { name: 'edgeMs', read: ({ terms }) => terms.sum.edgeMs },
  { name: 'mismatchMs', read: ({ terms }) => terms.sum.mismatchMs },
  { name: 'energyTermMs', read: ({ terms }) => terms.sum.energyMs },
  { name: 'computeEnergyJ', read: ({ terms }) => terms.sum.computeEnergyJ },
  { name: 'transmitEnergyJ', read: ({ terms }) => terms.sum.transmitEnergyJ },
  { name: 'latencyMs', read: ({ terms }) => terms.sum.latencyMs },
  { name: 'serialMs', read: ({ terms }) => terms.sum.serialMs },
  { name: 'handoverMs', read: ({ terms }) => terms.sum.handoverMs },
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
  { name: 'rateBitPerSecond', read: ({ terms }, index) => terms.rateBitPerSecond[index] },
  { name: 'uploadMs', read: ({ terms }, index) => terms.uploadMs[index] },
  { name: 'deviceMs', read: ({ terms }, index) => terms.deviceMs[index] },
  { name: 'edgeMs', read: ({ terms }, index) => terms.edgeMs[index] },
  { name: 'mismatchMs', read: ({ terms }, index) => terms.mismatchMs[index] },
  { name: 'energyTermMs', read: ({ terms }, index) => terms.energyMs[index] },
  { name: 'computeEnergyJ', read: ({ terms }, index) => terms.computeEnergyJ[index] },
  { name: 'transmitEnergyJ', read: ({ terms }, index) => terms.transmitEnergyJ[index] },
  { name: 'costMs', read: ({ terms }, index) => terms.costMs[index] },
  { name: 'latencyMs', read: ({ terms }, index) => terms.latencyMs[index] },
  { name: 'serialMs', read: ({ terms }, index) => terms.serialMs[index] },
  { name: 'battery', read: ({ state }, index) => state.battery[index] },
  { name: 'handoverMs', read: ({ terms }, index) => terms.handoverMs[index] },
  { name: 'predictedMsPerToken', read: (outcome, index) => felt(outcome, outcome.terms.msPerToken[index]) },
  { name: 'predictedFirstTokenMs', read: (outcome, index) => felt(outcome, outcome.terms.firstTokenMs[index]) },
];

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
  return server < 0 ? Number.NaN : decibel(state.snr[index * state.serverCount + server] as number);
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
  const filling = [
    createFilling('slots', slotRecipes, 1, rowsPerChunk, onChunk),
    createFilling('tasks', taskRecipes, deviceCount, rowsPerChunk, onChunk),
    createFilling('servers', serverRecipes, serverCount, rowsPerChunk, onChunk),
  ];
  const [slots, tasks, servers] = filling as [Filling<SlotOutcome>, Filling<SlotOutcome>, Filling<SlotOutcome>];
  return {
    add(outcome) {
      slots.add(outcome, 1);
      tasks.add(outcome, outcome.state.deviceCount);
      servers.add(outcome, serverCount);
    },
    end() {
      for (const one of filling) one.end();
    },
  };
}

/** A table that is being filled. */
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
