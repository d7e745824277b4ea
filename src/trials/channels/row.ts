// What one case of `outrider trial channels` looks like in its table.

/** One measured case; `error` and `limit` have the unit of the values. */
export interface ChannelRow {
  readonly case: string;
  readonly distanceMetres: number | null;
  readonly samples: number;
  readonly expected: number;
  readonly measured: number;
  readonly error: number;
  readonly limit: number;
}
