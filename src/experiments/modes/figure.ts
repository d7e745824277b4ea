// Draws "bench modes": ms per token against the round trip, one line for each mode with its name at the end.

import type { Spec } from 'vega';
import { badArgument } from '../../basics/errors.ts';
import { type Line, type LinePoint, type LineStyle, panelsFigure } from '../../figures/line-panels.ts';
import { ink, palette, softInk } from '../../figures/theme.ts';
import type { BenchMode, ModeRow } from './metrics.ts';

/** The drawn acceptance, where rows have several. */
const drawnAcceptance = 0.8;

/** The emphasised mode has the widest line. */
const lineStyles: Readonly<Record<BenchMode, Omit<LineStyle, 'dotSize'>>> = {
  ar: { name: 'ar: the edge alone', color: softInk, dash: [6, 3] },
  'ar-native': { name: 'ar-native: without a shape law', color: ink, dash: [2, 3] },
  auto: { name: 'auto: chosen by what is measured', color: palette.ochre, dash: [] },
  sd: { name: 'sd: draft, wait, verify', color: palette.blue, dash: [] },
  psd: { name: 'psd: overlapped', color: palette.purple, dash: [] },
  'psd-lockstep': { name: 'psd in lock-step', color: palette.purple, dash: [3, 3] },
  'edge-sd': { name: 'edge-sd: the edge drafts', color: palette.green, dash: [6, 3] },
  mix: { name: 'mix: both draft', color: palette.green, dash: [], width: 2.5 },
  stream: { name: 'stream: nobody waits', color: palette.orange, dash: [], width: 3.5 },
};

/** @throws OutriderError `bad-argument` when no row can be drawn */
export function modesFigure(rows: readonly ModeRow[]): Spec {
  const isVirtual = rows.some(({ givenAcceptance }) => givenAcceptance !== null);
  const byMode = Map.groupBy(drawnRows(rows), ({ mode }) => mode);
  const modes = Object.entries(lineStyles).filter(([mode]) => byMode.has(mode as BenchMode));
  if (modes.length === 0) {
    const remedy = `Include acceptance ${drawnAcceptance}, or use --clock wall.`;
    throw badArgument('no row of the bench can be drawn', remedy);
  }
  const lines = modes.map(([mode, { name }]): Line => {
    return { style: name, points: (byMode.get(mode as BenchMode) ?? []).map(pointOf) };
  });
  return panelsFigure({
    title: 'Time per token against the round trip',
    subtitle: isVirtual ? virtualSubtitle(rows) : wallSubtitle(rows),
    styles: modes.map(([, style]) => ({ ...style, dotSize: 28 })),
    panels: [{ xTitle: 'round trip, ms', yTitle: 'time per token, ms', lines }],
    panelWidth: 640,
    panelHeight: 400,
    names: 'at-ends',
    nameWidth: 216,
  });
}

function drawnRows(rows: readonly ModeRow[]): ModeRow[] {
  const [first] = rows;
  return rows.filter(({ givenAcceptance, msPerToken, stepPerRowMs }) => {
    const isDrawn = givenAcceptance === null || givenAcceptance === drawnAcceptance;
    return isDrawn && msPerToken !== null && stepPerRowMs === first?.stepPerRowMs;
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
    `All but ar, stream and mix with their best draft length for each round trip. Means of ${runs} runs; bands: 95 % confidence.`,
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
