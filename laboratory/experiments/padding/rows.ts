// A row of `bench padding`.

/** Over all answers of a trace. */
export interface PaddingRow {
  readonly mode: string;
  /** Frames have multiples of this length, bytes; 0: any length. */
  readonly padding: number;
  readonly link: string;
  /** Share of answers that no other answer equals in the directions and lengths of its first 8, 16 or 32 frames after the opening. */
  readonly apartAfter8: number;
  readonly apartAfter16: number;
  readonly apartAfter32: number;
  /** The same in all frames, their number included. */
  readonly apartAtEnd: number;
  /** The same in the length of the opening alone, which tells the length of the prompt. */
  readonly apartByOpening: number;
  /** Both directions, with WebSocket, TCP and IPv4 headers, without the opening. */
  readonly bytesPerToken: number;
  readonly msPerToken: number;
  /** Over the same mode and link without padding. */
  readonly bytesRatio: number;
  readonly msRatio: number;
}
