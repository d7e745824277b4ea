// Quotas of keys that hold on several edges: each reports what it has evaluated, and receives what the others have.

import type { Clock } from '../../core/basics/clock.ts';
import type { RowParcel, RowsUsed } from '../../core/protocol/edge/row-outbox.ts';
import type { RowQuotas } from '../../core/protocol/edge/row-quotas.ts';

/** Rows of keys with a quota (`rowsPerMinute`). */
export interface EdgeQuotas {
  /** What was evaluated, for other edges: under the same id until it is confirmed. Null: nothing. @param most keys of a parcel */
  parcel(most: number): RowParcel | null;
  /** A controller has counted the parcel of this id. */
  confirmed(id: string): void;
  /** Counts what other edges have evaluated: a key then has one quota on all of them. */
  usedElsewhere(rows: readonly RowsUsed[]): void;
}

export function quotasOf(quotas: RowQuotas, clock: Clock): EdgeQuotas {
  return {
    // After a time without a controller only what counts still: rows that have come back since would be taken from the key once more.
    parcel(most) {
      const parcel = quotas.unsent.parcel(most, () => crypto.randomUUID());
      return parcel && { ...parcel, rowsUsed: parcel.rowsUsed.map((used) => quotas.stillUsed(used, clock.nowMs())) };
    },
    confirmed: (id) => quotas.unsent.confirmed(id),
    usedElsewhere(rows) {
      for (const used of rows) quotas.spentElsewhere(used, clock.nowMs());
    },
  };
}
