// The decisions of all slots, on disk: an interrupted run continues from them without asking its policy again.
// A record is the number of tasks, then servers (int32), bandwidth shares and compute shares (float64), all little-endian as all
// supported machines are. An incomplete record does not count.

import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs';
import type { Assignment } from '../../../src/allocation/slot/slot-state.ts';

const bytesPerTask = 4 + 8 + 8;
const bufferBytes = 1 << 18;

export interface Journal {
  /** The decision of an interrupted run in this slot; undefined after the end of that run. */
  recall(): Assignment | undefined;
  /** Keeps the decision of this slot, unless it was recalled. */
  note(assignment: Assignment, taskCount: number): void;
  /** Writes to the operating system: the journal survives the end of the process. */
  flush(): void;
  close(): void;
}

/** Opens the file at the first call, and creates it if it is missing. */
export function openJournal(path: string): Journal {
  let file: number | undefined;
  /** End of the whole records. */
  let at = 0;
  let isAtEnd = false;
  let wasRecalled = false;
  let parts: Uint8Array[] = [];
  let waiting = 0;
  const opened = (): number => {
    file ??= openSync(path, existsSync(path) ? 'r+' : 'w+');
    return file;
  };
  const fill = (into: Uint8Array, from: number): boolean =>
    readSync(opened(), into, 0, into.length, from) === into.length;
  const read = (): Assignment | undefined => {
    if (isAtEnd) return undefined;
    const count = new Int32Array(1);
    isAtEnd = !fill(bytesOf(count), at);
    const tasks = count[0] as number;
    const body = new Uint8Array(tasks * bytesPerTask);
    isAtEnd ||= !fill(body, at + 4);
    if (isAtEnd) return undefined;
    at += 4 + body.length;
    return {
      server: new Int32Array(body.slice(0, 4 * tasks).buffer),
      bandwidthShare: new Float64Array(body.slice(4 * tasks, 12 * tasks).buffer),
      computeShare: new Float64Array(body.slice(12 * tasks).buffer),
    };
  };
  const flush = (): void => {
    if (waiting === 0) return;
    writeSync(opened(), Buffer.concat(parts), 0, waiting, at);
    at += waiting;
    parts = [];
    waiting = 0;
  };
  return {
    recall() {
      const assignment = read();
      wasRecalled = assignment !== undefined;
      return assignment;
    },
    note(assignment, taskCount) {
      // In a slot without tasks the policy was not asked, so nothing was recalled; the slot has a record all the same.
      const isKnown = taskCount === 0 ? read() !== undefined : wasRecalled;
      if (isKnown) return;
      const record = [
        bytesOf(Int32Array.of(taskCount)),
        bytesOf(Int32Array.from(assignment.server)),
        bytesOf(Float64Array.from(assignment.bandwidthShare)),
        bytesOf(Float64Array.from(assignment.computeShare)),
      ];
      parts.push(...record);
      for (const { length } of record) waiting += length;
      if (waiting >= bufferBytes) flush();
    },
    flush,
    close() {
      flush();
      if (file !== undefined) closeSync(file);
    },
  };
}

function bytesOf(values: Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
