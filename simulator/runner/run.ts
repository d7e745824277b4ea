// Runs an experiment from code: fills in defaults, keeps units in a record, measures each once, reports progress, ends in order when it is
// interrupted. It prints nothing.

import { setImmediate } from 'node:timers/promises';
import { type GivenOptions, type OptionTable, withDefaults } from '../../src/cli/options/options.ts';
import { isOutriderError, OutriderError } from '../../src/core/basics/errors.ts';
import type { Conclusion, Experiment, OnProgress, Run, Unit } from './experiment.ts';
import { RunRecord } from './run-record.ts';

export interface RunSettings {
  /** A file that keeps what was measured, and what it holds is not measured again. */
  readonly record?: string | null | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onNote?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws OutriderError `interrupted` after the signal; `bad-argument` for a record of other settings; what the experiment throws */
export async function runExperiment<Table extends OptionTable, Found, Concluded extends Conclusion>(
  experiment: Experiment<Table, Found, Concluded>,
  given: GivenOptions<Table> = {},
  settings: RunSettings = {},
): Promise<Concluded> {
  const options = withDefaults(experiment.options, given);
  const run = new RecordedRun(experiment.name, options, settings);
  return experiment.conclude(await run.whole(() => experiment.measure(options, run)), options);
}

class RecordedRun implements Run {
  readonly onProgress: OnProgress;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
  readonly #name: string;
  readonly #options: object;
  readonly #path: string | null;
  #record: RunRecord | null = null;

  constructor(name: string, options: object, { record = null, onProgress, onNote, signal }: RunSettings) {
    this.#name = name;
    this.#options = options;
    this.#path = record;
    this.onProgress = onProgress ?? (() => {});
    this.note = onNote ?? (() => {});
    this.signal = signal ?? new AbortController().signal;
  }

  /** What fails after the signal has failed because of it. */
  async whole<Found>(measure: () => Promise<Found> | Found): Promise<Found> {
    try {
      return await measure();
    } catch (error) {
      throw this.signal.aborted && !isOutriderError(error) ? this.#interrupted(this.#record?.size ?? 0) : error;
    }
  }

  get hasRecord(): boolean {
    return this.#path !== null;
  }

  async begin(settings: object): Promise<void> {
    this.#record = await RunRecord.open(this.#path, this.#name, settings);
  }

  has(key: string): boolean {
    return this.#record?.has(key) === true;
  }

  async one<Found>({ key, measure }: Unit<Found>): Promise<Found> {
    if (this.#record === null) await this.begin(this.#options);
    const record = this.#record as unknown as RunRecord;
    if (record.has(key)) return record.get(key) as Found;
    if (this.signal.aborted) throw this.#interrupted(record.size);
    const found = await measure();
    await record.add(key, found);
    // A progress line is drawn, and Ctrl-C noticed, between two units.
    await setImmediate();
    return found;
  }

  async all<Found>(stage: string, units: readonly Unit<Found>[], atOnce = 1): Promise<Found[]> {
    const found: Found[] = [];
    let next = 0;
    let doneCount = 0;
    const drive = async (): Promise<void> => {
      for (let index = next++; index < units.length; index = next++) {
        try {
          found[index] = await this.one(units[index] as Unit<Found>);
        } catch (error) {
          next = units.length;
          throw error;
        }
        doneCount += 1;
        this.onProgress(stage, doneCount, units.length);
      }
    };
    this.onProgress(stage, 0, units.length);
    await Promise.all(Array.from({ length: Math.max(1, Math.min(atOnce, units.length)) }, drive));
    return found;
  }

  #interrupted(unitCount: number): OutriderError {
    const remedy =
      this.#path === null
        ? 'Nothing was kept.'
        : `Give the same command again: what was measured is in ${this.#path}, and is not measured again.`;
    return new OutriderError('interrupted', `${this.#name} was stopped after ${unitCount} measured units`, remedy);
  }
}
