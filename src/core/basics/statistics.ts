// Statistics of benches and trials.

import { invariant } from './invariant.ts';

/** NaN for an empty list. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Linear between the two nearest ranks (Hyndman and Fan's type 7). NaN for an empty list. @param share 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  invariant(share >= 0 && share <= 1, `a quantile goes from 0 to 1, not ${share}`);
  const sorted = values.toSorted((first, second) => first - second);
  const rank = share * (sorted.length - 1);
  const below = sorted[Math.floor(rank)];
  const above = sorted[Math.ceil(rank)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

/** Mean of the middle half: a quarter of the values, rounded down, is left out at each end. */
export function interquartileMean(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const cut = Math.floor(sorted.length / 4);
  let sum = 0;
  for (let index = cut; index < sorted.length - cut; index++) sum += sorted[index] as number;
  return sum / (sorted.length - 2 * cut);
}

/** The mean of the two middle values of an even count. NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((first, second) => first - second);
  return mean([sorted.at((sorted.length - 1) >> 1) ?? Number.NaN, sorted.at(sorted.length >> 1) ?? Number.NaN]);
}

/** Spearman's rank correlation of paired values; equal values share the mean of their ranks. NaN where all values of one side are equal. */
export function rankCorrelation(left: readonly number[], right: readonly number[]): number {
  const [ranksLeft, ranksRight] = [ranksOf(left), ranksOf(right)];
  const middle = (left.length - 1) / 2;
  let product = 0;
  let squareLeft = 0;
  let squareRight = 0;
  for (let index = 0; index < left.length; index++) {
    const fromLeft = (ranksLeft[index] as number) - middle;
    const fromRight = (ranksRight[index] as number) - middle;
    product += fromLeft * fromRight;
    squareLeft += fromLeft * fromLeft;
    squareRight += fromRight * fromRight;
  }
  return product / Math.sqrt(squareLeft * squareRight);
}

function ranksOf(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const same = values.filter((other) => other === value).length;
    return below + (same - 1) / 2;
  });
}

/** The chance that a chi-square variable with `degreesOfFreedom` exceeds `statistic`: the p-value of the test. */
export function chiSquareSurvival(statistic: number, degreesOfFreedom: number): number {
  return upperGamma(degreesOfFreedom / 2, statistic / 2);
}

/** The regularised upper incomplete gamma function Q(shape, from), accurate to about 1e-12. */
function upperGamma(shape: number, from: number): number {
  invariant(shape > 0 && from >= 0, `no gamma function of shape ${shape} from ${from}`);
  if (from === 0) return 1;
  const scale = Math.exp(shape * Math.log(from) - from - logGamma(shape));
  return from < shape + 1 ? 1 - scale * lowerSeries(shape, from) : scale * upperFraction(shape, from);
}

const relativePrecision = 1e-14;

/** Sum of from^n / (shape (shape + 1) .. (shape + n)): converges fast below the mean. */
function lowerSeries(shape: number, from: number): number {
  let term = 1 / shape;
  let sum = term;
  for (let step = 1; term > sum * relativePrecision; step++) {
    term *= from / (shape + step);
    sum += term;
  }
  return sum;
}

/** Continued fraction of the upper tail, evaluated forwards by Lentz's method: converges fast above the mean. */
function upperFraction(shape: number, from: number): number {
  let denominator = from + 1 - shape;
  let ratio = Number.POSITIVE_INFINITY;
  let inverse = 1 / denominator;
  let value = inverse;
  for (let step = 1; ; step++) {
    const numerator = -step * (step - shape);
    denominator += 2;
    inverse = 1 / (numerator * inverse + denominator);
    ratio = denominator + numerator / ratio;
    const factor = ratio * inverse;
    value *= factor;
    if (Math.abs(factor - 1) < relativePrecision) return value;
  }
}

/** ln of the gamma function for positive arguments: Stirling's series, shifted to where it is accurate. */
function logGamma(argument: number): number {
  let shifted = argument;
  let logProduct = 0;
  while (shifted < 15) {
    logProduct += Math.log(shifted);
    shifted++;
  }
  const inverse = 1 / shifted;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series - logProduct;
}
