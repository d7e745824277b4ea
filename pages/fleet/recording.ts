// A recorded fleet: the lines of a file, and the table after each of them. Nothing of it leaves the page.

import type { Row, Table } from '../../src/allocation/controller/watch/fleet-rows.ts';
import { applyFrame, type FleetFrame, readLine } from '../../src/allocation/controller/watch/watch-messages.ts';

/** The fleet as a whole at one line. */
export interface Whole {
  /** Since 1970. */
  readonly atSeconds: number;
  readonly row: Row | undefined;
}

export interface Recording {
  readonly name: string;
  /** One for each line. */
  readonly wholes: readonly Whole[];
  /** Number of the first line that can't be read; null: all can. */
  readonly damagedFrom: number | null;
  at(line: number): { readonly table: Table; readonly atSeconds: number };
}

export const mostRecordBytes = 134_217_728;

/** @throws Error: it is no recording */
export function readRecording(name: string, text: string): Recording {
  const frames: FleetFrame[] = [];
  const wholes: Whole[] = [];
  let damagedFrom: number | null = null;
  let began = 0;
  let firstMs: number | null = null;
  let whole: Row = {};
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      const read = readLine(line);
      if (read.kind === 'outrider-fleet') {
        began = Date.parse(read.began) / 1000;
        if (Number.isNaN(began)) throw new Error('no time');
        firstMs = null;
        continue;
      }
      // A part of a file begins with a whole table.
      if (frames.length === 0 && !read.isWhole) throw new Error('no beginning');
      firstMs ??= read.atMs;
      frames.push(read);
      const changed = read.put.find(([key]) => key === 'fleet')?.[1];
      whole = read.isWhole ? (changed ?? {}) : { ...whole, ...changed };
      wholes.push({ atSeconds: began + (read.atMs - firstMs) / 1000, row: whole });
    } catch {
      damagedFrom = index + 1;
      break;
    }
  }
  if (frames.length === 0) throw new Error('no recording');
  return { name, wholes, damagedFrom, at: tablesOf(frames, wholes) };
}

/** Steps on from the line before, and begins again for an earlier one. */
function tablesOf(frames: readonly FleetFrame[], wholes: readonly Whole[]): Recording['at'] {
  const table = new Map<string, Row>();
  let next = 0;
  return (line) => {
    const wanted = Math.min(Math.max(0, line), frames.length - 1);
    if (wanted < next - 1) {
      table.clear();
      next = 0;
    }
    for (; next <= wanted; next += 1) applyFrame(table, frames[next] as FleetFrame);
    return { table, atSeconds: wholes[wanted]?.atSeconds ?? 0 };
  };
}
