// The rows and the summary of "bench learned" from its runs. Runs of a trained policy are a table of training seeds and worlds; its intervals
// draw both again. Beside interquartile means stand plain means and the tail, which those hide.

import type { Rounding } from '../../../src/allocation/learned/associate-by-scores.ts';
import { crossedEstimate, type Estimate, type Within, within } from '../../../src/core/basics/bootstrap.ts';
import { interquartileMean, mean, quantile } from '../../../src/core/basics/statistics.ts';
import type { CoupledRun } from '../coupled/run.ts';

export interface LearnedRun extends CoupledRun {
  /** A recipe, with a rounding other than the usual one; or a policy that was not trained here. */
  readonly label: string;
  /** Null for a policy that was not trained here. */
  readonly trainingSeed: number | null;
  readonly rounding: Rounding | null;
}

/** Costs are over those of `best` in the same world. Estimates are interquartile means over all training seeds and worlds. */
export interface LearnedRow extends Within<'costVsBest' | 'costMeanVsBest'> {
  readonly world: string;
  readonly label: string;
  /** 0 for a policy that was not trained here. */
  readonly trainingSeeds: number;
  readonly worlds: number;
  /** 95th percentile and largest value over all training seeds and worlds. */
  readonly costVsBestP95: number;
  readonly costVsBestWorst: number;
  /** Interquartile means over the worlds: that of the best and of the worst training seed. */
  readonly costVsBestBestSeed: number;
  readonly costVsBestWorstSeed: number;
  readonly costMsMean: number;
  readonly latencyMs: number;
}

const reference = 'best';

/** Costs of one policy: a row for each training seed, a column for each world. */
interface Table {
  readonly costMs: readonly (readonly number[])[];
  readonly trainingSeeds: readonly (number | null)[];
}

export function concludeLearned(runs: readonly LearnedRun[]): {
  readonly rows: LearnedRow[];
  readonly summary: Record<string, number>;
} {
  const worlds = [...new Set(runs.map(({ coupling }) => coupling))];
  const rows: LearnedRow[] = [];
  const summary: Record<string, number> = {};
  for (const world of worlds) {
    const here = runs.filter(({ coupling }) => coupling === world);
    const best = tableOf(here, reference).costMs[0] as readonly number[];
    for (const label of new Set(here.map((run) => run.label))) {
      const row = rowOf(world, label, here, best);
      rows.push(row);
      const isTrained = row.trainingSeeds > 0;
      if (!isTrained) continue;
      const name = camelCase(label);
      for (const key of ['VsBest', 'VsBestLow', 'VsBestHigh', 'MeanVsBest', 'VsBestWorst'] as const)
        summary[`${name}${key}`] = row[`cost${key}`];
      summary[`${name}Seeds`] = row.trainingSeeds;
    }
    Object.assign(summary, compareCredits(here));
  }
  return { rows, summary };
}

function tableOf(runs: readonly LearnedRun[], label: string): Table {
  const own = runs.filter((run) => run.label === label);
  const trainingSeeds = [...new Set(own.map(({ trainingSeed }) => trainingSeed))];
  const costMs = trainingSeeds.map((wanted) =>
    own
      .filter(({ trainingSeed }) => trainingSeed === wanted)
      .toSorted((one, other) => one.seed - other.seed)
      .map((run) => run.costMs),
  );
  return { costMs, trainingSeeds };
}

function rowOf(world: string, label: string, runs: readonly LearnedRun[], best: readonly number[]): LearnedRow {
  const { costMs, trainingSeeds } = tableOf(runs, label);
  const ratios = costMs.map((row) => row.map((cost, at) => cost / (best[at] as number)));
  const all = ratios.flat();
  const bySeed = ratios.map(interquartileMean);
  return {
    ...{ world, label, trainingSeeds: trainingSeeds[0] === null ? 0 : trainingSeeds.length, worlds: best.length },
    ...within('costVsBest', crossed(ratios, interquartileMean)),
    ...within('costMeanVsBest', ratioOfMeans(costMs, best)),
    costVsBestP95: quantile(all, 0.95),
    costVsBestWorst: Math.max(...all),
    costVsBestBestSeed: Math.min(...bySeed),
    costVsBestWorstSeed: Math.max(...bySeed),
    costMsMean: mean(costMs.flat()),
    latencyMs: interquartileMean(runs.filter((run) => run.label === label).map((run) => run.latencyMs)),
  };
}

function crossed(table: readonly (readonly number[])[], statistic: (values: readonly number[]) => number): Estimate {
  return crossedEstimate(table.length, table[0]?.length ?? 0, (seeds, worlds) =>
    statistic(seeds.flatMap((seed) => worlds.map((world) => table[seed]?.[world] as number))),
  );
}

function ratioOfMeans(costMs: readonly (readonly number[])[], best: readonly number[]): Estimate {
  return crossedEstimate(costMs.length, best.length, (seeds, worlds) => {
    const own = mean(seeds.flatMap((seed) => worlds.map((world) => costMs[seed]?.[world] as number)));
    return own / mean(worlds.map((world) => best[world] as number));
  });
}

/** What credit by device costs over credit by team, at equal slots, paired by training seed and world: `coupledAssociationDeviceOverTeam`. */
function compareCredits(runs: readonly LearnedRun[]): Record<string, number> {
  const entries = [...new Set(runs.map(({ label }) => label))].flatMap((label) => {
    if (!label.endsWith('-device')) return [];
    const [device, team] = [tableOf(runs, label), tableOf(runs, label.replace(/-device$/, '-team'))];
    const ratios = device.trainingSeeds.flatMap((seed, row) => {
      const other = team.costMs[team.trainingSeeds.indexOf(seed)];
      return other === undefined ? [] : [(device.costMs[row] ?? []).map((cost, at) => cost / (other[at] as number))];
    });
    if (ratios.length === 0) return [];
    const name = `${camelCase(label)}OverTeam`;
    return [
      ...Object.entries(within(name, crossed(ratios, interquartileMean))),
      [`${name}Seeds`, ratios.length] as const,
    ];
  });
  return Object.fromEntries(entries);
}

function camelCase(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}
