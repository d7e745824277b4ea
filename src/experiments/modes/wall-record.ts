// What a wall bench has found so far: reference texts, what windows were predicted from, windows, runs. The first line says what was asked
// for and on which machine.

import { WorkRecord } from '../../files/work-record.ts';
import type { WallRun } from './wall-run.ts';

const kind = { format: 'outrider-bench-modes-wall', name: 'record of a bench' };

/** What steps cost the edges. */
export interface StepFigures {
  /** A step of 1, 2, ... rows on the edge, as many as a step may hold. */
  readonly stepMs: readonly number[];
  /** A step of one row on the edge without a law; null: there is none. */
  readonly nativeMs: number | null;
}

/** What the windows are predicted from. */
export interface PilotFigures extends StepFigures {
  readonly draftMs: number;
  readonly acceptance: number;
}

export type RecordLine =
  /** What the edge writes alone. */
  | { readonly kind: 'reference'; readonly prompt: string; readonly tokens: readonly number[] }
  | ({ readonly kind: 'figures' } & PilotFigures)
  /** The window that was quickest in a pilot. */
  | { readonly kind: 'window'; readonly cell: string; readonly gamma: number }
  | ({ readonly kind: 'run' } & WallRun);

export class WallRecord {
  readonly #record: WorkRecord<RecordLine>;

  private constructor(record: WorkRecord<RecordLine>) {
    this.#record = record;
  }

  /**
   * @param path null: kept in memory only
   * @param asked all that the figures depend on, as plain data
   * @throws OutriderError `bad-argument` for a file that holds something else
   */
  static async open(path: string | null, asked: object): Promise<WallRecord> {
    return new WallRecord(await WorkRecord.open<RecordLine>(path, kind, asked));
  }

  get runs(): WallRun[] {
    return this.#record.lines.filter((line) => line.kind === 'run');
  }

  get figures(): PilotFigures | undefined {
    return this.#record.lines.find((line) => line.kind === 'figures');
  }

  reference(prompt: string): readonly number[] | undefined {
    return this.#record.lines.filter((line) => line.kind === 'reference').find((line) => line.prompt === prompt)
      ?.tokens;
  }

  window(cell: string): number | undefined {
    return this.#record.lines.filter((line) => line.kind === 'window').find((line) => line.cell === cell)?.gamma;
  }

  add(line: RecordLine): Promise<void> {
    return this.#record.add(line);
  }
}
