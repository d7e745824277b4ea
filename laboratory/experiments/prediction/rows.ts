// The rows of "bench prediction".

/** One answer. */
export interface WrittenEdit {
  readonly isIdentical: boolean;
  /** From the request to the end of the stream, and to the first text. */
  readonly ms: number;
  readonly firstTextMs: number;
  readonly tokens: number;
  readonly acceptedTokens: number;
  readonly rejectedTokens: number;
}

/** Hardware of the edge, and whether the file stands in the prompt. */
export interface EditCase {
  readonly edge: string;
  readonly lines: number;
  readonly fileInPrompt: boolean;
}

/** Medians of the runs of a case; times in ms. */
export interface PredictionRow extends EditCase {
  readonly runs: number;
  readonly tokens: number;
  readonly withoutMs: number;
  readonly withMs: number;
  /** Of the medians, and of each pair of runs the smallest and the largest. */
  readonly withOverWithout: number;
  readonly ratioLow: number;
  readonly ratioHigh: number;
  readonly withoutFirstTextMs: number;
  readonly withFirstTextMs: number;
  readonly acceptedWithout: number;
  readonly acceptedWith: number;
  readonly rejectedWithout: number;
  readonly rejectedWith: number;
  readonly textsWrong: number;
}
