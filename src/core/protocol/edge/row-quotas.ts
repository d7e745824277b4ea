// How many rows of the engine a key may use in a minute: a token bucket for each key. Rows are what is evaluated: prompts, texts that have to
// be evaluated again, drafts, and one row for each step. An answer that has begun is written to its end; what it takes beyond the quota
// delays the next one.

import { OutriderError } from '../../basics/errors.ts';
import { Recent } from '../../basics/recent.ts';
import { retryRemedy } from '../../basics/retry-time.ts';
import type { EdgeKey } from './edge-key.ts';
import { RowOutbox, type RowsUsed } from './row-outbox.ts';

/** Rows that are left; below 0: more were used than there were. */
interface Bucket {
  readonly rows: number;
  readonly atMs: number;
  readonly rowsPerMinute: number;
}

/** What an edge keeps of a key over a restart, in whole rows. */
export interface KeptKey {
  /** Its id. */
  readonly key: string;
  /** Rows that this edge has ever evaluated for it. */
  readonly rows: number;
  /** The quota, while a part of it is used; `unsentRows`: no controller has confirmed them yet. */
  readonly quota?: { readonly rowsPerMinute: number; readonly leftRows: number; readonly unsentRows: number };
}

/** Keys whose rows are remembered; beyond it the one that was used longest ago is forgotten. */
const mostKeys = 65_536;

type QuotaKey = Pick<EdgeKey, 'id' | 'name' | 'rowsPerMinute'>;

const minuteMs = 60_000;

/** The bucket now: it fills evenly, up to the rows of a minute. */
function filled(bucket: Bucket | undefined, rowsPerMinute: number, nowMs: number): Bucket {
  if (bucket === undefined) return { rows: rowsPerMinute, atMs: nowMs, rowsPerMinute };
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  const rows = Math.min(rowsPerMinute, bucket.rows + (elapsedMs * rowsPerMinute) / minuteMs);
  return { rows, atMs: Math.max(nowMs, bucket.atMs), rowsPerMinute };
}

export class RowQuotas {
  /** By the id of the key. */
  readonly #buckets = new Recent<Bucket>(mostKeys);
  /** Rows of keys with a quota that sessions of this edge have used, for other edges. */
  readonly unsent: RowOutbox = new RowOutbox();
  /** All rows of keys that `isCounted` takes, by id. */
  readonly #totals = new Map<string, number>();
  readonly #isCounted: (id: string) => boolean;

  /** @param isCounted whether all rows of this key are counted; default: of none @param kept of a run before, which counts from now on */
  constructor(isCounted: (id: string) => boolean = () => false, kept: readonly KeptKey[] = [], nowMs: number = 0) {
    this.#isCounted = isCounted;
    for (const { key, rows, quota } of kept) {
      this.#totals.set(key, rows);
      if (quota === undefined) continue;
      const { rowsPerMinute, leftRows, unsentRows } = quota;
      this.#buckets.set(key, { rows: Math.max(-rowsPerMinute, leftRows), atMs: nowMs, rowsPerMinute });
      if (unsentRows > 0) this.unsent.add({ key, rows: unsentRows, rowsPerMinute });
    }
  }

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
    const total = this.#totals.get(key.id);
    if (this.#isCounted(key.id) && (total !== undefined || this.#totals.size < mostKeys))
      this.#totals.set(key.id, (total ?? 0) + rows);
    if (key.rowsPerMinute === null) return;
    const bucket = filled(this.#buckets.get(key.id), key.rowsPerMinute, nowMs);
    this.#buckets.set(key.id, { ...bucket, rows: bucket.rows - rows });
    this.unsent.add({ key: key.id, rows, rowsPerMinute: key.rowsPerMinute });
  }

  /** Another edge has evaluated these rows for the key. They take a quota to that of a minute below 0 at most: an edge may be wrong. */
  spentElsewhere({ key, rows, rowsPerMinute }: RowsUsed, nowMs: number): void {
    const before = this.#buckets.get(key);
    const now = filled(before, before?.rowsPerMinute ?? rowsPerMinute, nowMs);
    // Another edge changes no quota of which a part is used.
    const bucket = now.rows >= now.rowsPerMinute ? filled(undefined, rowsPerMinute, nowMs) : now;
    const left = Math.max(-bucket.rowsPerMinute, bucket.rows - rows);
    this.#buckets.set(key, { ...bucket, rows: Math.min(bucket.rows, left) });
  }

  /** Rows of the quota of a key that are used and have not come back, at most `rows`: an edge that counts so few more counts the same. */
  stillUsed({ key, rows, rowsPerMinute }: RowsUsed, nowMs: number): RowsUsed {
    const missing = rowsPerMinute - filled(this.#buckets.get(key), rowsPerMinute, nowMs).rows;
    return { key, rows: Math.min(rows, Math.max(0, Math.ceil(missing))), rowsPerMinute };
  }

  /** What is to be kept over a restart, a minute's debt at most: the same until something is used, or comes back. */
  kept(nowMs: number): readonly KeptKey[] {
    const ids = new Set([...this.#totals.keys(), ...this.#buckets.keys()]);
    return [...ids].flatMap((key) => {
      const rows = this.#totals.get(key) ?? 0;
      const { rowsPerMinute = 0 } = this.#buckets.get(key) ?? {};
      const leftRows = Math.max(-rowsPerMinute, Math.floor(filled(this.#buckets.get(key), rowsPerMinute, nowMs).rows));
      const unsentRows = this.unsent.rowsOf(key);
      if (leftRows < rowsPerMinute) return [{ key, rows, quota: { rowsPerMinute, leftRows, unsentRows } }];
      return rows === 0 ? [] : [{ key, rows }];
    });
  }
}
