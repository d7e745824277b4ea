// The one shape of all experiments and trials: options, what is measured, what is concluded from it, a figure, a page. It uses no terminal:
// run.ts runs one from code, run-experiment.ts makes a command of it.

import type { GivenOptions, OptionsOf, OptionTable } from '../../src/core/options/options.ts';
import type { Document, Result } from '../../src/files/document.ts';
import type { Figure } from '../charts/theme.ts';

/** A piece of the measuring that is kept in the record, so that it is measured once. */
export interface Unit<Found> {
  /** Unique in its experiment. */
  readonly key: string;
  /** Keys of what is found, as times of this machine: all else is the same wherever the unit is measured. */
  readonly mayDiffer?: readonly string[];
  /** @returns plain data */
  measure(): Promise<Found> | Found;
}

export type OnProgress = (stage: string, done: number, total: number) => void;

/** What an experiment has while it measures. */
export interface Run {
  /**
   * Called before the first unit, unless the options are all that the units depend on.
   * @param settings all that the units depend on, as plain data
   * @throws OutriderError `bad-argument` when the record is of other settings
   */
  begin(settings: object): Promise<void>;
  /** @returns what the units found, in their order; at most `atOnce` are measured at the same time */
  all<Found>(stage: string, units: readonly Unit<Found>[], atOnce?: number): Promise<Found[]>;
  /** @throws OutriderError `interrupted`, before it measures anything */
  one<Found>(unit: Unit<Found>): Promise<Found>;
  /** Whether the record holds it already. */
  has(key: string): boolean;
  /** Whether a file keeps the units, so that a run may end before all are measured. */
  readonly hasFile: boolean;
  readonly onProgress: OnProgress;
  /** Shows people a sentence, while the experiment runs. */
  readonly note: (text: string) => void;
  /** Aborted by Ctrl-C. Checked before each unit; what takes long without units calls its `throwIfAborted`. */
  readonly signal: AbortSignal;
}

export interface Conclusion<Row extends object = object, Summary extends Result['summary'] = Result['summary']>
  extends Result {
  readonly rows: readonly Row[];
  readonly summary: Summary;
  /** What a terminal shows in place of the rows, where all of their keys would not fit. */
  readonly forPeople?: readonly object[];
  /** Stands on a terminal in place of rows and summary; see {@link Experiment.tableOptions}. */
  readonly table?: ReaderTable;
  /** Sentences for people that no key has room for. */
  readonly remarks?: readonly string[];
  /** False: the exit status of the command is 1. It stands in the summary of the document, too. */
  readonly passed?: boolean;
}

/** Lines of a table for people: about a dozen, and those that `--all` shows. The keys are its headings. */
export interface ReaderTable {
  readonly few: readonly object[];
  readonly all: readonly object[];
}

/** By keys of the summary: values that must not be larger, or not smaller. */
export type Goals = Readonly<Record<string, number | { readonly atLeast: number }>>;

export interface Experiment<Table extends OptionTable, Found, Concluded extends Conclusion = Conclusion> {
  /** The words after `outrider`: "bench modes". */
  readonly name: string;
  /** In a line, for the list of commands. */
  readonly description: string;
  /** Time that it takes with its defaults, on two cores: "2 minutes", and at most five. A bench or trial has it. */
  readonly lasts?: string;
  /** The same with `--full`, where options have a value for it. */
  readonly fullLasts?: string;
  /** Shown below the help: examples, definitions. */
  readonly notes?: string;
  /** Command lines below the help, unless the notes have some. Default: the name alone, and with its document. */
  readonly examples?: readonly string[];
  readonly options: Table;
  /** Has a table for people: the command has --all. Where a table is shown, these options are set, as to measure a baseline for it. */
  readonly tableOptions?: GivenOptions<Table>;
  /** Has units that are worth keeping: the command has --resume and --record. */
  readonly isResumable?: boolean;
  /** A directory of its own keeps its units: the command has --record without --resume. */
  readonly isShareable?: boolean;
  /** Whether its units measure this machine: its record is of one machine then, and is not shared. */
  readonly isTimed?: (options: OptionsOf<Table>) => boolean;
  /** Opens what it needs, measures through `run`, and closes what it opened. */
  measure(options: OptionsOf<Table>, run: Run): Promise<Found> | Found;
  /** Pure: nothing is measured any more. */
  conclude(found: Found, options: OptionsOf<Table>): Concluded;
  /**
   * From rows and parameters alone, so that a kept document can be drawn again. @throws OutriderError `bad-argument` when no row can be
   * drawn
   */
  figure?(rows: Concluded['rows'], params: object): Figure;
  /** Markdown tables of a kept document; without it, its rows as they are. */
  page?(document: Document<Concluded['rows'][number]>): string;
  /** What the summary is to reach. */
  goals?(params: object): Goals;
}

/** For lists of experiments: whatever its options are. */
// biome-ignore lint/suspicious/noExplicitAny: options and findings are the experiment's own, and only it reads them
export type AnyExperiment = Experiment<any, any, Conclusion>;
