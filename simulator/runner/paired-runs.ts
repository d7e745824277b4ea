// The runs of a policy beside those of a reference with the same seeds, and statistics of them with 95 % intervals. It knows no policy, no world
// and no name of a figure.

import { interquartileMean, mean } from '../../src/core/basics/statistics.ts';
import { type crossedEstimate, type Estimate, estimate, type Within, within } from '../charts/bootstrap.ts';

/** A row for each policy or training seed, a column for each seed of the world. */
export type RunTable<Run> = readonly (readonly Run[])[];

/** @param reference runs with the seeds of the columns; empty where the reference was not measured */
export type Statistic<Run> = (own: RunTable<Run>, reference: readonly Run[]) => number;
/** Null: the run has no such figure. */
type Read<Run> = (run: Run) => number | null;

/** The mean over runs that have the figure. */
export function meanOf<Run>(read: Read<Run>): Statistic<Run> {
  return (own) => mean(own.flat().flatMap((run) => read(run) ?? []));
}

export function middleOf<Run>(read: Read<Run>): Statistic<Run> {
  return (own) => interquartileMean(own.flat().flatMap((run) => read(run) ?? []));
}

/** One mean over the other, over the columns in which every run has the figure. */
export function ratioOfMeans<Run>(read: Read<Run>): Statistic<Run> {
  return (own, reference) => {
    const isWhole = reference.map((_, column) => [reference, ...own].every((row) => read(row[column] as Run) !== null));
    const ofWhole = (row: readonly Run[]): number[] =>
      row.flatMap((run, column) => (isWhole[column] ? (read(run) ?? []) : []));
    return mean(own.flatMap(ofWhole)) / mean(ofWhole(reference));
  };
}

/** The interquartile mean of the ratios of paired runs. */
export function middleOfRatios<Run>(read: Read<Run>): Statistic<Run> {
  return (own, reference) => interquartileMean(ratiosOf(own, reference, read).flat());
}

/** Each run over that of the reference with the same seed; NaN where one of both has no such figure. */
export function ratiosOf<Run>(own: RunTable<Run>, reference: readonly Run[], read: Read<Run>): number[][] {
  const others = reference.map(read);
  return own.map((runs) => runs.map((run, column) => (read(run) ?? Number.NaN) / (others[column] ?? Number.NaN)));
}

type Estimator = typeof crossedEstimate;

/** Draws columns only, for tables in which each row is needed every time. `crossedEstimate` draws both: for new training seeds and new worlds. */
export function drawColumns(...[rowCount, columnCount, statistic]: Parameters<Estimator>): Estimate {
  const rows = Array.from({ length: rowCount }, (_, row) => row);
  return estimate(columnCount, (columns) => statistic(rows, columns));
}

/** Each statistic by its name, with the ends of its interval, as columns of a result. */
export function estimateColumns<Run, Name extends string>(
  own: RunTable<Run>,
  reference: readonly Run[],
  statistics: Readonly<Record<Name, Statistic<Run>>>,
  draw: Estimator = drawColumns,
): Within<Name> {
  const columns = Object.entries<Statistic<Run>>(statistics).map(([name, statistic]) => {
    const ofDrawn = (rows: readonly number[], seeds: readonly number[]): number => {
      const drawn = rows.map((row) => seeds.map((seed) => own[row]?.[seed] as Run));
      const drawnReference = seeds.flatMap((seed) => reference[seed] ?? []);
      return statistic(drawn, drawnReference);
    };
    return within(name, draw(own.length, own[0]?.length ?? 0, ofDrawn));
  });
  return Object.assign({}, ...columns) as Within<Name>;
}

/** Words of a name as one name of a summary: `masac-association` becomes `masacAssociation`. */
export function camelCase(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}
