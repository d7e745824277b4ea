// The rows that edges have evaluated for keys with quotas, passed on to the other edges: each takes them from its own count, so that a key
// has one quota on all of them. Pure.

import type { RowsUsed } from '../../core/protocol/edge/row-quotas.ts';

/** Keys of one message. */
export const mostKeysTold = 1000;

/** What is not told yet. */
export class RowLedger {
  /** By the id of the edge that is to be told, then by key. */
  readonly #untold = new Map<string, Map<string, RowsUsed>>();

  /** @param others edges that are to be told */
  note(rowsUsed: readonly RowsUsed[], others: Iterable<string>): void {
    for (const edge of others) {
      const untold = this.#untold.get(edge) ?? new Map<string, RowsUsed>();
      this.#untold.set(edge, untold);
      for (const used of rowsUsed)
        untold.set(used.key, { ...used, rows: used.rows + (untold.get(used.key)?.rows ?? 0) });
    }
  }

  /** What this edge is to be told now: the keys that have waited longest. */
  take(edge: string): readonly RowsUsed[] {
    const untold = this.#untold.get(edge);
    if (untold === undefined) return [];
    const told = [...untold.values()].slice(0, mostKeysTold);
    for (const { key } of told) untold.delete(key);
    if (untold.size === 0) this.#untold.delete(edge);
    return told;
  }

  /** The edge is gone. */
  forget(edge: string): void {
    this.#untold.delete(edge);
  }
}
