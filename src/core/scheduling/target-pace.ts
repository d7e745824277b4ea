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

/** Sessions are planned quicker than their targets: 95 of 100 answers are to keep them, and the last drafts that fail are not made up for. */
const margin = 0.97;
/** Expected tokens beyond the target at the end of a step: an expected token may fail. */
const aheadTokens = 0.2;
/**
 * Part of its delay that a step makes up for. The first draft of a chain is the most probable one: a session that takes it in several steps
 * needs fewer rows than one that takes a longer chain in one step.
 */
const catchUp = 0.3;

/** @param start null: the answer has no token yet, so it can't be late */
export function paceAt(msPerToken: number, start: PaceStart | null, length: number, nowMs: number): TargetPace {
  const plannedMs = margin * msPerToken;
  if (start === null) return { msPerToken, lateMs: -2 * plannedMs };
  return { msPerToken, lateMs: nowMs - start.atMs - (length - start.length) * plannedMs };
}

/** Tokens that a step of `stepMs` has to give a session: those of its own time, and a part of those that are missing. */
export function tokensDue({ msPerToken, lateMs }: TargetPace, stepMs: number): number {
  return (catchUp * lateMs + stepMs) / (margin * msPerToken) + aheadTokens;
}

/** The longest step in which so many expected tokens are those that are due, ms. */
export function longestStepMs({ msPerToken, lateMs }: TargetPace, tokens: number): number {
  return (tokens - aheadTokens) * margin * msPerToken - catchUp * lateMs;
}

/** How far behind it is, in tokens of the planned pace. */
export function tokensLate({ msPerToken, lateMs }: TargetPace): number {
  return lateMs / (margin * msPerToken);
}
