// The rows that edges have evaluated for keys with quotas, passed on to the other edges: each counts them as used, so that a key
// has one quota on all of them. Pure.

import { RowQuotas, type RowsUsed } from '../../core/protocol/edge/row-quotas.ts';

/** Keys of one message. */
export const mostKeysSent = 1000;

/** An edge that has left may be started again; after so long the rows of a quota have come back, ms. */
const awayKeptMs = 60_000;
/** Beyond so many, the one that left first is forgotten: when it comes back, it may get what it has used itself. */
const mostAway = 1000;

export class RowLedger {
  /** By the id of the edge that is to get them, then by key. */
  readonly #unsent = new Map<string, Map<string, RowsUsed>>();

  /** Edges that have left, and until when they are remembered. */
  readonly #away = new Map<string, number>();
  /** What all edges have used, for one that comes later. */
  readonly #counts = new RowQuotas();
  #isUsed = false;

  /** An edge comes, perhaps later than others after a restart of the controller. It is to get what counts still, a minute's rows at most. */
  join(edge: string, nowMs: number): void {
    if (this.#away.has(edge)) return;
    const used = this.#counts.kept(nowMs).flatMap(({ key, quota }) => {
      if (quota === undefined) return [];
      const { rowsPerMinute, leftRows } = quota;
      return [[key, { key, rows: Math.min(rowsPerMinute, rowsPerMinute - leftRows), rowsPerMinute }] as const];
    });
    this.#unsent.set(edge, new Map(used));
  }

  /** @param from the edge that has evaluated them @param edges those that there are */
  note(from: string, rowsUsed: readonly RowsUsed[], edges: Iterable<string>, nowMs: number): void {
    for (const used of rowsUsed) this.#counts.spentElsewhere(used, nowMs);
    this.#isUsed ||= rowsUsed.length > 0;
    this.#forgetOld(nowMs);
    for (const edge of new Set([...edges, ...this.#away.keys()])) {
      if (edge === from) continue;
      const unsent = this.#unsent.get(edge) ?? new Map<string, RowsUsed>();
      this.#unsent.set(edge, unsent);
      for (const used of rowsUsed) {
        const rows = used.rows + (unsent.get(used.key)?.rows ?? 0);
        // More than a minute's rows count no more, and no message holds them.
        unsent.set(used.key, { ...used, rows: Math.min(used.rowsPerMinute, rows) });
      }
    }
  }

  /** What this edge is to get now: the keys that have waited longest. */
  take(edge: string): readonly RowsUsed[] {
    this.#away.delete(edge);
    const unsent = this.#unsent.get(edge);
    if (unsent === undefined) return [];
    const sent = [...unsent.values()].slice(0, mostKeysSent);
    for (const { key } of sent) unsent.delete(key);
    if (unsent.size === 0) this.#unsent.delete(edge);
    return sent;
  }

  leave(edge: string, nowMs: number): void {
    this.#forgetOld(nowMs);
    // Where nothing is counted yet it has used nothing, and can come as a new one.
    if (this.#isUsed) this.#away.set(edge, nowMs + awayKeptMs);
    else this.#unsent.delete(edge);
    for (const first of this.#away.keys()) {
      if (this.#away.size <= mostAway) return;
      this.#forget(first);
    }
  }

  #forgetOld(nowMs: number): void {
    for (const [edge, untilMs] of this.#away) if (nowMs >= untilMs) this.#forget(edge);
  }

  #forget(edge: string): void {
    this.#away.delete(edge);
    this.#unsent.delete(edge);
  }
}
