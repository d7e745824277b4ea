// What the predictor of paces is told.

/** What was measured; times in ms. */
export interface TimingFigures {
  /** A step of the target over so many rows, ms; at least 1. */
  readonly stepMs: (rows: number) => number;
  /** One draft on the device, ms. */
  readonly draftMs: number;
  /** One draft of the same model on the edge, ms. */
  readonly edgeDraftMs: number;
  readonly roundTripMs: number;
  /** Chance that a draft is what the target writes, 0 to 1. */
  readonly acceptance: number;
  /** Largest window and largest number of drafts in a step; default 24. */
  readonly maxDrafts?: number;
  /** Drafts beyond the committed text at most, in `stream`; default 24. */
  readonly maxAhead?: number;
}
