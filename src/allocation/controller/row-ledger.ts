// The rows that edges have evaluated for keys with quotas, passed on to the other edges: each counts them as used, so that a key
// has one quota on all of them. Pure.

import { RowOutbox, type RowParcel, type RowsUsed } from '../../core/protocol/edge/row-outbox.ts';
import { RowQuotas } from '../../core/protocol/edge/row-quotas.ts';

/** Keys of one message. */
export const mostKeysSent = 1000;

/** An edge that has left may be started again; after so long the rows of a quota have come back, ms. */
const awayKeptMs = 60_000;
/** Beyond so many, the one that left first is forgotten: when it comes back, it may get what it has used itself. */
const mostAway = 1000;

export class RowLedger {
  /** By the id of the edge that is to get them. */
  readonly #unsent = new Map<string, RowOutbox>();
  /** Connection and parcel that were used last, by the id of the edge: what is sent arrives unless the connection ends. */
  readonly #sent = new Map<string, string>();
  /** The last parcel of each edge that was counted. */
  readonly #counted = new Map<string, string>();
  /** Edges that have left, and until when they are remembered. */
  readonly #away = new Map<string, number>();
  /** What all edges have used, for one that comes later. */
  readonly #counts = new RowQuotas();
  #isUsed = false;
  #parcels = 0;
  readonly #epoch: number;

  /** @param epoch another for each run of a controller: parcels of two runs have different ids */
  constructor(epoch: number = 0) {
    this.#epoch = epoch;
  }

  /** An edge comes, perhaps later than others after a restart of the controller. It is to get what counts still, a minute's rows at most. */
  join(edge: string, nowMs: number): void {
    if (this.#away.delete(edge)) return;
    const unsent = new RowOutbox();
    this.#unsent.set(edge, unsent);
    for (const { key, quota } of this.#counts.kept(nowMs)) {
      if (quota === undefined) continue;
      const { rowsPerMinute, leftRows } = quota;
      unsent.add({ key, rows: rowsPerMinute - leftRows, rowsPerMinute }, rowsPerMinute);
    }
  }

  /** @param from the edge that has evaluated them @param edges those that there are @param id counts once; undefined: always */
  note(from: string, rowsUsed: readonly RowsUsed[], edges: Iterable<string>, nowMs: number, id?: string): void {
    if (id !== undefined && this.#counted.get(from) === id) return;
    if (id !== undefined) this.#counted.set(from, id);
    for (const used of rowsUsed) this.#counts.spentElsewhere(used, nowMs);
    this.#isUsed ||= rowsUsed.length > 0;
    this.#forgetOld(nowMs);
    for (const edge of new Set([...edges, ...this.#away.keys()])) {
      if (edge === from) continue;
      const unsent = this.#unsent.get(edge) ?? new RowOutbox();
      this.#unsent.set(edge, unsent);
      // More than a minute's rows count no more, and no message holds them.
      for (const used of rowsUsed) unsent.add(used, used.rowsPerMinute);
    }
  }

  /**
   * What this edge is to get now; null: nothing, or it is on its way.
   * @param link its connection; null: it confirms nothing, and gets everything once
   */
  next(edge: string, link: number | null): RowParcel | null {
    const unsent = this.#unsent.get(edge);
    const parcel = unsent?.parcel(mostKeysSent, () => `${this.#epoch}.${++this.#parcels}`) ?? null;
    const sent = `${link} ${parcel?.id}`;
    if (parcel === null || this.#sent.get(edge) === sent) return null;
    this.#sent.set(edge, sent);
    if (link === null) unsent?.confirmed(parcel.id);
    return parcel;
  }

  /** @param id of the last parcel that the edge has counted */
  confirmed(edge: string, id: string | null = null): void {
    if (id !== null) this.#unsent.get(edge)?.confirmed(id);
  }

  leave(edge: string, nowMs: number): void {
    this.#forgetOld(nowMs);
    // Where nothing is counted yet it has used nothing, and can come as a new one.
    if (this.#isUsed) this.#away.set(edge, nowMs + awayKeptMs);
    else this.#forget(edge);
    for (const first of this.#away.keys()) {
      if (this.#away.size <= mostAway) return;
      this.#forget(first);
    }
  }

  #forgetOld(nowMs: number): void {
    for (const [edge, untilMs] of this.#away) if (nowMs >= untilMs) this.#forget(edge);
  }

  #forget(edge: string): void {
    for (const one of [this.#away, this.#unsent, this.#sent, this.#counted]) one.delete(edge);
  }
}
