// `outrider bench auto`: mode auto beside every fixed mode, in virtual time: how near it comes to the best of them in each cell.

import { ratioOfMeans, type Within, within } from '../../../simulator/charts/bootstrap.ts';
import { type Line, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { dashes, type Figure, palette } from '../../../simulator/charts/theme.ts';
import type { Conclusion, Experiment } from '../../../simulator/runner/experiment.ts';
import { columnTable, fixed, numberWithin, pivotTable } from '../../../simulator/runner/markdown.ts';
import { WorkerPool, workersOption } from '../../../simulator/runner/worker-pool.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import type { Document } from '../../../src/files/document.ts';
import { nameList } from '../name-list.ts';
import {
  type AutoCell,
  type AutoFound,
  autoCells,
  autoWork,
  earlierAnswers,
  type Group,
  groups,
  keyOfAuto,
  maxAhead,
} from './auto-cell.ts';
import { acceptanceOption, usualRoundTripsMs } from './options.ts';
import { draftMs, edgeDraftMs, timeJitter } from './virtual-cell.ts';

const notes = `
The best fixed mode of a cell is the quickest of ar, stream, mix and edge-sd on the same seeds; edge-sd with its quickest draft length.
Mode auto is measured in the first answer of a device, and in a later one, for which it has kept what earlier answers measured.
Definitions: docs/research/benchmarks.md.`.trimStart();

const options = {
  seeds: {
    flag: '--seeds <count>',
    help: 'answers in a cell, the same for all modes',
    whole: [2, 1000],
    default: 2,
    full: 8,
  },
  seed: { flag: '--seed <number>', help: 'the first of them', whole: [0, 99_000], default: 1 },
  tokens: { flag: '--tokens <count>', help: 'tokens of an answer', whole: [32, 10_000], default: 400 },
  acceptances: acceptanceOption as typeof acceptanceOption,
  roundTripsMs: {
    flag: '--rtt <ms,...>',
    help: 'round-trip times; of them 0, 10, 30 and 60 for changing drafts, many sessions and traces',
    numbers: [0, 10_000],
    default: [0, 60] as readonly number[],
    full: usualRoundTripsMs as readonly number[],
  },
  sessions: {
    flag: '--sessions <count,...>',
    help: 'sessions of a loaded edge, at acceptance 0.8',
    wholes: [2, 1024],
    default: [16] as readonly number[],
    full: [16, 64] as readonly number[],
  },
  groups: {
    flag: '--group <name,...>',
    help: 'only these groups of cells: both draft, device drafts, expensive rows, ...',
    parse: nameList('group', groups) as (text: string) => readonly Group[],
    default: groups as readonly Group[],
  },
  traces: {
    flag: '--trace <name|file...>',
    help: 'traces of real models',
    texts: true,
    default: ['coarse-greedy'] as readonly string[],
    full: ['coarse-greedy', 'coarse-sampled', 'draft-greedy', 'qwen-coder-greedy'] as readonly string[],
  },
  workers: workersOption as typeof workersOption,
} as const;

export const autoExperiment: Experiment<typeof options, readonly AutoFound[], Conclusion<AutoRow>> = {
  name: 'bench auto',
  lasts: '1 minute',
  fullLasts: '40',
  description: 'mode auto beside the best fixed mode of each cell, in the first answer and in later ones',
  notes,
  options,
  isResumable: true,
  async measure({ seed: firstSeed, seeds: seedCount, tokens, workers, ...grid }, run) {
    const settings = { firstSeed, seedCount, tokens };
    await run.begin(settings);
    await using pool = new WorkerPool(autoWork, settings, workers);
    return await pool.measureAll(run, 'cells', autoCells(grid), keyOfAuto);
  },
  conclude(found, { seed, workers: _workers, ...given }) {
    const rows = found.map(rowOf);
    const law = { draftMs, edgeDraftMs, edgeDraftsOverlap: true, timeJitter, maxAhead, earlierAnswers };
    return { rows, summary: summariseAuto(rows), forPeople: rows.map(briefly), params: { ...given, ...law }, seed };
  },
  figure: autoFigure,
  page: autoPage,
  goals: () => ({ autoOverBestWorst: 1.05, autoOverBestMean: 1.02 }),
};

function briefly(row: AutoRow): object {
  const { group, trace, acceptance, edgeAcceptance, laterAcceptance, hasEdgeDraft, sessions, roundTripMs: rttMs } = row;
  const { bestMode: best, bestMs, autoMs, autoOverBest, firstOverBest, lastMode, switches } = row;
  const own = laterAcceptance === null ? acceptance : `${acceptance} to ${laterAcceptance}`;
  const drafts = trace ?? (own === edgeAcceptance ? own : `${own} / ${edgeAcceptance}`);
  const edge = { edgeDraft: hasEdgeDraft, sessions, rttMs };
  return { group, drafts, ...edge, best, bestMs, autoMs, autoOverBest, firstOverBest, lastMode, switches };
}

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

function autoPage({ rows }: Document<AutoRow>): string {
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

const { grey, ochre, orange, blue, purple, green, sky } = palette;
const colors: Readonly<Record<Group, string>> = {
  'both draft': green,
  'device drafts': orange,
  'expensive rows': grey,
  'unequal drafts': purple,
  'changing drafts': sky,
  'many sessions': blue,
  traces: ochre,
};

function autoFigure(rows: readonly AutoRow[]): Figure {
  const shown = groups.filter((group) => rows.some((row) => row.group === group));
  const linesOf = (key: 'autoOverBest' | 'firstOverBest', of: (ratios: readonly number[]) => number): Line[] =>
    shown.map((group) => {
      const own = Map.groupBy(
        rows.filter((row) => row.group === group),
        ({ roundTripMs }) => roundTripMs,
      );
      const points = [...own].map(([x, some]) => ({ x, y: of(some.map((row) => row[key])) }));
      return { style: group, points: points.toSorted((one, other) => one.x - other.x) };
    });
  const axes = { xTitle: 'round trip, ms', yZero: false, leastYRange: 0.1 } as const;
  const worst = (ratios: readonly number[]): number => Math.max(...ratios);
  return panelsFigure({
    title: 'Mode auto beside the best fixed mode',
    subtitle: [
      'Time per token over that of the quickest of ar, stream, mix and edge-sd with the same seeds; virtual time.',
    ],
    styles: shown.map((name) => ({ name, color: colors[name], dash: dashes.full })),
    columns: 2,
    panels: [
      { title: 'Later answers: the worst cell', yTitle: 'auto / best', lines: linesOf('autoOverBest', worst), ...axes },
      { title: 'Later answers: the mean', yTitle: 'auto / best', lines: linesOf('autoOverBest', mean), ...axes },
      { title: 'First answer: the worst cell', yTitle: 'auto / best', lines: linesOf('firstOverBest', worst), ...axes },
      { title: 'First answer: the mean', yTitle: 'auto / best', lines: linesOf('firstOverBest', mean), ...axes },
    ],
  });
}
