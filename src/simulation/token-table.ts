// The table of answers: one record for each finished answer, in the order of their ends.

import type { Table, TableColumn } from './slot-tables.ts';
import type { SessionRecord } from './token-device.ts';

/** The kind of each column; their order is the table's. */
const columnKinds: Readonly<Record<keyof SessionRecord, 'INT32' | 'DOUBLE'>> = {
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

export interface SessionTable {
  add(record: SessionRecord): void;
  /** Passes on the remaining records. */
  end(): void;
}

/** @param onChunk gets a full table; its columns are reused afterwards */
export function createSessionTable(rowsPerChunk: number, onChunk: (table: Table) => void): SessionTable {
  const names = Object.keys(columnKinds) as (keyof SessionRecord)[];
  const columns = names.map((name): TableColumn => {
    const type = columnKinds[name];
    return { name, type, data: type === 'INT32' ? new Int32Array(rowsPerChunk) : new Float64Array(rowsPerChunk) };
  });
  let rowCount = 0;
  const end = (): void => {
    if (rowCount > 0) onChunk({ name: 'sessions', columns, rowCount });
    rowCount = 0;
  };
  return {
    add(record) {
      for (const [at, name] of names.entries()) (columns[at] as TableColumn).data[rowCount] = record[name];
      rowCount++;
      if (rowCount === rowsPerChunk) end();
    },
    end,
  };
}
