// Draws numbers with their 95 % bars as dots: a row for each case, a column for each quantity, a colour for each series. Data in,
// specification out; nothing here is specific to one figure.

import type { Mark, Spec } from 'vega';
import type { Estimate } from './bootstrap.ts';
import {
  at,
  axis,
  background,
  colorLegend,
  type FigureText,
  figureFrame,
  figureWidth,
  groupMark,
  lineWidths,
  mark,
  markerColor,
  panelTitle,
  textStyle,
  titleLines,
  widthOf,
  wrapped,
} from './theme.ts';

export interface Dot {
  readonly row: string;
  readonly column: string;
  readonly series: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** The value as words, right of the column. */
  readonly label?: string;
}

/** A dot with its 95 % bar. @param scale 100 for shares in per cent */
export function estimateDot(
  place: Pick<Dot, 'row' | 'column' | 'series'>,
  { value, interval: [low, high] }: Estimate,
  scale = 1,
): Dot {
  return { ...place, value: scale * value, low: scale * low, high: scale * high };
}

export interface DotColumn {
  /** Title; empty where there is one column only. */
  readonly name: string;
  readonly xTitle: string;
  readonly domain: readonly [number, number];
  readonly xScale?: 'linear' | 'log';
  /** Ticks of the x axis; about five where left out. */
  readonly xValues?: readonly number[];
  /** A thin upright line: what is claimed. */
  readonly marker: number | null;
}

export interface DotsFigure extends FigureText {
  readonly columns: readonly DotColumn[];
  /** Colour by series. */
  readonly colors: Readonly<Record<string, string>>;
  readonly dots: readonly Dot[];
  /**
   * `legend`: a row is as high as one line, and the series lie close together in it. `lines`: each series has a line of its own with its
   * name, and the name of the row is above them.
   */
  readonly series?: 'legend' | 'lines';
}

/** Between columns without labels of dots. */
const usualGap = 26;
const rowHeight = 38;
/** Height of a line that is one series. */
const lineHeight = 24;
const pointArea = 80;

type Layout = ReturnType<typeof layoutOf>;

function layoutOf({ columns, colors, dots, series = 'legend' }: DotsFigure) {
  const rows = [...new Set(dots.map(({ row }) => row))];
  const names = Object.keys(colors);
  const hasLines = series === 'lines';
  const labelWidth = Math.max(...(hasLines ? names : rows).map((name) => widthOf(name))) + 34;
  const valueWidth = hasLines ? Math.max(...dots.map(({ label = '' }) => widthOf(label) + 22)) : usualGap;
  const width = (figureWidth - labelWidth - columns.length * valueWidth) / columns.length;
  const half = (lineHeight * (names.length - 1)) / 2;
  const room = names.length > 1 ? 9 : 0;
  // From the middle of a row to its first and its last series.
  const shifts = hasLines ? [lineHeight / 2 - half, lineHeight / 2 + half] : [-room, room];
  const height = rows.length * (hasLines ? lineHeight * (names.length + 1) : rowHeight);
  const titles = columns.map(({ name }) => titleLines(name, width + valueWidth - 8).length);
  const panelTitleHeight = columns.some(({ name }) => name !== '') ? 12 + 21 * Math.max(...titles) : 0;
  const bottom = 46 + 21 * Math.max(...columns.map(({ xTitle }) => wrapped(xTitle, width + valueWidth).length));
  return {
    width,
    height,
    step: width + valueWidth,
    rows,
    shifts,
    labelWidth,
    hasLines,
    colors,
    panelTitleHeight,
    bottom,
  };
}

export function dotsFigure(figure: DotsFigure): Spec {
  const { columns, dots } = figure;
  const layout = layoutOf(figure);
  const { height, step, labelWidth: left, hasLines, panelTitleHeight, bottom } = layout;
  const width = (columns.length - 1) * step + layout.width;
  const key = Object.entries(layout.colors).map(([label, color]) => ({ color, label }));
  const legend = hasLines ? {} : { legend: colorLegend(key, 'circle') };
  const size = { width, height, left, bottom, panelTitleHeight, ...legend };
  return figureFrame(figure, size, { marks: columns.map((column, index) => columnMark(column, dots, layout, index)) });
}

function columnMark(column: DotColumn, all: readonly Dot[], layout: Layout, index: number): Mark {
  const { width, height, step, rows, shifts, hasLines, colors } = layout;
  const { name, xTitle, marker, xScale = 'linear', xValues } = column;
  const dots = all.filter((dot) => dot.column === name);
  // A value beyond the requested axis lengthens it; only bars are cut.
  const values = [...column.domain, ...dots.map(({ value }) => value).filter(Number.isFinite)];
  const domain = [Math.min(...values), Math.max(...values)];
  const series = Object.keys(colors);
  const y = { ...at('row', 'row'), offset: at('shift', 'series') };
  const color = at('color', 'series');
  const claimed = { x: { scale: 'x', value: marker }, y2: { value: height }, stroke: { value: markerColor } };
  const dot = { x: at('x', 'value'), y, fill: color, size: { value: pointArea }, stroke: { value: background } };
  const bar = { x: at('x', 'low'), x2: at('x', 'high'), y, stroke: color, strokeWidth: { value: lineWidths.usual } };
  const label = { x: { value: width + 12 }, y, text: { field: 'label' } };
  const ticks = xValues === undefined ? { tickCount: Math.max(2, Math.floor(width / 60)) } : { values: xValues };
  const rowAxis = { labels: index === 0, labelLimit: 0, ticks: false, grid: true };
  return groupMark(
    { x: index * step, y: 0, width, height },
    {
      data: [
        { name: 'dots', values: [...dots] },
        { name: 'rows', values: rows.map((row) => ({ row })) },
      ],
      scales: [
        { name: 'x', type: xScale, domain, range: [0, width], clamp: true, zero: false },
        { name: 'row', type: 'point', domain: rows, range: [0, height], padding: 0.5 },
        { name: 'shift', type: 'point', domain: series, range: shifts },
        { name: 'color', type: 'ordinal', domain: series, range: Object.values(colors) },
      ],
      axes: [
        axis('x', { title: wrapped(xTitle, step), grid: true, labelOverlap: 'greedy', ...ticks }),
        ...(hasLines ? [] : [axis('row', rowAxis)]),
      ],
      marks: [
        ...(name === '' ? [] : panelTitle(name, step - 8)),
        ...(marker === null ? [] : [{ type: 'rule', encode: { enter: claimed } }]),
        mark('rule', 'dots', bar),
        mark('symbol', 'dots', dot),
        mark('text', 'dots', { ...textStyle, ...label }),
        ...(hasLines && index === 0 ? lineNames(layout, y) : []),
      ],
    },
  );
}

function lineNames({ labelWidth, rows, height }: Layout, y: object): Mark[] {
  const name = { x: { value: -14 }, y, align: { value: 'right' }, text: { field: 'series' } };
  const top = { ...at('row', 'row'), offset: (lineHeight - height / rows.length) / 2 };
  const heading = { x: { value: 14 - labelWidth }, y: top, text: { field: 'row' }, fontWeight: { value: 'bold' } };
  return [mark('text', 'dots', { ...textStyle, ...name }), mark('text', 'rows', { ...textStyle, ...heading })];
}
