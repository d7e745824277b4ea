// How many rows of the engine a key may use in a minute: a token bucket for each key. Rows are what is evaluated: prompts, texts that have to
// be evaluated again, drafts, and one row for each step. An answer that has begun is written to its end; what it takes beyond the quota
// delays the next one.

import { OutriderError } from '../basics/errors.ts';
import { retryRemedy } from '../basics/retry-time.ts';
import type { EdgeKey } from './edge-key.ts';

/** Rows that are left; below 0: more were used than there were. */
interface Bucket {
  readonly rows: number;
  readonly atMs: number;
}

type QuotaKey = Pick<EdgeKey, 'id' | 'name' | 'rowsPerMinute'>;

const minuteMs = 60_000;

/** The bucket now: it fills evenly, up to the rows of a minute. */
function filled(bucket: Bucket | undefined, rowsPerMinute: number, nowMs: number): Bucket {
  if (bucket === undefined) return { rows: rowsPerMinute, atMs: nowMs };
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  const rows = Math.min(rowsPerMinute, bucket.rows + (elapsedMs * rowsPerMinute) / minuteMs);
  return { rows, atMs: Math.max(nowMs, bucket.atMs) };
}

export class RowQuotas {
  /** By the id of the key. */
  readonly #buckets = new Map<string, Bucket>();
  /** Rows of each key with a quota since the last call of {@link takeUsed}. */
  #used = new Map<string, number>();

  /**
   * Whether an answer may begin.
   * @param neededRows of its text; one that needs more than a minute's rows may begin when none of them is used
   * @param promisedRows that answers of the key which have begun still need for their texts
   * @throws OutriderError `quota-used`
   */
  demand({ id, name, rowsPerMinute }: QuotaKey, neededRows: number, promisedRows: number, nowMs: number): void {
    if (rowsPerMinute === null) return;
    const { rows } = filled(this.#buckets.get(id), rowsPerMinute, nowMs);
    const missing = Math.min(neededRows, rowsPerMinute) + promisedRows - rows;
    if (missing <= 0) return;
    const cause = `the key "${name}" may use ${rowsPerMinute} rows a minute, and has used them`;
    throw new OutriderError('quota-used', cause, retryRemedy((missing / rowsPerMinute) * minuteMs));
  }

  /** These rows are evaluated for a session of the key. */
  spend(key: QuotaKey, rows: number, nowMs: number): void {
    if (key.rowsPerMinute === null) return;
    this.spentElsewhere(key, rows, nowMs);
    this.#used.set(key.id, (this.#used.get(key.id) ?? 0) + rows);
  }

  /** Another edge has evaluated these rows for the key. */
  spentElsewhere({ id, rowsPerMinute }: QuotaKey, rows: number, nowMs: number): void {
    if (rowsPerMinute === null) return;
    const bucket = filled(this.#buckets.get(id), rowsPerMinute, nowMs);
    this.#buckets.set(id, { ...bucket, rows: bucket.rows - rows });
  }

  /** Rows that sessions of this edge have used since the last call, by the id of the key. */
  takeUsed(): ReadonlyMap<string, number> {
    const used = this.#used;
    this.#used = new Map();
    return used;
  }
}
