// A target: the time per token that is promised to a session. Where the session stands against it, and how many tokens a step has to give
// it. Pure.

/** A target, and how far behind it the session is. */
export interface TargetPace {
  /** The target, ms; above 0. */
  readonly msPerToken: number;
  /** Time since the text should have had its present length; below 0: it is ahead. */
  readonly lateMs: number;
}

/** Where the time per token of an answer begins: at its first token. */
export interface PaceStart {
  readonly atMs: number;
  /** Length of the text then. */
  readonly length: number;
}

/**
 * Sessions are planned a twentieth quicker than their targets: 95 of 100 answers are to keep them, and drafts that fail near the end of an
 * answer can't be made up for.
 */
const margin = 0.95;
/** Expected tokens beyond the target at the end of a step: an expected token may fail. */
const aheadTokens = 0.5;

/** @param start null: the answer has no token yet, so it can't be late */
export function paceAt(msPerToken: number, start: PaceStart | null, length: number, nowMs: number): TargetPace {
  const plannedMs = margin * msPerToken;
  if (start === null) return { msPerToken, lateMs: -2 * plannedMs };
  return { msPerToken, lateMs: nowMs - start.atMs - (length - start.length) * plannedMs };
}

/** Tokens with which a session is on time at the end of a step of `stepMs`. */
export function tokensDue({ msPerToken, lateMs }: TargetPace, stepMs: number): number {
  return (lateMs + stepMs) / (margin * msPerToken) + aheadTokens;
}

/** The longest step at whose end a session with so many expected tokens is on time, ms. */
export function longestStepMs({ msPerToken, lateMs }: TargetPace, tokens: number): number {
  return (tokens - aheadTokens) * margin * msPerToken - lateMs;
}

/** How far behind it is, in tokens of the planned pace. */
export function tokensLate({ msPerToken, lateMs }: TargetPace): number {
  return lateMs / (margin * msPerToken);
}
