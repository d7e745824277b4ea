// Who a device is to an edge: the key that it shows when it attaches. Sessions, places, rows and prompt memory belong to keys.

/** What an edge knows about the holder of a key. It never has the key itself. */
export interface EdgeKey {
  /** Unique among the keys of the edge; never a secret. */
  readonly id: string;
  /** For logs and counts. */
  readonly name: string;
  /** Share of places, rows and prompt tokens while others want them too, relative to other keys; above 0. */
  readonly share: number;
  /** Most sessions with a place at the same time; null: as many as the edge has. */
  readonly maxSessions: number | null;
  /** Most sessions that wait for a place at the same time; null: as many as the edge lets wait. */
  readonly maxWaiting: number | null;
}

/** Of an edge that asks for no key. */
export const anyone: EdgeKey = { id: '', name: 'anyone', share: 1, maxSessions: null, maxWaiting: null };

/** A key without limits of its own, unless `changes` says otherwise. */
export function edgeKey(id: string, changes: Partial<Omit<EdgeKey, 'id'>> = {}): EdgeKey {
  return { ...anyone, id, name: id, ...changes };
}
