// A row of `bench context`.

/** Medians; of the first reading the least of several runs. */
export interface ContextRow {
  readonly contextTokens: number;
  readonly measured: string;
  readonly unit: 'ms' | 'bytes/token';
  readonly value: number;
  /** The longest piece without a pause for the event loop, ms; null: there is only one. */
  readonly longest: number | null;
  /** The same by the plain way. */
  readonly plain: number;
  readonly plainOverValue: number;
}
