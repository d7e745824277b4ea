// The rows that edges have evaluated for keys with quotas, passed on to the other edges: each counts them as used, so that a key
// has one quota on all of them. Pure.

import type { RowsUsed } from '../../core/protocol/edge/row-quotas.ts';

/** Keys of one message. */
export const mostKeysSent = 1000;

export class RowLedger {
  /** By the id of the edge that is to get them, then by key. */
  readonly #unsent = new Map<string, Map<string, RowsUsed>>();

  /** @param others edges that are to get them */
  note(rowsUsed: readonly RowsUsed[], others: Iterable<string>): void {
    for (const edge of others) {
      const unsent = this.#unsent.get(edge) ?? new Map<string, RowsUsed>();
      this.#unsent.set(edge, unsent);
      for (const used of rowsUsed)
        unsent.set(used.key, { ...used, rows: used.rows + (unsent.get(used.key)?.rows ?? 0) });
    }
  }

  /** What this edge is to get now: the keys that have waited longest. */
  take(edge: string): readonly RowsUsed[] {
    const unsent = this.#unsent.get(edge);
    if (unsent === undefined) return [];
    const sent = [...unsent.values()].slice(0, mostKeysSent);
    for (const { key } of sent) unsent.delete(key);
    if (unsent.size === 0) this.#unsent.delete(edge);
    return sent;
  }

  forget(edge: string): void {
    this.#unsent.delete(edge);
  }
}
