// What a wall bench measures of its machines before its runs.

/** What steps cost the edges. */
export interface StepFigures {
  /** A step of 1, 2, ... rows on the edge, as many as a step may hold. */
  readonly stepMs: readonly number[];
  /** A step of one row on the edge without a law; null: there is none. */
  readonly nativeMs: number | null;
}

/** What the windows are predicted from. */
export interface PilotFigures extends StepFigures {
  readonly draftMs: number;
  readonly acceptance: number;
}
