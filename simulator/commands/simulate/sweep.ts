// A sweep: several policies, each with the same seeds. Every figure as a mean over the seeds with a 95 % interval, and relative to the
// first policy, seed by seed.

import { mean } from '../../../src/core/basics/statistics.ts';
import type { Within } from '../../charts/bootstrap.ts';
import { comparisonLine } from '../../runner/comparison.ts';
import type { ReaderTable } from '../../runner/experiment.ts';
import { estimateColumns, meanOf, ratioOfMeans } from '../../runner/paired-runs.ts';
import type { Quantity } from '../../simulation/quantity.ts';
import type { SimulationSummary } from '../../simulation/simulate.ts';
import { slotQuantities } from '../../simulation/slot-tally.ts';
import { tokenQuantities } from '../../simulation/token-tally.ts';

export interface SweepRun {
  readonly policy: string;
  readonly seed: number;
  readonly summary: SimulationSummary;
}

/** A figure of a policy. Runs in which it has no value (null) are left out; `seeds` counts the others. */
export interface SweepRow extends Within<'mean'>, Within<'vsFirst', number | null> {
  readonly policy: string;
  /** A key of the summary of one run. */
  readonly figure: string;
  readonly seeds: number;
}

/** `vsFirst`: the mean over that of the first policy, over the seeds in which both have a value; null without one, or over 0. */
export function sweepRows(runs: readonly SweepRun[]): SweepRow[] {
  const policies = [...new Set(runs.map(({ policy }) => policy))];
  const figures = [...new Set(runs.flatMap(({ summary }) => Object.keys(summary)))].filter((figure) =>
    runs.some((run) => figureOf(run, figure) !== null),
  );
  return policies.flatMap((policy) =>
    figures.flatMap((figure) => {
      const own = runs.filter((run) => run.policy === policy && figureOf(run, figure) !== null);
      if (own.length === 0) return [];
      const first = new Map(
        runs.filter((run) => run.policy === policies[0]).map((run) => [run.seed, figureOf(run, figure)]),
      );
      const values = own.map((run) => figureOf(run, figure) as number);
      const middle = estimateColumns([values], [], { mean: meanOf(itself) });
      return [{ policy, figure, seeds: own.length, ...middle, ...relative(own, figure, first) }];
    }),
  );
}

/** For each policy but the first: `bestObjectiveVsFirst`, with `Low` and `High`, for the main figures. */
export function sweepSummary(rows: readonly SweepRow[], seeds: number): Record<string, number | string | null> {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const compared = rows.filter(({ policy, figure }) => policy !== policies[0] && mainFigures.includes(figure));
  const entries = compared.flatMap(({ policy, figure, vsFirst, vsFirstLow, vsFirstHigh }) => {
    const name = camelCase(`${policy} ${figure}`);
    return [
      [`${name}VsFirst`, vsFirst],
      [`${name}VsFirstLow`, vsFirstLow],
      [`${name}VsFirstHigh`, vsFirstHigh],
    ];
  });
  return { first: policies[0] ?? null, policies: policies.length, seeds, ...Object.fromEntries(entries) };
}

/** For people: a line for each figure, a column for each policy. The first one is the baseline. */
export function sweepTable(rows: readonly SweepRow[]): ReaderTable {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const isFelt = rows.some(({ figure }) => figure === 'predictedMsPerTokenMean');
  const lines = Object.entries(quantities).flatMap(([key, quantity]) => {
    const own = new Map(rows.filter(({ figure }) => figure === key).map((row) => [row.policy, row]));
    if (own.size === 0) return [];
    const isShown = quantity.shown === 'always' || (quantity.shown === 'paper' && !isFelt);
    return [{ isShown, line: comparisonLine(quantity, new Map(policies.map((policy) => [policy, own.get(policy)]))) }];
  });
  return { few: lines.filter(({ isShown }) => isShown).map(({ line }) => line), all: lines.map(({ line }) => line) };
}

/** A record for each run, for other programs: policy, seed, and every figure. */
export function sweepRecords(runs: readonly SweepRun[]): object[] {
  const keys = [...new Set(runs.flatMap(({ summary }) => Object.keys(summary)))];
  return runs.map(({ policy, seed, summary }) => {
    const figures = summary as unknown as Readonly<Record<string, unknown>>;
    return { policy, seed, ...Object.fromEntries(keys.map((key) => [key, figures[key] ?? null])) };
  });
}

const quantities: Readonly<Record<string, Quantity>> = { ...tokenQuantities, ...slotQuantities };

/** In the summary of a sweep. */
const mainFigures = [
  'objective',
  'predictedMsPerTokenMean',
  'predictedFirstTokenMsMean',
  'predictedTokensPerSecond',
  'latencyMsMean',
  'latencyMsP95',
  'taskLatencyMsMean',
  'energyJMean',
  'unservedShare',
  'tokensPerSecond',
  'msPerTokenMean',
  'timeToFirstTokenMsP50',
];

function figureOf({ summary }: SweepRun, figure: string): number | null {
  const value = (summary as unknown as Readonly<Record<string, unknown>>)[figure];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

const noRatio = { vsFirst: null, vsFirstLow: null, vsFirstHigh: null };
const itself = (value: number): number => value;

/** Seeds are drawn as pairs. */
function relative(
  own: readonly SweepRun[],
  figure: string,
  first: ReadonlyMap<number, number | null>,
): Within<'vsFirst', number | null> {
  const paired = own.filter(({ seed }) => (first.get(seed) ?? null) !== null);
  const values = paired.map((run) => figureOf(run, figure) as number);
  const others = paired.map(({ seed }) => first.get(seed) as number);
  if (others.length === 0 || mean(others) === 0) return noRatio;
  const found = estimateColumns([values], others, { vsFirst: ratioOfMeans(itself) });
  // A redraw of seeds may hold zeros only.
  return Object.values(found).every(Number.isFinite) ? found : { ...noRatio, vsFirst: found.vsFirst };
}

/** "max-sinr+optimal latencyMsMean": maxSinrOptimalLatencyMsMean. */
function camelCase(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9]+(.)/g, (_, letter: string) => letter.toUpperCase());
}
