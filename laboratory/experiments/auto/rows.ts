// The rows and the summary of "bench auto": the time per token of mode auto over that of the best fixed mode of the same cell and seeds.

import { type Estimate, estimate, type Within, within } from '../../../src/core/basics/bootstrap.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { type AutoCell, type Group, groups } from './cells.ts';
import type { AutoFound } from './measure.ts';

/** Times: ms per token, means over seeds. `autoOverBest` is a ratio of such means, its interval over paired seeds. */
export interface AutoRow
  extends Omit<AutoCell, 'step'>,
    Within<'autoOverBest'>,
    Pick<AutoFound, 'switches' | 'lastMode'> {
  readonly stepFixedMs: number;
  readonly stepPerRowMs: number;
  readonly seeds: number;
  readonly bestMode: ModeName;
  readonly bestMs: number;
  readonly arMs: number;
  readonly streamMs: number;
  /** Null: the edge has no draft model. */
  readonly mixMs: number | null;
  readonly edgeSdMs: number | null;
  /** The quickest draft length of edge-sd. */
  readonly bestGamma: number | null;
  /** A device's first answer, before which it has measured nothing, and a later one. */
  readonly firstMs: number;
  readonly autoMs: number;
  readonly firstOverBest: number;
  /** Drafts that the device makes for each token: its battery. Of the best fixed mode, and of auto in a later answer. */
  readonly bestDraftsPerToken: number;
  readonly autoDraftsPerToken: number;
}

export function rowOf({ cell, fixed, first, later, switches, lastMode }: AutoFound): AutoRow {
  const { step, ...at } = cell;
  const timesOf = (answers: AutoFound['first']): number[] => answers.map(({ msPerToken }) => msPerToken);
  const timed = fixed.map((one) => ({ ...one, times: timesOf(one.answers), meanMs: mean(timesOf(one.answers)) }));
  const best = timed.reduce((one, other) => (other.meanMs < one.meanMs ? other : one));
  const msOf = (mode: ModeName): number | null => timed.find((one) => one.mode === mode)?.meanMs ?? null;
  const draftsOf = (answers: AutoFound['first']): number => mean(answers.map(({ draftsPerToken }) => draftsPerToken));
  const firstMs = mean(timesOf(first));
  return {
    ...at,
    stepFixedMs: step.fixedMs,
    stepPerRowMs: step.perRowMs,
    seeds: later.length,
    bestMode: best.mode,
    bestMs: best.meanMs,
    arMs: msOf('ar') ?? Number.NaN,
    streamMs: msOf('stream') ?? Number.NaN,
    mixMs: msOf('mix'),
    edgeSdMs: msOf('edge-sd'),
    bestGamma: timed.find(({ mode }) => mode === 'edge-sd')?.gamma ?? null,
    firstMs,
    autoMs: mean(timesOf(later)),
    firstOverBest: firstMs / best.meanMs,
    ...within('autoOverBest', ratioOfMeans(timesOf(later), best.times)),
    bestDraftsPerToken: draftsOf(best.answers),
    autoDraftsPerToken: draftsOf(later),
    switches,
    lastMode,
  };
}

/** Seeds are drawn as pairs. */
function ratioOfMeans(above: readonly number[], below: readonly number[]): Estimate {
  const of = (values: readonly number[], pick: readonly number[]): number =>
    mean(pick.map((at) => values[at] ?? Number.NaN));
  return estimate(above.length, (pick) => of(above, pick) / of(below, pick));
}

/** The worst cell and the mean over cells; of later answers, of first answers, and of the later ones in each group. */
export function summariseAuto(rows: readonly AutoRow[]): Record<string, number> {
  const later = (some: readonly AutoRow[]): number[] => some.map(({ autoOverBest }) => autoOverBest);
  const firsts = rows.map(({ firstOverBest }) => firstOverBest);
  const ofGroups = groups.flatMap((group): [string, number][] => {
    const own = later(rows.filter((row) => row.group === group));
    if (own.length === 0) return [];
    return [
      [`${keyOfGroup(group)}Worst`, Math.max(...own)],
      [`${keyOfGroup(group)}Mean`, mean(own)],
    ];
  });
  const drafts = rows.map((row) => row.autoDraftsPerToken);
  const drafting = rows.map((row) => row.bestDraftsPerToken);
  return {
    autoOverBestWorst: Math.max(...later(rows)),
    autoOverBestMean: mean(later(rows)),
    firstOverBestWorst: Math.max(...firsts),
    firstOverBestMean: mean(firsts),
    ...Object.fromEntries(ofGroups),
    draftsOverThoseOfBest: mean(drafts) / mean(drafting),
  };
}

/** "both draft": bothDraft. */
function keyOfGroup(group: Group): string {
  return group.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase());
}
