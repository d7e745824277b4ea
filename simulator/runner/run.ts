// Runs an experiment from code: fills in defaults, keeps units in a record, measures each once, reports progress, ends in order when it is
// interrupted. It prints nothing.

import { setImmediate } from 'node:timers/promises';
import { isOutriderError, OutriderError } from '../../src/core/basics/errors.ts';
import { type GivenOptions, type OptionTable, withDefaults } from '../../src/core/options/options.ts';
import { describeMachine, packageVersion } from '../../src/files/document.ts';
import type { AnyExperiment, Conclusion, Experiment, OnProgress, Run, Unit } from './experiment.ts';
import { FileRecord, type OpenRecord, type RunRecord } from './run-record.ts';

export interface RunSettings {
  /** A file, or another record, that keeps what was measured: what it holds is not measured again. */
  readonly record?: string | OpenRecord | null | undefined;
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
  const isTimed = experiment.isTimed?.(options) === true;
  const run = new RecordedRun(experiment, options, isTimed, settings);
  return experiment.conclude(await run.whole(() => experiment.measure(options, run)), options);
}

class RecordedRun implements Run {
  readonly onProgress: OnProgress;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
  readonly #name: string;
  /** Where units are kept that no record has. */
  readonly #directory: string | null;
  readonly #options: object;
  readonly #isTimed: boolean;
  readonly #open: OpenRecord;
  readonly hasFile: boolean;
  readonly #isShared: boolean;
  #record: RunRecord | null = null;
  #measured = 0;

  constructor(
    { name, isShareable }: Pick<AnyExperiment, 'name' | 'isShareable'>,
    options: object,
    isTimed: boolean,
    { record = null, onProgress, onNote, signal }: RunSettings,
  ) {
    this.#name = name;
    this.#directory = isShareable === true ? 'its directory' : null;
    this.#options = options;
    this.#isTimed = isTimed;
    this.hasFile = typeof record === 'string';
    this.#isShared = typeof record === 'function';
    this.#open =
      typeof record === 'function' ? record : (experiment, asked) => FileRecord.open(record, experiment, asked);
    this.onProgress = onProgress ?? (() => {});
    this.note = onNote ?? (() => {});
    this.signal = signal ?? new AbortController().signal;
  }

  /** What fails after the signal has failed because of it. */
  async whole<Found>(measure: () => Promise<Found> | Found): Promise<Found> {
    try {
      const found = await measure();
      if (this.#isShared) this.note(measuredNote(this.#measured, this.#record?.size ?? 0));
      return found;
    } catch (error) {
      throw this.signal.aborted && !isOutriderError(error) ? this.#interrupted() : error;
    }
  }

  async begin(settings: object): Promise<void> {
    const machine = this.#isTimed ? { machine: describeMachine() } : {};
    this.#record = await this.#open(this.#name, { version: packageVersion(), ...machine, ...settings });
  }

  has(key: string): boolean {
    return this.#record?.has(key) === true;
  }

  async one<Found>(unit: Unit<Found>): Promise<Found> {
    const [found] = await this.#inOrder([unit], 1, () => {});
    return found as Found;
  }

  async all<Found>(stage: string, units: readonly Unit<Found>[], atOnce = 1): Promise<Found[]> {
    this.onProgress(stage, 0, units.length);
    return await this.#inOrder(units, atOnce, (done) => this.onProgress(stage, done, units.length));
  }

  /** Units that another process measures come last, again and again. */
  async #inOrder<Found>(
    units: readonly Unit<Found>[],
    atOnce: number,
    onDone: (done: number) => void,
  ): Promise<Found[]> {
    if (this.#record === null) await this.begin(this.#options);
    const found: Found[] = [];
    const waiting = units.map((unit, index) => ({ unit, index }));
    const elsewhere: typeof waiting = [];
    let doneCount = 0;
    let hasFailed = false;
    const drive = async (): Promise<void> => {
      for (;;) {
        if (waiting.length === 0 && elsewhere.length > 0) {
          await this.#record?.pause();
          waiting.push(...elsewhere.splice(0));
        }
        const next = waiting.shift();
        if (next === undefined || hasFailed) return;
        const answer = await this.#try(next.unit);
        if (answer === null) {
          elsewhere.push(next);
          continue;
        }
        found[next.index] = answer.found;
        doneCount += 1;
        onDone(doneCount);
      }
    };
    const drives = Array.from({ length: Math.max(1, Math.min(atOnce, units.length)) }, () =>
      drive().catch((error: unknown) => {
        hasFailed = true;
        throw error;
      }),
    );
    await Promise.all(drives);
    return found;
  }

  /** @returns null: another process measures it */
  async #try<Found>({ key, measure, mayDiffer }: Unit<Found>): Promise<{ readonly found: Found } | null> {
    const record = this.#record as RunRecord;
    if (record.has(key)) return { found: record.get(key) as Found };
    if (this.signal.aborted) throw this.#interrupted();
    if (!(await record.claim(key))) return record.has(key) ? { found: record.get(key) as Found } : null;
    const found = await Promise.resolve()
      .then(measure)
      .catch(async (error: unknown) => {
        await record.release(key).catch(() => {});
        throw error;
      });
    const counts = (await record.add(key, found, mayDiffer)) as Found;
    this.#measured += 1;
    // A progress line is drawn, and Ctrl-C noticed, between two units.
    await setImmediate();
    return { found: counts };
  }

  #interrupted(): OutriderError {
    const { size = 0 } = this.#record ?? {};
    const place = this.#record?.place ?? this.#directory;
    const remedy =
      place === null
        ? 'Nothing was kept.'
        : `Give the same command again: what was measured is in ${place}, and is not measured again.`;
    return new OutriderError('interrupted', `${this.#name} was stopped after ${size} measured units`, remedy);
  }
}

/** A line for people, of a process that shares a run. */
function measuredNote(measured: number, units: number): string {
  return `${measured} of ${units} units were measured here`;
}
