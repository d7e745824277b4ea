// When a device should extend an alternative beside its draft: the chance that the text continues as the alternative, against the time that
// a wider pass of the draft model takes. Pure.

import type { DraftTiming } from './draft-timing.ts';
import { startPrice } from './pass-times.ts';

/** What a token of an alternative has to save on average, ms: its bytes are worth that, whatever the pass costs. */
const leastSavedMs = 0.8;
/** Where an alternative costs less than this share of a pass, less likely ones are made and sent too: a token has to save less, ... */
const usualPrice = 0.1;
/** ... in proportion, but at least this, ms. */
const leastWideMs = 0.2;
/** Where tokens are so quick that they save less, hedges still pay from this chance on. */
const mostFloor = 0.04;
/** While nothing is measured only the likeliest are extended. */
const firstCut = 0.2;
/** So few tokens say little about the time of one. */
const fewTokens = 8;
/** Not every token of an alternative that is taken is right, or needed at once. */
const costFactor = 1.5;
/** Above every chance: the device does not hedge. */
export const noHedges = 1.01;

/** The least chances, (0, 1.01], that the text continues as an alternative, at which a pass adds a token to it. */
export interface HedgeCuts {
  /** The chance that the text has the first token of an alternative that begins. */
  readonly start: number;
  /** The chance of one that continues, up to the token that the pass would add. */
  readonly continue: number;
}

/**
 * A token that is ready when the text turns to the alternative saves about the time T between two tokens. One alternative in a pass
 * adds the time E to it, and delays the draft beside it. That draft is needed at once with about the chance D / T: so large a share of
 * the device's time is spent on drafts that the text uses, at a time D each. So p T = E D / T breaks even: p = E D / T^2, and half
 * more. In replays of the default pair and in the toy language fixed cuts near this one are the quickest. An alternative begins only if
 * its first tokens pay together for that pass and those after it ({@link startPrice}).
 * @param acceptance the chance that a draft is right if those before it are, [0, 1]
 */
export function leastHedgeChances(
  {
    draftMs,
    writtenMs,
    writtenTokens,
    prices,
  }: Pick<DraftTiming, 'draftMs' | 'writtenMs' | 'writtenTokens' | 'prices'>,
  acceptance: number,
): HedgeCuts {
  if (draftMs === undefined || writtenMs <= 0 || writtenTokens < fewTokens)
    return { start: firstCut, continue: firstCut };
  const load = (draftMs * writtenTokens) / writtenMs;
  const savedMs = Math.max(leastWideMs, leastSavedMs * Math.min(1, prices.continued / usualPrice));
  const floor = Math.min(mostFloor, (savedMs * writtenTokens) / writtenMs);
  const cutAt = (price: number): number => Math.min(noHedges, Math.max(floor, costFactor * price * load * load));
  return { start: cutAt(startPrice(prices, acceptance)), continue: cutAt(prices.continued) };
}
