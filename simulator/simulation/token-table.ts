// The table of answers: one record for each finished answer, in the order of their ends.

import { createFilling, type Filling, type Table } from './slot-tables.ts';
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

/** @param onChunk gets a full table; its columns are reused afterwards */
export function createSessionTable(rowsPerChunk: number, onChunk: (table: Table) => void): Filling<SessionRecord> {
  const recipes = (Object.keys(columnKinds) as (keyof SessionRecord)[]).map((name) => {
    return { name, whole: columnKinds[name] === 'INT32', read: (record: SessionRecord) => record[name] };
  });
  return createFilling('sessions', recipes, 1, rowsPerChunk, onChunk);
}
