// Where each device's session stands before a slot: what is written, on which servers, and what is still to be evaluated.

/** A session's text on one server. */
export interface PlacedText {
  readonly server: number;
  /** Tokens that the server has still to evaluate before it decodes. */
  readonly leftTokens: number;
  /** The length of the text there, less that which the reader has seen. */
  readonly aheadTokens: number;
  /** From this time of the slot on the server has the text, ms; 0: it has it now. */
  readonly fromMs: number;
  /** z that the session has there, above 0. */
  readonly share: number;
}

/** A device's session; one that has not begun is on no server. */
export interface Standing {
  /** In the order in which the device connected to these servers: the last one takes the session over when it has read the text. */
  readonly texts: readonly PlacedText[];
  /** The prompt, which the device has before it begins, and the answer so far: what one more server would have to evaluate. */
  readonly textTokens: number;
  /** No server served the device in the slot before: what was written meanwhile is still to be sent to it. */
  readonly wasCutOff: boolean;
  /** The reader has no token of the answer yet. */
  readonly isUnread: boolean;
}
