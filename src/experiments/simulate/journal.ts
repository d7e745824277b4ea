// What was decided, slot by slot, on disk: enough to bring an interrupted run back to where it was without asking its policy again.
// A record is the number of tasks, then servers (int32), bandwidth shares and compute shares (float64), all little-endian as every
// machine that we aim at is. A record that was cut off does not count.

import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs';
import type { Assignment } from '../../allocation/slot-state.ts';

const bytesPerTask = 4 + 8 + 8;
const bufferBytes = 1 << 18;

export interface JournalWriter {
  append(assignment: Assignment, taskCount: number): void;
  /** To the operating system: it survives the end of the process. */
  flush(): void;
  close(): void;
}

/** @param keepBytes length of the records to keep; what follows them is overwritten */
export function openJournal(path: string, keepBytes: number): JournalWriter {
  const file = openSync(path, existsSync(path) ? 'r+' : 'w');
  let at = keepBytes;
  let parts: Uint8Array[] = [];
  let waiting = 0;
  const flush = (): void => {
    if (waiting === 0) return;
    writeSync(file, Buffer.concat(parts), 0, waiting, at);
    at += waiting;
    parts = [];
    waiting = 0;
  };
  return {
    append(assignment, taskCount) {
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
      closeSync(file);
    },
  };
}

export interface JournalReader {
  /** The next slot's assignment; undefined at the end. */
  read(): Assignment | undefined;
  /** Length of the records read so far. */
  readonly readBytes: number;
  close(): void;
}

export function readJournal(path: string): JournalReader {
  const file = openSync(path, 'r');
  let at = 0;
  const fill = (into: Uint8Array, from: number): boolean => readSync(file, into, 0, into.length, from) === into.length;
  return {
    get readBytes() {
      return at;
    },
    read() {
      const count = new Int32Array(1);
      if (!fill(bytesOf(count), at)) return undefined;
      const tasks = count[0] as number;
      const body = new Uint8Array(tasks * bytesPerTask);
      if (!fill(body, at + 4)) return undefined;
      at += 4 + body.length;
      return {
        server: new Int32Array(body.slice(0, 4 * tasks).buffer),
        bandwidthShare: new Float64Array(body.slice(4 * tasks, 12 * tasks).buffer),
        computeShare: new Float64Array(body.slice(12 * tasks).buffer),
      };
    },
    close: () => closeSync(file),
  };
}

function bytesOf(values: Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
