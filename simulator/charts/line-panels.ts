// Draws line charts side by side: lines with 95 % bands over a number, on linear or logarithmic axes; names stand in one legend, or at the
// ends of the lines. Data in, specification out; nothing here is specific to one figure.

import type { Mark, Spec } from 'vega';
import type { Estimate } from '../../src/core/basics/bootstrap.ts';
import { at, axis, type FigureText, figureFrame, groupMark, mark, type Place, panelTitle, textStyle } from './theme.ts';

export interface LineStyle {
  readonly name: string;
  readonly color: string;
  /** Lengths of strokes and gaps; empty: a full line. */
  readonly dash: readonly number[];
  readonly width?: number;
  /** Area of the dot at each point; 0: no dots. */
  readonly dotSize?: number;
}

export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
  /** Upright below the point. */
  readonly label?: string;
}

/** A point with its 95 % band. @param scale 100 for shares in per cent */
export function estimatePoint(x: number, { value, interval: [low, high] }: Estimate, scale = 1): LinePoint {
  return { x, y: scale * value, low: scale * low, high: scale * high };
}

export interface Line {
  /** Name of a {@link LineStyle}. */
  readonly style: string;
  readonly points: readonly LinePoint[];
}

/** A line of each style, through the rows of its name. */
export function linesOf<Row>(
  styles: readonly Pick<LineStyle, 'name'>[],
  rows: readonly Row[],
  nameOf: (row: Row) => string,
  pointOf: (row: Row) => LinePoint,
): Line[] {
  return styles.map(({ name }) => {
    return { style: name, points: rows.filter((row) => nameOf(row) === name).map(pointOf) };
  });
}

export interface Panel {
  /** Left out where the figure has one panel only. */
  readonly title?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly Line[];
  readonly xScale?: 'linear' | 'log';
  readonly yScale?: 'linear' | 'log';
  /** Ticks of the x axis: these, or about so many; every x where left out. */
  readonly xTicks?: readonly number[] | number;
  /** Drawn as a thin upright line with its words. */
  readonly marker?: { readonly x: number; readonly label: string };
  readonly xZero?: boolean;
  /** Default true. */
  readonly yZero?: boolean;
  /** The linear y axis spans at least so much, so that noise does not fill it. */
  readonly leastYRange?: number;
}

export interface PanelsFigure extends FigureText {
  readonly styles: readonly LineStyle[];
  readonly panels: readonly Panel[];
  /** Default 1. */
  readonly columns?: number;
  readonly panelWidth?: number;
  readonly panelHeight?: number;
  /** At the end of each line a name needs no matching of colours. Default: a legend. */
  readonly names?: 'legend' | 'at-ends';
  /** Room for the names, right of the panels. */
  readonly nameWidth?: number;
}

const paddingLeft = 92;
const gapX = 84;
const gapY = 92;
/** Height of a name at the end of a line. */
const nameHeight = 18;

export function panelsFigure(figure: PanelsFigure): Spec {
  const { panels, columns = 1, styles, names = 'legend', nameWidth = 240 } = figure;
  const { panelWidth = 340, panelHeight = 240 } = figure;
  const rows = Math.ceil(panels.length / columns);
  const width = columns * panelWidth + (columns - 1) * gapX;
  const height = rows * panelHeight + (rows - 1) * gapY;
  const panelTitleHeight = panels.some(({ title }) => title !== undefined) ? 34 : 0;
  return {
    ...figureFrame(figure, { width, height, left: paddingLeft, right: nameWidth + 30, panelTitleHeight }),
    scales: (['color', 'dash', 'width', 'dotSize'] as const).map((key) => scaleOf(styles, key)),
    marks: [
      ...panels.map((panel, index) => {
        const x = (index % columns) * (panelWidth + gapX);
        const y = Math.floor(index / columns) * (panelHeight + gapY);
        return panelMark(panel, { x, y, width: panelWidth, height: panelHeight }, names === 'at-ends');
      }),
      ...(names === 'legend' ? legendMarks(styles, width + 28) : []),
    ],
  } as Spec;
}

function scaleOf(styles: readonly LineStyle[], key: 'color' | 'dash' | 'width' | 'dotSize'): object {
  const usual = key === 'dotSize' ? 18 : 2;
  const range = styles.map((style) => style[key] ?? usual);
  return { name: key, type: 'ordinal', domain: styles.map(({ name }) => name), range };
}

