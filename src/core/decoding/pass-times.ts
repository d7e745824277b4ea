// The time of a pass of a draft model by what it evaluates: the newest token of the text, tokens that the model has to catch up with, and
// alternatives that the pass continues or starts. Each is a price of its own, learned from the passes that contain it. Pure.

/** What one pass of a draft model evaluates. */
export interface PassWork {
  /** Tokens of the text itself, at least 1: the newest, and those that the model has not read yet. */
  readonly tokens: number;
  /** Alternatives to which the pass adds a token after others of the same drafter. */
  readonly continued: number;
  /** Alternatives that begin with this pass, on a sequence that holds nearly all of their text. */
  readonly started: number;
  /** Alternatives for which the sequence of the text had to be copied first. */
  readonly copied: number;
}

export const narrowPass: PassWork = { tokens: 1, continued: 0, started: 0, copied: 0 };

/** What each adds to a pass, as a share of the time of a narrow one. */
export interface PassPrices {
  /** A further token of the text. */
  readonly token: number;
  readonly continued: number;
  readonly started: number;
  readonly copied: number;
  /** The recent share of alternatives that needed a copy at their beginning, [0, 1]. */
  readonly copiedPart: number;
}

/** Before anything was measured: between a graphics processor, which waits for memory, and a processor core. */
export const supposedPrices: PassPrices = { token: 0.5, continued: 0.5, started: 0.5, copied: 0.5, copiedPart: 0 };

/** The same price for every alternative. @param share what it adds to a pass, as a share of a narrow one */
export function equalPrices(share: number): PassPrices {
  return { ...supposedPrices, continued: share, started: share, copied: share };
}

export interface PassTimes {
  /** A narrow pass: one token, no alternatives; undefined: not measured yet. */
  readonly ms: number | undefined;
  readonly prices: PassPrices;
}

/** Weight of one narrow pass against all before it. */
const forgetting = 0.1;
/** Quicker than that: until prices are known, alternatives may cost more than they bring. */
const priceForgetting = 0.2;
/** One measurement changes a mean like one that is at most this many times as long as expected. */
const surpriseLimit = 4;
/** A pass that reads more tokens reads a prompt, in another way than one by one. */
const mostTokens = 8;
/** No engine adds a row for nothing; a price below this is noise of the measurement. */
const leastPrice = 0.02;
const mostPrice = 4;

/**
 * A pass of this work took so long. The first pass of a turn, which may read a prompt, load weights or wait for another turn, is for the
 * caller to leave out.
 */
export function notePass(times: PassTimes, ms: number, work: PassWork): PassTimes {
  if (work.tokens > mostTokens || !(ms > 0)) return times;
  const expected = 1 + extraOf(times.prices, work);
  if (times.ms === undefined) return { ms: ms / expected, prices: times.prices };
  // In narrow passes.
  const error = Math.min(ms / times.ms, surpriseLimit * expected) - expected;
  return isNarrow(work) ? noteNarrow(times, error, work) : { ...times, prices: noteWide(times.prices, error, work) };
}

function isNarrow({ continued, started, copied }: PassWork): boolean {
  return continued + started + copied === 0;
}

/** What such a pass takes beyond a narrow one, as a share of it. */
export function extraOf(prices: PassPrices, { tokens, continued, started, copied }: PassWork): number {
  const alternatives = prices.continued * continued + prices.started * started + prices.copied * copied;
  return prices.token * (tokens - 1) + alternatives;
}

/** The time of a narrow pass follows narrow passes alone: the first one after each correction is narrow, so it is never old. */
function noteNarrow({ ms = 0, prices }: PassTimes, error: number, { tokens }: PassWork): PassTimes {
  const further = tokens - 1;
  const token = priceOf(prices.token + (forgetting * error * further) / (1 + further * further));
  return {
    ms: ms * (1 + (forgetting * error) / (1 + further * further)),
    prices: token === prices.token ? prices : { ...prices, token },
  };
}

/** Normalised least mean squares over the kinds of alternatives in the pass. */
function noteWide(prices: PassPrices, error: number, { continued, started, copied }: PassWork): PassPrices {
  const gain = (priceForgetting * error) / (continued * continued + started * started + copied * copied);
  const begun = started + copied;
  const { copiedPart } = prices;
  return {
    token: prices.token,
    continued: priceOf(prices.continued + gain * continued),
    started: priceOf(prices.started + gain * started),
    copied: priceOf(prices.copied + gain * copied),
    copiedPart: begun === 0 ? copiedPart : copiedPart + priceForgetting * (copied / begun - copiedPart),
  };
}

function priceOf(share: number): number {
  return Math.min(mostPrice, Math.max(leastPrice, share));
}

/** Tokens of an alternative whose gain has to pay for its beginning. */
const firstTokens = 3;

/**
 * What a token of an alternative has to bring on its first pass so that the alternative pays as a whole: its first three tokens cost
 * s + 2 c, and bring 1 + a + a^2 times the gain of the first, with the price s of beginning, c of continuing, and the acceptance a.
 * @param acceptance the chance that a draft is right if those before it are, [0, 1]
 */
export function startPrice({ started, copied, continued, copiedPart }: PassPrices, acceptance: number): number {
  const begins = started + copiedPart * (copied - started);
  const gain = Array.from({ length: firstTokens }, (_, index) => acceptance ** index).reduce((sum, one) => sum + one);
  return (begins + (firstTokens - 1) * continued) / gain;
}
