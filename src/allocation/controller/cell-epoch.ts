// Which controller of its cell a member follows: the one with the highest epoch, while it sends. Pure: the time is an argument. An epoch is
// compared with other epochs only, never with a time of day, so a clock or an operator that is wrong once is forgotten too.

/** The cell of all controllers and members. */
export const defaultCell = 'default';
/** An epoch counts for so long after the last message of its controller, ms. */
export const epochCountsMs = 60_000;

/** What a member stores about the epochs of its cell. */
export interface CellEpoch {
  /** The highest of controllers whose certificate was checked, over any connection; null: none, or it is forgotten. */
  readonly checked: { readonly epoch: number; readonly receivedAtMs: number } | null;
  /** The highest over the present connection, whoever is there; null: none yet. */
  readonly here: number | null;
}

export const noEpoch: CellEpoch = { checked: null, here: null };

export type EpochEvent =
  | { readonly kind: 'connected' }
  | {
      readonly kind: 'received';
      readonly epoch: number;
      /** Whether the certificate of the controller was checked, by an authority or a fingerprint. */
      readonly isChecked: boolean;
      /** By the member's own clock, which never goes back. */
      readonly nowMs: number;
    };

export interface EpochStep {
  readonly state: CellEpoch;
  /** The message is of a lower epoch than one that counts: the member does not follow it. */
  readonly isOlder: boolean;
}

export function stepEpoch(state: CellEpoch, event: EpochEvent): EpochStep {
  if (event.kind === 'connected') return { state: { ...state, here: null }, isOlder: false };
  const { epoch, isChecked, nowMs } = event;
  const counts = state.checked !== null && nowMs - state.checked.receivedAtMs < epochCountsMs;
  const checked = counts ? state.checked : null;
  if (epoch < Math.max(checked?.epoch ?? 0, state.here ?? 0)) return { state: { ...state, checked }, isOlder: true };
  return { state: { checked: isChecked ? { epoch, receivedAtMs: nowMs } : checked, here: epoch }, isOlder: false };
}