function panelMark(panel: Panel, place: Place, namesLines: boolean): Mark {
  const points = panel.lines.flatMap(({ style, points }) =>
    points.map((point) => ({ style, low: point.y, high: point.y, ...point })),
  );
  const isLogY = panel.yScale === 'log';
  const xs = [...new Set(points.map((point) => point.x))].toSorted((one, other) => one - other);
  const { xTicks = xs, xZero = false, yZero = true } = panel;
  const ticks = typeof xTicks === 'number' ? { tickCount: xTicks } : { values: xTicks };
  const tickCount = Math.max(5, Math.round(place.height / 60));
  const x = { name: 'x', domain: [xZero ? 0 : xs[0], xs.at(-1)], range: [0, place.width], zero: false };
  const y = { name: 'y', domain: extent(points, panel.leastYRange ?? 0), range: [place.height, 0], nice: true };
  return groupMark(place, {
    ...(panel.title === undefined ? {} : { title: panelTitle(panel.title) }),
    data: [
      { name: 'points', values: points },
      { name: 'names', values: namesLines ? namesAtEnds(panel, place.height) : [] },
    ],
    scales: [
      { ...x, type: panel.xScale ?? 'linear' },
      isLogY ? { ...y, type: 'log' } : { ...y, type: 'linear', zero: yZero },
    ],
    axes: [
      axis('x', { title: panel.xTitle, format: ',~r', labelOverlap: true, ...ticks }),
      axis('y', { title: panel.yTitle, format: isLogY ? '~s' : '~r', grid: true, tickCount }),
    ],
    marks: [...markerMarks(panel, place.height), linesMark(), labelsMark(), namesMark()],
  });
}

function extent(points: readonly { readonly low: number; readonly high: number }[], least: number): [number, number] {
  const [low, high] = [Math.min(...points.map((one) => one.low)), Math.max(...points.map((one) => one.high))];
  const room = Math.max(0, (least - (high - low)) / 2);
  return [low - room, high + room];
}

function markerMarks({ marker }: Panel, height: number): object[] {
  if (marker === undefined) return [];
  const x = { scale: 'x', value: marker.x };
  const stroke = { value: '#AAAAAA' };
  const rule = { x, y: { value: 0 }, y2: { value: height }, stroke, strokeDash: { value: [2, 3] } };
  const place = { x, y: { value: 8 }, dx: { value: 4 }, fontSize: { value: 11 } };
  const words = { ...textStyle, ...place, text: { value: marker.label }, fill: { value: '#666666' } };
  return [
    { type: 'rule', encode: { enter: rule } },
    { type: 'text', encode: { enter: words } },
  ];
}

function linesMark(): object {
  const [color, x, y] = [at('color', 'style'), at('x', 'x'), at('y', 'y')];
  const stroke = { stroke: color, strokeWidth: at('width', 'style'), strokeDash: at('dash', 'style') };
  return {
    type: 'group',
    from: { facet: { name: 'line', data: 'points', groupby: 'style' } },
    marks: [
      mark('area', 'line', { x, y: at('y', 'low'), y2: at('y', 'high'), fill: color, fillOpacity: { value: 0.16 } }),
      mark('line', 'line', { x, y, ...stroke }),
      mark('symbol', 'line', { x, y, fill: color, size: at('dotSize', 'style') }),
    ],
  };
}

/** Upright, since points may lie close to one another. */
function labelsMark(): Mark {
  const place = { x: at('x', 'x'), y: { ...at('y', 'y'), offset: 10 }, align: { value: 'right' } };
  const label = { text: { field: 'label' }, angle: { value: -90 }, fontSize: { value: 12 } };
  return mark('text', 'points', { ...textStyle, ...place, ...label });
}

function namesMark(): Mark {
  const place = { x: { signal: 'width', offset: 10 }, y: at('y', 'at') };
  const fontWeight = { signal: "scale('width', datum.name) >= 3 ? 'bold' : 'normal'" };
  const name = { text: { field: 'name' }, fill: at('color', 'name'), fontWeight };
  return mark('text', 'names', { ...textStyle, ...place, ...name });
}

/** The last point of each line, moved up or down where names would overlap. */
function namesAtEnds({ lines, yScale, yZero = true }: Panel, height: number): { name: string; at: number }[] {
  const isLog = yScale === 'log';
  const toAxis = (y: number): number => (isLog ? Math.log(y) : y);
  const heights = lines.flatMap(({ points }) => points.map(({ y }) => toAxis(y)));
  const lowest = Math.min(...(yZero && !isLog ? [0] : []), ...heights);
  const ends = lines.flatMap(({ style: name, points }) => points.slice(-1).map(({ y }) => ({ name, at: toAxis(y) })));
  const apart = spread(ends, ((Math.max(...heights) - lowest) * nameHeight) / height);
  return apart.map(({ name, at }) => ({ name, at: isLog ? Math.exp(at) : at }));
}

/** Moves what is closer than `gap` apart, in both directions. @returns in growing order */
export function spread(
  ends: readonly { readonly name: string; readonly at: number }[],
  gap: number,
): { name: string; at: number }[] {
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

/** One line below the other, right of all panels. */
function legendMarks(styles: readonly LineStyle[], x: number): object[] {
  return styles.flatMap(({ name, color, dash, width = 2 }, index) => {
    const y = { value: 6 + 22 * index };
    const stroke = { stroke: { value: color }, strokeWidth: { value: width }, strokeDash: { value: dash } };
    return [
      { type: 'rule', encode: { enter: { x: { value: x }, x2: { value: x + 30 }, y, ...stroke } } },
      { type: 'text', encode: { enter: { ...textStyle, x: { value: x + 38 }, y, text: { value: name } } } },
    ];
  });
}
