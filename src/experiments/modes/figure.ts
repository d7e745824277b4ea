// Draws "bench modes": ms per token against the round trip, one line for each mode with its name at the end, as SVG and as PNG.

import type { Spec } from 'vega';
import { OutriderError } from '../../basics/errors.ts';
import type { BenchMode, ModeRow } from './metrics.ts';

/** The acceptance that is drawn where rows have several. */
const drawnAcceptance = 0.8;

interface LineStyle {
  readonly mode: BenchMode;
  readonly label: string;
  readonly color: string;
  readonly dash: readonly number[];
  readonly width: number;
}

/** Colours that the colour-blind can tell apart (Okabe and Ito), and that are dark enough for text. */
const lineStyles: readonly LineStyle[] = [
  { mode: 'ar', label: 'ar: the edge alone', color: '#555555', dash: [6, 3], width: 2 },
  { mode: 'ar-native', label: 'ar-native: without a shape law', color: '#222222', dash: [2, 3], width: 2 },
  { mode: 'auto', label: 'auto: chosen by what is measured', color: '#8A6D00', dash: [], width: 2 },
  { mode: 'sd', label: 'sd: window, wait, verify', color: '#0072B2', dash: [], width: 2 },
  { mode: 'psd', label: 'psd: overlapped', color: '#9A3D78', dash: [], width: 2 },
  { mode: 'psd-lockstep', label: 'psd in lock-step', color: '#9A3D78', dash: [3, 3], width: 2 },
  { mode: 'edge-sd', label: 'edge-sd: the edge drafts', color: '#00795A', dash: [6, 3], width: 2 },
  { mode: 'mix', label: 'mix: both draft', color: '#00795A', dash: [], width: 2.5 },
  { mode: 'stream', label: 'stream: nobody waits', color: '#C84E00', dash: [], width: 3.5 },
];

interface Point {
  readonly mode: BenchMode;
  readonly roundTripMs: number;
  readonly msPerToken: number;
  /** The mean lies between these with 95 % confidence. */
  readonly low: number;
  readonly high: number;
}

/** @throws OutriderError `bad-argument` when no row can be drawn */
export function modesFigure(rows: readonly ModeRow[]): Spec {
  const points = pointsOf(rows);
  const isVirtual = rows.some(({ givenAcceptance }) => givenAcceptance !== null);
  const ends = points.filter((point) => point.roundTripMs === Math.max(...points.map((one) => one.roundTripMs)));
  const labels = spread(ends.map(({ mode, msPerToken }) => ({ mode, at: msPerToken })));
  if (points.length === 0) {
    const remedy = `Include acceptance ${drawnAcceptance}, or use --clock wall.`;
    throw new OutriderError('bad-argument', 'no row of the bench can be drawn', remedy);
  }
  return specOf(points, labels, isVirtual ? virtualSubtitle(rows) : wallSubtitle(rows));
}

function pointsOf(rows: readonly ModeRow[]): Point[] {
  const [first] = rows;
  return rows.flatMap(({ mode, givenAcceptance, roundTripMs, msPerToken, msPerTokenStandardError: error, ...law }) => {
    const isDrawn = givenAcceptance === null || givenAcceptance === drawnAcceptance;
    if (!isDrawn || msPerToken === null || law.stepPerRowMs !== first?.stepPerRowMs) return [];
    const half = 1.96 * (error ?? 0);
    return [{ mode, roundTripMs, msPerToken, low: msPerToken - half, high: msPerToken + half }];
  });
}

function virtualSubtitle(rows: readonly ModeRow[]): string[] {
  const { stepFixedMs, stepPerRowMs, runs } = rows[0] as ModeRow;
  return [
    `Virtual time: acceptance ${drawnAcceptance}; a draft takes 10 ms (on the edge: 5 ms), a step ${stepFixedMs} + ${stepPerRowMs} ms a row.`,
    `All but ar, stream and mix with their best window for each round trip. Means of ${runs} runs; bands: 95 % confidence.`,
  ];
}

function wallSubtitle(rows: readonly ModeRow[]): string[] {
  const { stepFixedMs, stepPerRowMs } = rows[0] as ModeRow;
  const measured = rows.find(({ mode }) => mode === 'stream')?.acceptance ?? null;
  const pacing = stepFixedMs === null ? 'not paced' : `paced to ${stepFixedMs} + ${stepPerRowMs} ms a row`;
  const acceptance = measured === null ? '' : `, ${Math.round(measured * 100)} % of the drafts are right`;
  return [
    `Real models in two processes${acceptance}. Edge ${pacing}; network emulated.`,
    'sd, psd and edge-sd with a window chosen by a pilot. Medians; bands: 95 % confidence.',
  ];
}

