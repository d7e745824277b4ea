// The time that drafts cost a device, measured at run time, and two decisions from it: when waiting is better than drafting, and
// how much less likely a free draft may be. Pure; times come in as arguments. docs/research/prompt-lookup.md has the measurements.

import { narrowPass, notePass, type PassPrices, type PassWork, supposedPrices } from './pass-times.ts';

/** How device and edge take turns, as far as the cost of a draft depends on it. */
export type TurnTaking =
  | 'free-running' // no side waits (stream, mix): a draft costs only the delay of the chain after a correction
  | 'in-turns' // draft a window, wait for its verification (sd): every draft delays every token
  | 'overlapped'; // a window is drafted while the one before is verified (psd): drafts cost only the time beyond the verification

/** Running means, ms; undefined: not measured yet. */
export interface DraftTiming {
  /** A draft of the model by a pass without alternatives; look-ups cost nothing and don't count. */
  readonly draftMs: number | undefined;
  /** What further tokens and alternatives add to a pass of the model, as shares of `draftMs`. */
  readonly prices: PassPrices;
  /** Time between two commits: a step of the edge in `stream`, a round elsewhere. */
  readonly commitMs: number | undefined;
  /** Tokens of one commit. */
  readonly tokens: number | undefined;
  /** Time from asking for verification to its result. */
  readonly verdictMs: number | undefined;
  /** Time between commits in all, ms, and the tokens of the commits that ended it: the mean over the turn is steadier. */
  readonly writtenMs: number;
  readonly writtenTokens: number;
  readonly committedAtMs: number | undefined;
  readonly askedAtMs: number | undefined;
}

export const unknownTiming: DraftTiming = {
  draftMs: undefined,
  prices: supposedPrices,
  commitMs: undefined,
  tokens: undefined,
  verdictMs: undefined,
  writtenMs: 0,
  writtenTokens: 0,
  committedAtMs: undefined,
  askedAtMs: undefined,
};

/** Weight of one measurement against all before it. */
const forgetting = 0.1;
/** One measurement changes the mean like one that is at most this many times as large as the mean. */
const surpriseLimit = 4;

function average(mean: number | undefined, value: number): number {
  if (mean === undefined) return value;
  return mean + forgetting * (Math.min(value, surpriseLimit * mean) - mean);
}

/** A pass of the model took so long. See {@link notePass}. */
export function noteDraftTime(timing: DraftTiming, ms: number, work: PassWork = narrowPass): DraftTiming {
  const { ms: draftMs, prices } = notePass({ ms: timing.draftMs, prices: timing.prices }, ms, work);
  return { ...timing, draftMs, prices };
}

/** The device asked the edge to verify a window. */
export function noteAsk(timing: DraftTiming, atMs: number): DraftTiming {
  return { ...timing, askedAtMs: timing.askedAtMs ?? atMs };
}

export function noteCommit(timing: DraftTiming, atMs: number, tokenCount: number): DraftTiming {
  const { committedAtMs, askedAtMs, commitMs, verdictMs, writtenMs, writtenTokens } = timing;
  const isTimed = committedAtMs !== undefined;
  return {
    ...timing,
    writtenMs: isTimed ? writtenMs + atMs - committedAtMs : writtenMs,
    writtenTokens: isTimed ? writtenTokens + tokenCount : writtenTokens,
    commitMs: committedAtMs === undefined ? commitMs : average(commitMs, atMs - committedAtMs),
    tokens: average(timing.tokens, tokenCount),
    verdictMs: askedAtMs === undefined ? verdictMs : average(verdictMs, atMs - askedAtMs),
    committedAtMs: atMs,
    askedAtMs: undefined,
  };
}

/** Ignores the time until the next commit: the connection was lost. */
export function notePause(timing: DraftTiming): DraftTiming {
  return { ...timing, committedAtMs: undefined, askedAtMs: undefined };
}

/** The input of the two decisions, besides the timing. */
export interface DraftMarket {
  readonly turnTaking: TurnTaking;
  readonly roundTripMs: number;
  /** Acceptance rate: the chance that a draft is accepted, given those before it; above 0. */
  readonly acceptance: number;
  /** Draft length gamma: drafts of a window. */
  readonly draftLength: number;
}

/** Below 1, so a window is never empty. */
const highestCut = 0.95;

/**
 * The least chance that the whole chain is accepted at which one more draft is worth making, [0, 1); 0 without enough measurements.
 *
 * In turns, a draft costs its time D and brings a token with chance q a, worth the time T of a token: q = D / (a T) breaks even
 * (Leviathan et al. 2023, at the margin). Overlapped, only the part of a window's drafting that outlasts the verification costs
 * anything. Free-running, a draft costs something only if the chain is already wrong and the correction arrives during the draft:
 * the next chain then starts D / 2 late on average. Half of that break-even is used, so that a dropped draft is hardly ever missed.
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

/** The model evaluates a looked-up token later, together with others: in about this share of a draft's time. */
export const catchUpShare = 0.5;
/** An error also costs the rest of the chain: only this share of the saved time may be risked. */
const stakedShare = 0.5;
const freeRunningWeight = 0.4;
const highestMargin = 0.3;

/**
 * How much less likely than a draft of the model a looked-up draft may be, [0, 1). In turns, the saved time counts in units of a
 * token's time. Free-running it helps only as far as the edge waits for the device: about D / S of the time, for D / S of a step.
 */
export function lookUpMargin(timing: DraftTiming, { turnTaking }: Pick<DraftMarket, 'turnTaking'>): number {
  const { draftMs, commitMs, tokens } = timing;
  if (draftMs === undefined || commitMs === undefined || tokens === undefined || commitMs <= 0) return 0;
  const perToken = (draftMs * tokens) / commitMs;
  if (turnTaking !== 'free-running') return Math.min(highestMargin, stakedShare * (1 - catchUpShare) * perToken);
  return Math.min(highestMargin, freeRunningWeight * (draftMs / commitMs) ** 2);
}
