// The output of an actor: two Gaussian scores for each link, one for the share of the band, one for that of computing. Shares are
// the softmax of the scores of the server's devices and of the slack, which always scores 0: its share is not used.

/** Means and raw deviations of y and z; L links. */
export interface Scores {
  /** [L * 2]: the mean score for y, for z. */
  readonly mean: Float64Array;
  /** [L * 2]. */
  readonly deviation: Float64Array;
}

/** Scores stay within +- this limit, by a hyperbolic tangent. */
export const scoreLimit = 8;
/** BenchMARL's `biased_softplus_1.0`: the deviation is 1 where the network's output is 0, and never below `leastDeviation`. */
export const deviationBias: number = Math.log(Math.E - 1);
export const leastDeviation = 1e-4;

export function boundScore(raw: number): number {
  return scoreLimit * Math.tanh(raw / scoreLimit);
}

export function deviationOf(raw: number): number {
  const shifted = raw + deviationBias;
  const soft = shifted > 30 ? shifted : Math.log1p(Math.exp(shifted));
  return Math.max(leastDeviation, soft);
}

/** e^score, at most e^20, so that sums stay finite. Noise may take a score beyond its limit. */
export function weightOf(score: number): number {
  return Math.exp(Math.min(20, Math.max(-20, score)));
}
