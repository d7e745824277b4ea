// Draws numbers with their 95 % bars as dots: a row for each case, a column for each quantity, a colour for each series. Data in,
// specification out; nothing here is specific to one figure.

import type { Mark, Spec } from 'vega';
import type { Estimate } from '../../src/core/basics/bootstrap.ts';
import { at, axis, type FigureText, figureFrame, groupMark, keyMarks, mark, panelTitle, textStyle } from './theme.ts';

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
  /** Room left of the columns for the names of rows. */
  readonly labelWidth: number;
  readonly columnWidth?: number;
  /**
   * `legend`: a row is as high as one line, and the series lie close together in it. `lines`: each series has a line of its own with its
   * name, and the name of the row is above them.
   */
  readonly series?: 'legend' | 'lines';
}

/** Between columns; the labels of dots stand there where each series has a line of its own. */
const gapOf = { legend: 34, lines: 84 };
const lineHeight = 19;

type Layout = ReturnType<typeof layoutOf>;

function layoutOf({ colors, dots, labelWidth, columnWidth: width = 210, series = 'legend' }: DotsFigure) {
  const rows = [...new Set(dots.map(({ row }) => row))];
  const seriesCount = Object.keys(colors).length;
  const hasLines = series === 'lines';
  const half = (lineHeight * (seriesCount - 1)) / 2;
  const room = seriesCount > 1 ? 8 : 0;
  // From the middle of a row to its first and its last series.
  const shifts = hasLines ? [lineHeight / 2 - half, lineHeight / 2 + half] : [-room, room];
  const height = rows.length * (hasLines ? lineHeight * (seriesCount + 1) : 34);
  return { width, height, gap: gapOf[series], rows, shifts, labelWidth, hasLines, colors };
}

export function dotsFigure(figure: DotsFigure): Spec {
  const { columns, dots } = figure;
  const layout = layoutOf(figure);
  const { height, gap, labelWidth: left, hasLines } = layout;
  const width = columns.length * (layout.width + gap) - gap;
  const key = Object.entries(layout.colors).map(([label, color]) => ({ color, label }));
  const panelTitleHeight = columns.some(({ name }) => name !== '') ? 26 : 0;
  return {
    ...figureFrame(figure, { width, height, left, right: hasLines ? 70 : 170, panelTitleHeight }),
    marks: [
      ...columns.map((column, index) => columnMark(column, dots, layout, index)),
      ...(hasLines ? [] : keyMarks(key, width + 24, { shape: 'circle', area: 55, step: 22, width: 12 })),
    ],
  } as Spec;
}

function columnMark(column: DotColumn, all: readonly Dot[], layout: Layout, index: number): Mark {
  const { width, height, gap, rows, shifts, hasLines, colors } = layout;
  const { name, xTitle, marker, xScale = 'linear', xValues } = column;
  const dots = all.filter((dot) => dot.column === name);
  // A value beyond the requested axis lengthens it; only bars are cut.
  const values = [...column.domain, ...dots.map(({ value }) => value).filter(Number.isFinite)];
  const domain = [Math.min(...values), Math.max(...values)];
  const series = Object.keys(colors);
  const y = { ...at('row', 'row'), offset: at('shift', 'series') };
  const color = at('color', 'series');
  const claimed = { x: { scale: 'x', value: marker }, y2: { value: height }, stroke: { value: '#555555' } };
  const dot = { x: at('x', 'value'), y, fill: color, size: { value: 55 }, stroke: { value: 'white' } };
  const bar = { x: at('x', 'low'), x2: at('x', 'high'), y, stroke: color, strokeWidth: { value: 2 } };
  const ticks = xValues === undefined ? { tickCount: 5 } : { values: xValues };
  const rowAxis = { labels: index === 0, labelLimit: 0, ticks: false, grid: true };
  return groupMark(
    { x: index * (width + gap), y: 0, width, height },
    {
      ...(name === '' ? {} : { title: panelTitle(name) }),
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
      axes: [axis('x', { title: xTitle, grid: true, ...ticks }), ...(hasLines ? [] : [axis('row', rowAxis)])],
      marks: [
        ...(marker === null ? [] : [{ type: 'rule', encode: { enter: claimed } }]),
        mark('rule', 'dots', bar),
        mark('symbol', 'dots', dot),
        mark('text', 'dots', { ...textStyle, x: { value: width + 10 }, y, text: { field: 'label' }, fill: color }),
        ...(hasLines && index === 0 ? lineNames(layout, y, color) : []),
      ],
    },
  );
}

function lineNames({ labelWidth, rows, height }: Layout, y: object, fill: object): Mark[] {
  const name = { x: { value: -12 }, y, align: { value: 'right' }, text: { field: 'series' }, fill };
  const top = { ...at('row', 'row'), offset: (lineHeight - height / rows.length) / 2 };
  const heading = { x: { value: 14 - labelWidth }, y: top, text: { field: 'row' }, fontWeight: { value: 'bold' } };
  return [mark('text', 'dots', { ...textStyle, ...name }), mark('text', 'rows', { ...textStyle, ...heading })];
}
