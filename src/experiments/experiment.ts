// One figure of the paper as work: units that are measured one after the other, each once, and what is concluded when all are there. What a
// unit found is kept, so that work goes on after an interruption and conclusions can be drawn again without measuring.

import { setImmediate } from 'node:timers/promises';
import type { Spec } from 'vega';
import { packageVersion } from '../files/document.ts';
import { RunRecord } from '../files/run-record.ts';
import type { Claim } from '../laboratory/claim.ts';

export interface WorkUnit<Found> {
  /** Unique in its part. */
  readonly key: string;
  /** @returns plain data */
  measure(): Promise<Found> | Found;
}

export interface Picture {
  /** File name without ending. */
  readonly name: string;
  /** What is to be seen, for the page. */
  readonly caption: string;
  readonly spec: Spec;
}

export interface Conclusion {
  readonly claims: readonly Claim[];
  /** Flat objects with the same keys. */
  readonly rows: readonly object[];
  readonly pictures: readonly Picture[];
  /** Markdown below the part's heading; pictures are put after it. */
  readonly text: string;
}

export interface Part<Found = unknown> {
  readonly name: string;
  readonly title: string;
  /** All that the units depend on. */
  readonly settings: object;
  readonly units: readonly WorkUnit<Found>[];
  /** @param found of the units, in their order */
  conclude(found: readonly Found[]): Conclusion;
}

/**
 * @param recordPath null: nothing is kept
 * @throws OutriderError `bad-argument` when the record is of other settings
 */
export async function runPart(
  part: Part,
  recordPath: string | null,
  onProgress?: (label: string, done: number, total: number) => void,
): Promise<Conclusion> {
  const record = await RunRecord.open(recordPath, part.name, { version: packageVersion(), ...part.settings });
  const found: unknown[] = [];
  for (const [index, unit] of part.units.entries()) {
    onProgress?.(part.name, index, part.units.length);
    if (!record.has(unit.key)) {
      await record.add(unit.key, await unit.measure());
      // A progress line is drawn, and Ctrl-C heard, between two units.
      await setImmediate();
    }
    found.push(record.get(unit.key));
  }
  onProgress?.(part.name, part.units.length, part.units.length);
  return part.conclude(found);
}
