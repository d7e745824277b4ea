// Rows that another process is to count, each once, whatever happens to connections: a parcel stays, under the same id, until the other side
// confirms it, and that side counts an id once. Pure.

/** Rows that were evaluated for a key with a quota. */
export interface RowsUsed {
  /** Its id. */
  readonly key: string;
  readonly rows: number;
  readonly rowsPerMinute: number;
}

export interface RowParcel {
  readonly id: string;
  readonly rowsUsed: readonly RowsUsed[];
}

/** Keys with rows that wait: without the other side no one takes them. */
const mostKeys = 65_536;

export class RowOutbox {
  /** By key; the one that has waited longest is the first. */
  readonly #waiting = new Map<string, RowsUsed>();
  /** Those of the present parcel. */
  #sent: ReadonlyMap<string, RowsUsed> = new Map();
  /** Null: all are confirmed. */
  #id: string | null = null;

  /** @param most rows of the key that may wait */
  add(used: RowsUsed, most: number = Number.POSITIVE_INFINITY): void {
    const rows = Math.min(most, used.rows + (this.#waiting.get(used.key)?.rows ?? 0));
    this.#waiting.set(used.key, { ...used, rows });
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > mostKeys && oldest !== undefined) this.#waiting.delete(oldest);
  }

  /** Rows of a key that are not confirmed. */
  rowsOf(key: string): number {
    return (this.#sent.get(key)?.rows ?? 0) + (this.#waiting.get(key)?.rows ?? 0);
  }

  /** The parcel that is not confirmed, or the next one; null: there is nothing. @param most keys */
  parcel(most: number, drawId: () => string): RowParcel | null {
    if (this.#id === null && this.#waiting.size > 0) {
      this.#id = drawId();
      this.#sent = new Map([...this.#waiting].slice(0, most));
      for (const key of this.#sent.keys()) this.#waiting.delete(key);
    }
    return this.#id === null ? null : { id: this.#id, rowsUsed: [...this.#sent.values()] };
  }

  /** @param id another one than that of the present parcel says nothing */
  confirmed(id: string): void {
    if (id !== this.#id) return;
    this.#id = null;
    this.#sent = new Map();
  }
}
