// What drafts cost a device in time, measured as it goes, and what follows from it: when it had better wait than draft on, and how
// much less likely a draft may be that costs nothing. Pure; times come in as arguments. docs/drafting.md has the measurements.

/** How device and edge take turns, as far as the price of a draft goes. */
export type DraftTiming =
  | 'free-running' // nobody waits (stream, mix): a draft costs only what it delays after a correction
  | 'in-turns' // draft a window, wait for the verdict (sd): every draft delays every token
  | 'overlapped'; // a window is drafted while the one before is verified (psd): drafts cost what takes longer than the verdict

/** Averages of late, ms; undefined: not measured yet. */
export interface DraftPace {
  /** A draft of the model; looked-up ones cost nothing and don't count. */
  readonly draftMs: number | undefined;
  /** Between two commits: a step of the edge where nobody waits, a round elsewhere. */
  readonly commitMs: number | undefined;
  /** Of one commit. */
  readonly tokens: number | undefined;
  /** From asking for a verdict to having it. */
  readonly verdictMs: number | undefined;
  readonly committedAtMs: number | undefined;
  readonly askedAtMs: number | undefined;
}

export const unknownPace: DraftPace = {
  draftMs: undefined,
  commitMs: undefined,
  tokens: undefined,
  verdictMs: undefined,
  committedAtMs: undefined,
  askedAtMs: undefined,
};

/** One measurement counts so much against all before it. */
const forgetting = 0.1;
/** A single measurement moves the mean as if it were at most this many times as large. */
const surpriseLimit = 4;

function average(mean: number | undefined, value: number): number {
  if (mean === undefined) return value;
  return mean + forgetting * (Math.min(value, surpriseLimit * mean) - mean);
}

export function noteDraftTime(pace: DraftPace, ms: number): DraftPace {
  return { ...pace, draftMs: average(pace.draftMs, ms) };
}

/** The edge was asked for its verdict on a window. */
export function noteAsk(pace: DraftPace, atMs: number): DraftPace {
  return { ...pace, askedAtMs: pace.askedAtMs ?? atMs };
}

/** Tokens have become final. */
export function noteCommit(pace: DraftPace, atMs: number, tokenCount: number): DraftPace {
  const { committedAtMs, askedAtMs, commitMs, verdictMs } = pace;
  return {
    ...pace,
    commitMs: committedAtMs === undefined ? commitMs : average(commitMs, atMs - committedAtMs),
    tokens: average(pace.tokens, tokenCount),
    verdictMs: askedAtMs === undefined ? verdictMs : average(verdictMs, atMs - askedAtMs),
    committedAtMs: atMs,
    askedAtMs: undefined,
  };
}

/** The time until the next commit says nothing: the connection was lost. */
export function notePause(pace: DraftPace): DraftPace {
  return { ...pace, committedAtMs: undefined, askedAtMs: undefined };
}

/** What the two decisions look at, besides the pace. */
export interface DraftMarket {
  readonly timing: DraftTiming;
  readonly roundTripMs: number;
  /** Chance that a draft holds, given those before it; above 0. */
  readonly acceptance: number;
  /** gamma: drafts of a window. */
  readonly windowSize: number;
}

/** A window is never left empty. */
const highestCut = 0.95;

/**
 * The least chance that the whole chain holds at which one more draft is worth making, [0, 1); 0 while too little is known.
 * In turns, a draft costs its time D and brings a token with chance q a, worth the time T of a token: q = D / (a T) breaks even
 * (Leviathan et al. 2023, at the margin). Overlapped, only the share of a window's drafting that outlasts the verdict costs anything.
 * Free-running, a draft costs something only if the chain is dead and the correction comes while it is made: the next chain then
 * starts D / 2 late on average. Half of that break-even is taken, so that what is cut is hardly ever missed.
 */
export function leastChainChance(pace: DraftPace, market: DraftMarket): number {
  const { draftMs, commitMs, tokens, verdictMs } = pace;
  const { timing, roundTripMs, acceptance, windowSize } = market;
  if (draftMs === undefined || commitMs === undefined || tokens === undefined || commitMs <= 0) return 0;
  if (timing === 'free-running') {
    const lateMs = (draftMs / 2) * Math.min(1, draftMs / (roundTripMs + commitMs));
    return lateMs / (lateMs + commitMs) / 2;
  }
  const breakEven = (draftMs * tokens) / (acceptance * commitMs);
  const paidShare = timing === 'in-turns' ? 1 : Math.max(0, 1 - (verdictMs ?? 0) / (windowSize * draftMs));
  return Math.min(highestCut, breakEven * paidShare);
}

/** A token that was looked up is evaluated later, with others: for about this share of a draft's time. */
export const catchUpShare = 0.5;
/** An error costs the rest of the chain as well: not all that is saved may be staked. */
const stakedShare = 0.5;
const freeRunningWeight = 0.4;
const highestMargin = 0.3;

/**
 * How much less likely than a draft of the model a looked-up one may be to be taken, [0, 1). In turns, the time saved is worth
 * as much of a token as it is of a token's time. Free-running it helps only as far as the edge waits for the device: about D / S of
 * the time, for D / S of a step.
 */
export function lookUpMargin(pace: DraftPace, { timing }: Pick<DraftMarket, 'timing'>): number {
  const { draftMs, commitMs, tokens } = pace;
  if (draftMs === undefined || commitMs === undefined || tokens === undefined || commitMs <= 0) return 0;
  const perToken = (draftMs * tokens) / commitMs;
  if (timing !== 'free-running') return Math.min(highestMargin, stakedShare * (1 - catchUpShare) * perToken);
  return Math.min(highestMargin, freeRunningWeight * (draftMs / commitMs) ** 2);
}
