// The input of the latency prediction.

/** Measured figures; times in ms. */
export interface TimingFigures {
  /** A step of the target over this many rows, ms; at least one row. */
  readonly stepMs: (rows: number) => number;
  /** One draft on the device, ms. */
  readonly draftMs: number;
  /** One draft of the same model on the edge, ms. */
  readonly edgeDraftMs: number;
  /** The edge also drafts while its target steps, and neither slows the other down; default: its drafter rests during steps. */
  readonly edgeDraftsOverlap?: boolean;
  readonly roundTripMs: number;
  /** Acceptance rate, 0 to 1. */
  readonly acceptance: number;
  /** Largest draft length, and largest number of drafts in a step; default 24. */
  readonly maxDrafts?: number;
  /** Limit of drafts beyond the committed text, in `stream`; default 24. */
  readonly maxAhead?: number;
}
