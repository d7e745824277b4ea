// When a device had better wait than draft on. A draft pays if the chance that it saves the edge a step outweighs the chance that
// the chain is dead already and the drafter is busy when the correction comes. Measured, not set: on a device that is much
// quicker than its edge it hardly ever cuts, on one that is not it does. Pure; times come in as arguments.

/** What the device has measured of late, ms; undefined: nothing yet. */
export interface ChainPace {
  readonly draftMs: number | undefined;
  /** Between two commits: in `stream` a step of the edge. */
  readonly commitMs: number | undefined;
  readonly lastCommitAtMs: number | undefined;
}

export const unknownPace: ChainPace = { draftMs: undefined, commitMs: undefined, lastCommitAtMs: undefined };

/** One measurement counts so much against all before it. */
const forgetting = 0.1;
/** A single measurement moves the mean as if it were at most this many times as large. */
const surpriseLimit = 4;

function average(meanMs: number | undefined, ms: number): number {
  if (meanMs === undefined) return ms;
  return meanMs + forgetting * (Math.min(ms, surpriseLimit * meanMs) - meanMs);
}

/** A draft of the model was made; looked-up ones cost nothing and don't count. */
export function noteDraftTime(pace: ChainPace, ms: number): ChainPace {
  return { ...pace, draftMs: average(pace.draftMs, ms) };
}

export function noteCommit(pace: ChainPace, atMs: number): ChainPace {
  const { lastCommitAtMs, commitMs } = pace;
  const known = lastCommitAtMs === undefined ? commitMs : average(commitMs, atMs - lastCommitAtMs);
  return { ...pace, commitMs: known, lastCommitAtMs: atMs };
}

/** A pause after which the time to the next commit says nothing: a new connection, a new turn. */
export function notePause(pace: ChainPace): ChainPace {
  return { ...pace, lastCommitAtMs: undefined };
}

/**
 * The least chance that the whole chain holds at which one more draft is worth making, [0, 1); 0 while too little is known.
 * With a chance q the draft extends a living chain and saves a step of S ms with the acceptance a; else the chain is dead, the
 * correction comes at some time within round trip and step, and if it comes during this draft D, the next chain starts D / 2 late
 * on average: q a S = (1 - q) (D / 2) min(1, D / (R + S)).
 */
export function leastChainChance({ draftMs, commitMs }: ChainPace, roundTripMs: number, acceptance: number): number {
  if (draftMs === undefined || commitMs === undefined || commitMs <= 0) return 0;
  const lateMs = (draftMs / 2) * Math.min(1, draftMs / (roundTripMs + commitMs));
  return lateMs / (lateMs + acceptance * commitMs);
}
