// What is known of a session's acceptance rate before its own drafts have been compared: the other sessions of the edge. A beta-binomial
// model whose weight is estimated by moments: sessions that differ no more than chance explains share one rate, others hardly any. Pure.

/** Comparisons of drafts with the text, up to the first mismatch of each branch. */
export interface DraftComparisons {
  readonly matched: number;
  readonly mismatched: number;
}

/** As if `weight` drafts had been compared before at the rate `mean`. */
export interface AcceptancePrior {
  readonly mean: number;
  readonly weight: number;
}

/** On an edge without other sessions. */
export const lonePrior: AcceptancePrior = { mean: 0.7, weight: 4 };
/** Texts of people differ at least as much as with this weight. */
const mostWeight = 64;

export function acceptanceRate({ matched, mismatched }: DraftComparisons, prior: AcceptancePrior = lonePrior): number {
  return (matched + prior.weight * prior.mean) / (matched + mismatched + prior.weight);
}

/**
 * With n_i comparisons of session i, rate p_i, pooled rate m, and weight w: E sum n_i (p_i - m)^2 is about
 * m (1 - m) ((k - 1) + sum (n_i - 1) / (w + 1)).
 */
export function sharedPrior(sessions: readonly DraftComparisons[]): AcceptancePrior {
  const counted = sessions.filter(({ matched, mismatched }) => matched + mismatched > 0);
  if (counted.length < 2) return lonePrior;
  const matched = counted.reduce((sum, one) => sum + one.matched, 0);
  const mismatched = counted.reduce((sum, one) => sum + one.mismatched, 0);
  const mean = acceptanceRate({ matched, mismatched });
  const spread = counted.reduce((sum, one) => {
    const count = one.matched + one.mismatched;
    return sum + count * (one.matched / count - mean) ** 2;
  }, 0);
  const chance = mean * (1 - mean);
  const excess = spread - chance * (counted.length - 1);
  const repeated = matched + mismatched - counted.length;
  const weight = excess <= 0 ? mostWeight : (chance * repeated) / excess - 1;
  return { mean, weight: Math.min(mostWeight, Math.max(lonePrior.weight, weight)) };
}
