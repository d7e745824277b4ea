// What an edge says of its weights for tabs, and pages read.

/** What `GET /weights` of an edge answers. */
export interface WeightsInfo {
  /** The target. */
  readonly model: string;
  /** The model whose file it is. */
  readonly name: string;
  readonly fileBytes: number;
  readonly tokenizerHash: string;
  readonly header: PartInfo;
  /** Null: there is no draft model for a tab. */
  readonly weights: PartInfo | null;
}

/** Bytes by their SHA-256. */
export interface PartInfo {
  readonly sha256: string;
  readonly bytes: number;
}
