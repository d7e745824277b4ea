// The rows, the summary and the tables of "bench auto": the time per token of mode auto over that of the best fixed mode of the same cell and seeds.

import type { Goals } from '../../../simulator/runner/experiment.ts';
import { ratioOfMeans, type Within, within } from '../../../src/core/basics/bootstrap.ts';
import { columnTable, fixed, numberWithin, pivotTable } from '../../../src/core/basics/markdown.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import type { Document } from '../../../src/files/document.ts';
import { type AutoCell, type AutoFound, type Group, groups } from './auto-cell.ts';

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

const shownWorst = 12;

export function autoGoals(): Goals {
  return { autoOverBestWorst: 1.05, autoOverBestMean: 1.02 };
}

export function autoPage({ rows }: Document<AutoRow>): string {
  const worst = rows.toSorted((one, other) => other.autoOverBest - one.autoOverBest).slice(0, shownWorst);
  const tables = groups.flatMap((group) => {
    const own = rows.filter((row) => row.group === group);
    return own.length === 0 ? [] : [`### ${group}`, ratioTable(own)];
  });
  return [
    '## The worst cells',
    'ms per token; the ratio with its 95 % interval over seeds.',
    worstTable(worst),
    '## Auto over the best fixed mode',
    'Later answers; in brackets the first answer of a device, and the best fixed mode.',
    ...tables,
  ].join('\n\n');
}

function worstTable(rows: readonly AutoRow[]): string {
  const ms = (key: 'arMs' | 'streamMs' | 'mixMs' | 'edgeSdMs' | 'autoMs') => (row: AutoRow) => fixed(row[key], 1);
  return columnTable(rows, {
    group: ({ group }) => group,
    drafts: draftsOf,
    edge: edgeOf,
    'round trip': ({ roundTripMs }) => `${roundTripMs}`,
    '`ar`': ms('arMs'),
    '`stream`': ms('streamMs'),
    '`mix`': ms('mixMs'),
    '`edge-sd`': ms('edgeSdMs'),
    auto: ms('autoMs'),
    'auto / best': (row) => numberWithin(row.autoOverBest, [row.autoOverBestLow, row.autoOverBestHigh]),
    'ends as': ({ lastMode }) => `\`${lastMode}\``,
  });
}

function ratioTable(rows: readonly AutoRow[]): string {
  return pivotTable(rows, {
    corner: 'drafts; edge',
    rowOf: (row) => `${draftsOf(row)}; ${edgeOf(row)}`,
    columnOf: ({ roundTripMs }) => `${roundTripMs}`,
    cellOf: ({ autoOverBest, firstOverBest, bestMode }) =>
      `${fixed(autoOverBest, 3)} (${fixed(firstOverBest, 2)}, \`${bestMode}\`)`,
  });
}

function draftsOf({ trace, acceptance, edgeAcceptance, laterAcceptance, hasEdgeDraft }: AutoRow): string {
  if (trace !== null) return `\`${trace}\``;
  if (laterAcceptance !== null) {
    const own = `${acceptance}, then ${laterAcceptance}`;
    return hasEdgeDraft ? `${own} on the device, ${edgeAcceptance} on the edge` : own;
  }
  return acceptance === edgeAcceptance ? `${acceptance}` : `${acceptance} on the device, ${edgeAcceptance} on the edge`;
}

function edgeOf({ hasEdgeDraft, sessions, stepPerRowMs }: AutoRow): string {
  const load = sessions === 1 ? '' : `, ${sessions} sessions`;
  return `${hasEdgeDraft ? 'drafts' : 'no drafts'}, ${stepPerRowMs} ms a row${load}`;
}