/** Moves labels apart where lines end close to one another. @returns mode and height of each, in units of the axis */
export function spread(
  ends: readonly { readonly mode: BenchMode; readonly at: number }[],
  share = 0.045,
): { mode: BenchMode; at: number }[] {
  const gap = Math.max(...ends.map(({ at }) => at), 1) * share;
  const placed = ends.toSorted((one, other) => one.at - other.at).map((end) => ({ ...end }));
  for (let round = 0; round < 100; round++) {
    for (const [index, upper] of placed.entries()) {
      const lower = placed[index - 1];
      const overlap = lower === undefined ? 0 : gap - (upper.at - lower.at);
      if (lower === undefined || overlap <= 0) continue;
      lower.at -= overlap / 2;
      upper.at += overlap / 2;
    }
  }
  return placed;
}

const ink = '#222222';
const fonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';

function specOf(points: readonly Point[], labels: readonly object[], subtitle: readonly string[]): Spec {
  const modes = lineStyles.map(({ mode }) => mode);
  const scaleOf = (name: string, key: keyof LineStyle) => {
    return { name, type: 'ordinal', domain: modes, range: lineStyles.map((style) => style[key]) };
  };
  const axis = { labelFont: fonts, titleFont: fonts, labelFontSize: 13, titleFontSize: 14, titleFontWeight: 'normal' };
  const inks = { labelColor: ink, titleColor: ink, domainColor: '#888888', tickColor: '#888888', gridColor: '#E4E4E4' };
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    // White, so that it can be read on a dark page as well.
    background: 'white',
    width: 640,
    height: 400,
    // Fixed: without a canvas Vega drafts how wide text is, and drafts too wide.
    padding: { left: 70, right: 190, top: 104, bottom: 62 },
    autosize: 'none',
    title: {
      text: 'Time per token against the round trip',
      subtitle: [...subtitle],
      anchor: 'start',
      frame: 'group',
      font: fonts,
      fontSize: 18,
      color: ink,
      subtitleFont: fonts,
      subtitleFontSize: 13,
      subtitleColor: '#444444',
      subtitlePadding: 6,
      offset: 18,
      dx: -54,
    },
    data: [
      { name: 'points', values: [...points] },
      { name: 'labels', values: [...labels] },
    ],
    scales: [
      { name: 'x', type: 'linear', domain: { data: 'points', field: 'roundTripMs' }, range: 'width', nice: false },
      { name: 'y', type: 'linear', domain: { data: 'points', field: 'high' }, range: 'height', zero: true, nice: true },
      scaleOf('color', 'color'),
      scaleOf('dash', 'dash'),
      scaleOf('width', 'width'),
      scaleOf('label', 'label'),
    ],
    axes: [
      { scale: 'x', orient: 'bottom', title: 'round trip, ms', values: ticksOf(points), ...axis, ...inks },
      { scale: 'y', orient: 'left', title: 'time per token, ms', grid: true, tickCount: 6, ...axis, ...inks },
    ],
    marks: [linesMark(), labelsMark()],
  } as Spec;
}

function ticksOf(points: readonly Point[]): number[] {
  const all = [...new Set(points.map(({ roundTripMs }) => roundTripMs))].toSorted((one, other) => one - other);
  const range = Math.max(...all) - Math.min(...all);
  // A tick that has no room for its number beside the one before it is left out.
  return all.filter((ms, index) => index === 0 || ms - (all[index - 1] as number) >= range * 0.03);
}

function linesMark(): object {
  const ofMode = (scale: string) => ({ scale, field: 'mode' });
  const x = { scale: 'x', field: 'roundTripMs' };
  const y = (field: string) => ({ scale: 'y', field });
  const band = { x, y: y('low'), y2: y('high'), fill: ofMode('color'), fillOpacity: { value: 0.18 } };
  const line = { x, y: y('msPerToken'), stroke: ofMode('color'), strokeWidth: ofMode('width') };
  const dot = { x, y: y('msPerToken'), fill: ofMode('color'), size: { value: 28 } };
  const from = { data: 'lines' };
  return {
    type: 'group',
    from: { facet: { name: 'lines', data: 'points', groupby: 'mode' } },
    marks: [
      { type: 'area', from, encode: { enter: band } },
      { type: 'line', from, encode: { enter: { ...line, strokeDash: ofMode('dash') } } },
      { type: 'symbol', from, encode: { enter: dot } },
    ],
  };
}

/** At the end of each line, so that no legend has to be matched with colours. */
function labelsMark(): object {
  return {
    type: 'text',
    from: { data: 'labels' },
    encode: {
      enter: {
        x: { signal: 'width', offset: 10 },
        y: { scale: 'y', field: 'at' },
        text: { scale: 'label', field: 'mode' },
        fill: { scale: 'color', field: 'mode' },
        fontWeight: { signal: "datum.mode === 'stream' ? 'bold' : 'normal'" },
        font: { value: fonts },
        fontSize: { value: 13 },
        baseline: { value: 'middle' },
      },
    },
  };
}
