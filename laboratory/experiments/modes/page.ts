// The tables of a kept "bench modes": time per token of each mode against the round trip, and the other costs of each mode.

import { type Line, type LinePoint, type LineStyle, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { dashes, type Figure, ink, lineWidths, palette, softInk } from '../../../simulator/charts/theme.ts';
import type { Goals } from '../../../simulator/runner/experiment.ts';
import { columnTable, fixed, pivotTable } from '../../../simulator/runner/markdown.ts';
import { processorWidthCost } from '../../../simulator/virtual-time/device.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import type { Document } from '../../../src/files/document.ts';
import { defaultEdgeProfile } from '../../../src/models/port/profiles.ts';
import { edgePower, joulesPerToken } from '../capacity/hardware.ts';
import { bestOfFamilies, type FamilyName } from './families.ts';
import {
  type BenchMode,
  goalAcceptance,
  hedgedName,
  type ModeRow,
  rowsAtGoal,
  type VirtualOnlyMode,
} from './metrics.ts';

const everywhere: Goals = {
  streamOverArWorst: 1.03,
  mixOverEdgeSdWorst: 1.02,
  streamHedgedOverPlainWorst: 1.01,
  payloadBytesPerToken: 10,
};
const virtual: Goals = {
  streamOverArWorstExpensiveRows: 1.03,
  streamOverArRtt10: 0.5,
  streamOverPsdMean: 0.83,
  bestOverEdgeRivalIdle: 1.02,
  bestOverEdgeRivalLoaded: 1,
};
/** Goals for drafts whose confidence predicts where hedges pay. */
const confident: Goals = {
  streamHedgedOverArRtt10: 0.5,
  streamHedgedOverPsdMean: 0.9,
  streamHedgedOverArRtt10Row002: 0.45,
  streamHedgedOverArRtt10Row01: 0.5,
};
/** Goals for the default pair with latency emulation. */
const paced: Goals = { streamOverArRtt10: 0.75, streamOverPsdMean: 0.83, pacedOverrunShare: 0.01 };
const unpaced: Goals = { streamOverArNativeRtt10: 0.75, mixOverArNativeRtt10: 0.75, autoOverArNativeWorst: 1 };
/** Beside llama.cpp. */
const otherEngine: Goals = { streamOverBestNativeRtt10Code: 0.75, streamOverLlamaNativeRtt10Code: 0.68 };

/** The table of costs is that of the first of these that was measured. */
const costRoundTripsMs = [30, 10];

export function modesGoals(params: object): Goals {
  const { clock, profile, engine, drafts = 'alike' } = params as Readonly<Record<string, unknown>>;
  const ofEngine = engine === undefined ? unpaced : otherEngine;
  const ofClock = clock === 'virtual' ? virtual : profile === null ? ofEngine : paced;
  return { ...everywhere, ...ofClock, ...(drafts === 'alike' ? {} : confident) };
}

export function modesPage({ rows: all }: Document<ModeRow>): string {
  const rows = all.filter(({ sessions, rowPrice }) => sessions === undefined && rowPrice === undefined);
  const settings = Map.groupBy(rows, ({ givenAcceptance, stepPerRowMs }) => `${givenAcceptance} ${stepPerRowMs}`);
  return [
    '## Time per token',
    'ms per token; in brackets the best draft length, with x the windows in flight, nodes and levels of the best tree of an emulated rival, or after a comma the thresholds of `pipesd` for chain and token; after ± the standard error, where it is 1 % or more.',
    familyTable(rows),
    ...[...settings.values()].map(timeTable),
    pricedTable(all),
    loadedTable(all),
    costTable(rows),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function familyTable(rows: readonly ModeRow[]): string {
  const chosen = rowsAtGoal(rows);
  if (chosen.length === 0) return '';
  return pivotTable(bestOfFamilies(chosen), {
    corner: 'best of each family',
    rowOf: ({ family }) => family,
    columnOf: ({ row }) => `${row.roundTripMs}`,
    cellOf: ({ row }) => `${fixed(row.msPerToken, 1)} \`${row.mode}\``,
  });
}

function pricedTable(rows: readonly ModeRow[]): string {
  const priced = rows.filter(({ rowPrice }) => rowPrice !== undefined);
  if (priced.length === 0) return '';
  return pivotTable(priced, {
    corner: `\`stream-hedged\` at acceptance ${priced[0]?.givenAcceptance}, by what a further row adds to a pass of the draft, as a share of it; on a processor ${processorWidthCost.continued} to go on, ${processorWidthCost.started} to begin`,
    rowOf: ({ rowPrice }) => `${rowPrice}`,
    columnOf: ({ roundTripMs }) => `${roundTripMs}`,
    cellOf: timeCell,
  });
}

function loadedTable(rows: readonly ModeRow[]): string {
  const loaded = rows.filter(({ sessions }) => sessions !== undefined);
  if (loaded.length === 0) return '';
  return pivotTable(loaded, {
    corner: `acceptance ${loaded[0]?.givenAcceptance}, price of an alternative; sessions on one edge; round trip, ms`,
    rowOf: loadedName,
    columnOf: ({ sessions, roundTripMs }) => `${sessions}; ${roundTripMs}`,
    cellOf: timeCell,
  });
}

/** With the price of an alternative, as a share of a pass, where devices hedge. */
function loadedName({ mode, widthCost }: Pick<ModeRow, 'mode' | 'widthCost'>): string {
  return widthCost === undefined ? `\`${mode}\`` : `\`${mode}\`, ${widthCost}`;
}

function timeTable(rows: readonly ModeRow[]): string {
  const { givenAcceptance, stepPerRowMs, stepFixedMs } = rows[0] as ModeRow;
  const law = stepFixedMs === null ? '' : `, a step of n rows takes ${stepFixedMs} + ${stepPerRowMs} n ms`;
  return pivotTable(rows, {
    corner: `${givenAcceptance === null ? 'round trip, ms' : `acceptance ${givenAcceptance}`}${law}`,
    rowOf: ({ mode }) => `\`${mode}\``,
    columnOf: ({ roundTripMs }) => `${roundTripMs}`,
    cellOf: timeCell,
  });
}

function timeCell(row: ModeRow): string {
  const { msPerToken, msPerTokenStandardError: error } = row;
  if (msPerToken === null) return '-';
  const spread = (error ?? 0) < 0.01 * msPerToken ? '' : ` ± ${fixed(error, 1)}`;
  const setting = settingOf(row);
  return `${fixed(msPerToken, 1)}${spread}${setting === null ? '' : ` (${setting})`}`;
}

/** What the time was reached with; null: there is nothing to choose. */
function settingOf({ bestGamma, bestWindows = 1, bestTree, bestHedges = 0, bestThresholds }: ModeRow): string | null {
  if (bestTree !== undefined) return `${bestTree.nodes}/${bestTree.levels}`;
  if (bestHedges > 0) return `${bestHedges} hedges`;
  if (bestGamma === null) return null;
  const windowed = bestWindows === 1 ? `${bestGamma}` : `${bestGamma} x ${bestWindows}`;
  return bestThresholds === undefined ? windowed : `${windowed}, ${bestThresholds.chain}/${bestThresholds.token}`;
}

function costTable(rows: readonly ModeRow[]): string {
  const roundTripMs = costRoundTripsMs.find((ms) => rows.some((row) => row.roundTripMs === ms));
  const chosen = rowsAtGoal(rows).filter((row) => row.roundTripMs === roundTripMs);
  if (chosen.length === 0) return '';
  return `The cost of a token at a round trip of ${roundTripMs} ms${chosen[0]?.givenAcceptance === null ? '' : ` and acceptance ${goalAcceptance}`}:

${columnTable(chosen, {
  '': ({ mode }) => `\`${mode}\``,
  acceptance: ({ acceptance }) => fixed(acceptance, 2),
  drafts: ({ draftsPerToken }) => fixed(draftsPerToken, 2),
  rows: ({ rowsPerToken }) => fixed(rowsPerToken, 2),
  'accepted per step': ({ acceptedPerStep }) => fixed(acceptedPerStep, 2),
  'edge steps, ms': (row) => fixed(edgeMsPerToken(row), 1),
  'edge, joules': (row) => fixed(edgeJoulesPerToken(row), 2),
  'payload, bytes': ({ payloadBytesPerToken }) => fixed(payloadBytesPerToken, 1),
  'with headers, bytes': ({ wireBytesPerToken }) => fixed(wireBytesPerToken, 0),
  'first token, ms': ({ timeToFirstTokenMs }) => fixed(timeToFirstTokenMs, 0),
})}`;
}

/** Time of the target's steps, ms: each writes a token of its own beside the accepted ones. Null: the edge follows no step law. */
function edgeMsPerToken({ stepFixedMs, stepPerRowMs, acceptedPerStep, rowsPerToken }: ModeRow): number | null {
  if (stepFixedMs === null || stepPerRowMs === null || acceptedPerStep === null || rowsPerToken === null) return null;
  return stepFixedMs / (1 + acceptedPerStep) + stepPerRowMs * rowsPerToken;
}

/** Power of the accelerator that the target runs on, at work and between steps. */
function edgeJoulesPerToken(row: ModeRow): number | null {
  const busyMs = edgeMsPerToken(row);
  if (busyMs === null || row.msPerToken === null) return null;
  return joulesPerToken(edgePower(defaultEdgeProfile.name), { tokens: 1, busyMs, elapsedMs: row.msPerToken });
}

/** The emphasised mode has the widest line. */
const lineStyles: Readonly<Record<BenchMode | VirtualOnlyMode, LineStyle>> = {
  ar: { name: 'ar: the edge alone', color: softInk, dash: dashes.dashed },
  'ar-native': { name: 'ar-native: without a shape law', color: ink, dash: dashes.dotted },
  'ar-llama': { name: 'ar-llama: llama.cpp without a shape law', color: ink, dash: dashes.dashed },
  'ar-native-cores': { name: 'ar-native-cores: with all cores', color: softInk, dash: dashes.dotted },
  'ar-llama-cores': { name: 'ar-llama-cores: llama.cpp with all cores', color: softInk, dash: dashes.dotted },
  auto: { name: 'auto: chosen by what is measured', color: palette.ochre, dash: dashes.full },
  sd: { name: 'sd: draft, wait, verify', color: palette.blue, dash: dashes.full },
  psd: { name: 'psd: overlapped', color: palette.purple, dash: dashes.full },
  'psd-lockstep': { name: 'psd in lock-step', color: palette.purple, dash: dashes.dotted },
  'psd-windows': { name: 'psd-windows (PipeSD)', color: palette.purple, dash: dashes.dashed },
  'edge-psd': { name: 'edge-psd: psd on the edge', color: palette.blue, dash: dashes.dashed },
  pipesd: { name: 'PipeSD: windows by confidence', color: palette.purple, dash: dashes.dashed },
  'edge-ssd': { name: 'edge-ssd (edge-sd with hedges)', color: palette.ochre, dash: dashes.dotted },
  'device-ssd': { name: 'device-ssd: outcomes, in turns', color: palette.ochre, dash: dashes.dashed },
  'edge-sd': { name: 'edge-sd: the edge drafts', color: palette.green, dash: dashes.dashed },
  mix: { name: 'mix: both draft', color: palette.green, dash: dashes.full },
  'mix-hedged': { name: 'mix with hedges', color: palette.green, dash: dashes.full, width: lineWidths.main },
  'stream-hedged': { name: 'stream with hedges', color: palette.orange, dash: dashes.dashed },
  stream: { name: 'stream: nobody waits', color: palette.orange, dash: dashes.full, width: lineWidths.main },
};

/** The rivals of the virtual figure; of our family each mode has its own line. */
const familyStyles: Readonly<Record<Exclude<FamilyName, 'ours'>, LineStyle>> = {
  'edge alone': lineStyles.ar,
  'device in turns': { name: 'best in turns', color: palette.blue, dash: dashes.full },
  'parallel (PSD)': { name: 'best parallel', color: palette.purple, dash: dashes.full },
  'edge drafting': { name: 'best on the edge', color: palette.green, dash: dashes.dashed },
  'emulated head': { name: 'emulated head on the edge', color: palette.grey, dash: dashes.dotted },
};

interface StyledLine {
  readonly style: LineStyle;
  readonly rows: readonly ModeRow[];
}

/** @throws OutriderError `bad-argument` when no row can be drawn */
export function modesFigure(rows: readonly ModeRow[]): Figure {
  const isVirtual = rows.some(({ givenAcceptance }) => givenAcceptance !== null);
  const drawn = rowsAtGoal(rows).filter(({ msPerToken }) => msPerToken !== null);
  const lines = isVirtual
    ? [...familyLines(drawn), ...modeLines(drawn, ['mix', 'mix-hedged', 'stream', hedgedName])]
    : modeLines(drawn);
  if (lines.length === 0) {
    const remedy = `Include acceptance ${goalAcceptance}, or use --clock wall.`;
    throw badArgument('no row of the bench can be drawn', remedy);
  }
  return panelsFigure({
    title: 'Time per token against the round trip',
    subtitle: isVirtual ? virtualSubtitle(rows) : wallSubtitle(rows),
    styles: lines.map(({ style }) => style),
    panels: [
      {
        xTitle: 'round trip, ms',
        yTitle: 'time per token, ms',
        lines: lines.map(({ style, rows: own }): Line => ({ style: style.name, points: own.map(pointOf) })),
      },
    ],
    names: 'at-ends',
  });
}

function familyLines(rows: readonly ModeRow[]): StyledLine[] {
  const best = Map.groupBy(bestOfFamilies(rows), ({ family }) => family);
  return Object.entries(familyStyles).flatMap(([family, style]) => {
    const own = best.get(family as FamilyName);
    return own === undefined ? [] : [{ style, rows: own.map(({ row }) => row) }];
  });
}

function modeLines(rows: readonly ModeRow[], only?: readonly ModeRow['mode'][]): StyledLine[] {
  const byMode = Map.groupBy(rows, ({ mode }) => mode);
  return Object.entries(lineStyles).flatMap(([mode, style]) => {
    const own = byMode.get(mode as ModeRow['mode']);
    const isLeftOut = only !== undefined && !only.includes(mode as ModeRow['mode']);
    return own === undefined || isLeftOut ? [] : [{ style, rows: own }];
  });
}

/** The mean lies in the band with 95 % confidence. */
function pointOf({ roundTripMs, msPerToken, msPerTokenStandardError }: ModeRow): LinePoint {
  const y = msPerToken as number;
  const half = 1.96 * (msPerTokenStandardError ?? 0);
  return { x: roundTripMs, y, low: y - half, high: y + half };
}

function virtualSubtitle(rows: readonly ModeRow[]): string[] {
  const { stepFixedMs, stepPerRowMs, runs } = rows[0] as ModeRow;
  return [
    `Virtual time: acceptance ${goalAcceptance}; a draft takes 10 ms (on the edge: 5 ms), a step ${stepFixedMs} + ${stepPerRowMs} ms a row.`,
    `Rivals: the best of each family at its best setting for each round trip; trees and head emulated. Means of ${runs} runs; bands: 95 %.`,
  ];
}

function wallSubtitle(rows: readonly ModeRow[]): string[] {
  const { stepFixedMs, stepPerRowMs } = rows[0] as ModeRow;
  const measured = rows.find(({ mode }) => mode === 'stream')?.acceptance ?? null;
  const pacing = stepFixedMs === null ? 'not paced' : `paced to ${stepFixedMs} + ${stepPerRowMs} ms a row`;
  const acceptance = measured === null ? '' : `, ${Math.round(measured * 100)} % of the drafts are right`;
  return [
    `Real models in two processes${acceptance}. Edge ${pacing}; network emulated.`,
    'sd, psd and edge-sd with a draft length chosen by a pilot. Medians; bands: 95 % confidence.',
  ];
}
