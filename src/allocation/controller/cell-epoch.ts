// Which controller of its cell a member obeys: the one with the highest epoch, while it is heard. Pure: the time is an argument. An epoch is
// compared with other epochs only, never with a time of day, so a clock or an operator that is wrong once is forgotten too.

/** The cell of all controllers and members. */
export const defaultCell = 'default';
/** An epoch counts for so long after its controller was heard for the last time, ms. */
export const epochCountsMs = 60_000;

/** What a member knows of the epochs of its cell. */
export interface CellEpoch {
  /** The highest of controllers whose certificate was checked, over any connection; null: none, or it is forgotten. */
  readonly checked: { readonly epoch: number; readonly heardAtMs: number } | null;
  /** The highest over the present connection, whoever is there; null: none yet. */
  readonly here: number | null;
}

export const noEpoch: CellEpoch = { checked: null, here: null };

export type EpochEvent =
  | { readonly kind: 'connected' }
  | {
      readonly kind: 'heard';
      readonly epoch: number;
      /** Whether the certificate of the controller was checked, by an authority or a fingerprint. */
      readonly isChecked: boolean;
      /** Of the member's own clock, which never goes back. */
      readonly nowMs: number;
    };

export interface EpochStep {
  readonly state: CellEpoch;
  /** What was heard is of a lower epoch than one that counts: it is not obeyed. */
  readonly isOlder: boolean;
}

export function stepEpoch(state: CellEpoch, event: EpochEvent): EpochStep {
  if (event.kind === 'connected') return { state: { ...state, here: null }, isOlder: false };
  const { epoch, isChecked, nowMs } = event;
  const counts = state.checked !== null && nowMs - state.checked.heardAtMs < epochCountsMs;
  const checked = counts ? state.checked : null;
  if (epoch < Math.max(checked?.epoch ?? 0, state.here ?? 0)) return { state: { ...state, checked }, isOlder: true };
  return { state: { checked: isChecked ? { epoch, heardAtMs: nowMs } : checked, here: epoch }, isOlder: false };
}
