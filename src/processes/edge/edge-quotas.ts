// Quotas of keys that hold on several edges: each reports what it has evaluated, and receives what the others have.

import type { Clock } from '../../core/basics/clock.ts';
import type { RowQuotas, RowsUsed } from '../../core/protocol/edge/row-quotas.ts';

/** Rows of keys with a quota (`rowsPerMinute`). */
export interface EdgeQuotas {
  /** What was evaluated since the last call, for other edges. @param most keys; the next call returns the others */
  takeUsed(most?: number): readonly RowsUsed[];
  /** Counts what other edges have evaluated: a key then has one quota on all of them. */
  usedElsewhere(rows: readonly RowsUsed[]): void;
}

export function quotasOf(quotas: RowQuotas, clock: Clock): EdgeQuotas {
  return {
    // After a time without a controller only what counts still: rows that have come back since would be taken from the key once more.
    takeUsed: (most) => quotas.takeUsed(most).map((used) => quotas.stillUsed(used, clock.nowMs())),
    usedElsewhere(rows) {
      for (const used of rows) quotas.spentElsewhere(used, clock.nowMs());
    },
  };
}
