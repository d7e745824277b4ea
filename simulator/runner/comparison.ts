// A table of figures for people: what each is in words, its unit, its value in each case, and whether that is better than in the baseline,
// which is the first case.

import type { Quantity } from '../simulation/quantity.ts';
import { rounded } from './markdown.ts';

/** A figure of one case, and its ratio to the baseline with the 95 % of it; null: there is none. */
export interface ComparedFigure {
  readonly mean: number;
  readonly vsFirst: number | null;
  readonly vsFirstLow: number | null;
  readonly vsFirstHigh: number | null;
}

/** Smaller relative differences count as none. */
const noticeable = 0.005;

interface Scale {
  readonly unit: string;
  readonly divisor: number;
}

/** A line of the table. @param cases the figure by the name of the case, the baseline first; undefined: it has no value there */
export function comparisonLine(
  { words, unit, better }: Quantity,
  cases: ReadonlyMap<string, ComparedFigure | undefined>,
): Record<string, string | undefined> {
  const [baseline, ...others] = [...cases];
  const scale = scaleOf(unit, [...cases.values()]);
  const shown = (figure?: ComparedFigure): string | undefined => figure && rounded(figure.mean / scale.divisor);
  return {
    figure: words,
    unit: scale.unit,
    [`${baseline?.[0]} (baseline)`]: shown(baseline?.[1]),
    ...Object.fromEntries(
      others.flatMap(([name, figure]) => [
        [name, shown(figure)],
        [`${name} is`, baseline?.[1] && figure && verdictOn(figure, better)],
      ]),
    ),
  };
}

/** One unit for a line: that of its largest value. */
function scaleOf(unit: Quantity['unit'], figures: readonly (ComparedFigure | undefined)[]): Scale {
  const most = Math.max(...figures.map((figure) => Math.abs(figure?.mean ?? 0)));
  if (unit === 'share') return { unit: '%', divisor: 0.01 };
  if (unit === 'ms' && most >= 600_000) return { unit: 'min', divisor: 60_000 };
  if (unit === 'ms' && most >= 10_000) return { unit: 's', divisor: 1000 };
  return { unit: unit === 'count' ? '' : unit, divisor: 1 };
}

function verdictOn({ mean, vsFirst, vsFirstLow, vsFirstHigh }: ComparedFigure, better: Quantity['better']): string {
  // A ratio to 0 has no value.
  if (vsFirst === null) return mean === 0 ? 'the same' : better === undefined ? 'more' : judged(better === 'more');
  const [low, high] = [vsFirstLow ?? vsFirst, vsFirstHigh ?? vsFirst];
  if (Math.max(Math.abs(low - 1), Math.abs(high - 1)) < noticeable) return 'the same';
  const within = rounded(low) === rounded(high) ? '' : ` (${rounded(low)} to ${rounded(high)})`;
  const times = `${rounded(vsFirst)}${within} times`;
  if (low <= 1 && high >= 1) return `unclear, ${times}`;
  return better === undefined ? times : `${judged(vsFirst > 1 === (better === 'more'))}, ${times}`;
}

function judged(isBetter: boolean): string {
  return isBetter ? 'better' : 'worse';
}
