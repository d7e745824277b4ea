// Limits of frames and of their fields. A frame beyond them is malformed.

export const limits = {
  openBytes: 1_048_576,
  /** Any other frame of a device. */
  deviceFrameBytes: 4096,
  /** Any frame of an edge: the text after a `resume` may come as one commit. */
  edgeFrameBytes: 1_048_576,
  draftTokens: 512,
  /** Alternatives that an edge keeps beside a branch. */
  alternatives: 16,
  /** Tokens of an alternative, the runner-up included. */
  alternativeTokens: 32,
  textTokens: 262_144,
  stopStrings: 4,
  stopStringBytes: 64,
  logitBiases: 300,
  credentialBytes: 1024,
  textBytes: 1024,
  maxAhead: 512,
  minFlowControlWindow: 16,
  maxFlowControlWindow: 65536,
  /** Positions of a frame with logprobs of a prompt. */
  promptScores: 1024,
  /** With logprobs, so that all text that may be unacknowledged fits into one commit. */
  maxScoredWindow: 4096,
  maxPadding: 1024,
  maxId: 0x3fffff,
  /** One hour. */
  stepMicroseconds: 3_600_000_000,
} as const;
