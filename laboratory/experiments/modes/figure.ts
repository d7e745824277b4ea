// Draws "bench modes": ms per token against the round trip, with names at the ends of the lines. In virtual time one line for the best of each
// family of rivals, and one for each of our modes; with real models one line for each mode.

import type { Spec } from 'vega';
import { type Line, type LinePoint, type LineStyle, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { ink, palette, softInk } from '../../../simulator/charts/theme.ts';
import { badArgument } from '../../../src/core/basics/errors.ts';
import { bestOfFamilies, type FamilyName } from './families.ts';
import { type BenchMode, type EdgeHedgedMode, hedgedName, type ModeRow } from './metrics.ts';

/** The drawn acceptance, where rows have several. */
const drawnAcceptance = 0.8;

/** The emphasised mode has the widest line. */
const lineStyles: Readonly<Record<BenchMode | EdgeHedgedMode, Omit<LineStyle, 'dotSize'>>> = {
  ar: { name: 'ar: the edge alone', color: softInk, dash: [6, 3] },
  'ar-native': { name: 'ar-native: without a shape law', color: ink, dash: [2, 3] },
  auto: { name: 'auto: chosen by what is measured', color: palette.ochre, dash: [] },
  sd: { name: 'sd: draft, wait, verify', color: palette.blue, dash: [] },
  psd: { name: 'psd: overlapped', color: palette.purple, dash: [] },
  'psd-lockstep': { name: 'psd in lock-step', color: palette.purple, dash: [3, 3] },
  'psd-windows': { name: 'psd, several windows in flight', color: palette.purple, dash: [6, 3] },
  'edge-psd': { name: 'edge-psd: psd beside the target', color: palette.blue, dash: [6, 3] },
  'edge-sd': { name: 'edge-sd: the edge drafts', color: palette.green, dash: [6, 3] },
  'edge-sd-hedged': { name: 'edge-sd with hedges', color: palette.green, dash: [2, 3], width: 2.5 },
  mix: { name: 'mix: both draft', color: palette.green, dash: [], width: 2.5 },
  'mix-hedged': { name: 'mix with hedges of the edge', color: palette.green, dash: [], width: 3.5 },
  'stream-hedged': { name: 'stream with hedges', color: palette.orange, dash: [6, 3], width: 2.5 },
  stream: { name: 'stream: nobody waits', color: palette.orange, dash: [], width: 3.5 },
};

/** The rivals of the virtual figure; of our family each mode has its own line. */
const familyStyles: Readonly<Record<Exclude<FamilyName, 'ours'>, Omit<LineStyle, 'dotSize'>>> = {
  'edge alone': lineStyles.ar,
  'device in turns': { name: 'best in turns: sd, device trees', color: palette.blue, dash: [] },
  'parallel (PSD)': { name: 'best parallel: psd', color: palette.purple, dash: [] },
  'edge drafting': { name: 'best on the edge: edge-sd, psd, tree', color: palette.green, dash: [6, 3] },
  'emulated head': { name: 'emulated draft head on the edge', color: palette.grey, dash: [2, 3] },
};

interface StyledLine {
  readonly style: Omit<LineStyle, 'dotSize'>;
  readonly rows: readonly ModeRow[];
}

/** @throws OutriderError `bad-argument` when no row can be drawn */
export function modesFigure(rows: readonly ModeRow[]): Spec {
  const isVirtual = rows.some(({ givenAcceptance }) => givenAcceptance !== null);
  const drawn = drawnRows(rows);
  const lines = isVirtual
    ? [...familyLines(drawn), ...modeLines(drawn, ['mix', 'mix-hedged', 'stream', hedgedName])]
    : modeLines(drawn);
  if (lines.length === 0) {
    const remedy = `Include acceptance ${drawnAcceptance}, or use --clock wall.`;
    throw badArgument('no row of the bench can be drawn', remedy);
  }
  return panelsFigure({
    title: 'Time per token against the round trip',
    subtitle: isVirtual ? virtualSubtitle(rows) : wallSubtitle(rows),
    styles: lines.map(({ style }) => ({ ...style, dotSize: 28 })),
    panels: [
      {
        xTitle: 'round trip, ms',
        yTitle: 'time per token, ms',
        lines: lines.map(({ style, rows: own }): Line => ({ style: style.name, points: own.map(pointOf) })),
      },
    ],
    panelWidth: 640,
    panelHeight: 400,
    names: 'at-ends',
    nameWidth: 230,
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

function drawnRows(rows: readonly ModeRow[]): ModeRow[] {
  const [first] = rows;
  return rows.filter(({ givenAcceptance, msPerToken, stepPerRowMs, sessions }) => {
    const isDrawn = givenAcceptance === null || givenAcceptance === drawnAcceptance;
    return isDrawn && sessions === undefined && msPerToken !== null && stepPerRowMs === first?.stepPerRowMs;
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
    `Virtual time: acceptance ${drawnAcceptance}; a draft takes 10 ms (on the edge: 5 ms), a step ${stepFixedMs} + ${stepPerRowMs} ms a row.`,
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
