// What drafts cost a device in time, measured as it goes, and what follows from it: when it had better wait than draft on, and how
// much less likely a draft may be that costs nothing. Pure; times come in as arguments. docs/prompt-lookup.md has the measurements.

/** How device and edge take turns, as far as the price of a draft goes. */
export type TurnTaking =
  | 'free-running' // nobody waits (stream, mix): a draft costs only what it delays after a correction
  | 'in-turns' // draft a window, wait for the verdict (sd): every draft delays every token
  | 'overlapped'; // a window is drafted while the one before is verified (psd): drafts cost what takes longer than the verdict

/** Averages of late, ms; undefined: not measured yet. */
export interface DraftTiming {
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

export const unknownTiming: DraftTiming = {
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

export function noteDraftTime(timing: DraftTiming, ms: number): DraftTiming {
  return { ...timing, draftMs: average(timing.draftMs, ms) };
}

/** The edge was asked for its verdict on a window. */
export function noteAsk(timing: DraftTiming, atMs: number): DraftTiming {
  return { ...timing, askedAtMs: timing.askedAtMs ?? atMs };
}

/** Tokens have become final. */
export function noteCommit(timing: DraftTiming, atMs: number, tokenCount: number): DraftTiming {
  const { committedAtMs, askedAtMs, commitMs, verdictMs } = timing;
  return {
    ...timing,
    commitMs: committedAtMs === undefined ? commitMs : average(commitMs, atMs - committedAtMs),
    tokens: average(timing.tokens, tokenCount),
    verdictMs: askedAtMs === undefined ? verdictMs : average(verdictMs, atMs - askedAtMs),
    committedAtMs: atMs,
    askedAtMs: undefined,
  };
}

/** The time until the next commit says nothing: the connection was lost. */
export function notePause(timing: DraftTiming): DraftTiming {
  return { ...timing, committedAtMs: undefined, askedAtMs: undefined };
}

/** What the two decisions look at, besides the timing. */
export interface DraftMarket {
  readonly turnTaking: TurnTaking;
  readonly roundTripMs: number;
  /** Chance that a draft holds, given those before it; above 0. */
  readonly acceptance: number;
  /** gamma: drafts of a window. */
  readonly draftLength: number;
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
export function leastChainChance(timing: DraftTiming, market: DraftMarket): number {
  const { draftMs, commitMs, tokens, verdictMs } = timing;
  const { turnTaking, roundTripMs, acceptance, draftLength } = market;
  if (draftMs === undefined || commitMs === undefined || tokens === undefined || commitMs <= 0) return 0;
  if (turnTaking === 'free-running') {
    const lateMs = (draftMs / 2) * Math.min(1, draftMs / (roundTripMs + commitMs));
    return lateMs / (lateMs + commitMs) / 2;
  }
  const breakEven = (draftMs * tokens) / (acceptance * commitMs);
  const paidShare = turnTaking === 'in-turns' ? 1 : Math.max(0, 1 - (verdictMs ?? 0) / (draftLength * draftMs));
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
export function lookUpMargin(timing: DraftTiming, { turnTaking }: Pick<DraftMarket, 'turnTaking'>): number {
  const { draftMs, commitMs, tokens } = timing;
  if (draftMs === undefined || commitMs === undefined || tokens === undefined || commitMs <= 0) return 0;
  const perToken = (draftMs * tokens) / commitMs;
  if (turnTaking !== 'free-running') return Math.min(highestMargin, stakedShare * (1 - catchUpShare) * perToken);
  return Math.min(highestMargin, freeRunningWeight * (draftMs / commitMs) ** 2);
}
