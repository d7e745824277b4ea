// Draws numbers with their 95 % bars as dots: a row for each case, a column for each quantity, a colour for each series. Data in, specification
// out; it knows no figure.

import type { Mark, Spec } from 'vega';
import type { Estimate } from '../../src/core/basics/bootstrap.ts';
import { at, axis, type FigureText, figureFrame, groupMark, mark, panelTitle, textStyle } from './theme.ts';

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
   * `legend`: a row is as high as one line, and the series lie close together in it. `lines`: each series has a line of its own with its name,
   * and the name of the row is above them.
   */
  readonly series?: 'legend' | 'lines';
}

/** Between columns; the labels of dots stand there where each series has a line of its own. */
const gapOf = { legend: 34, lines: 84 };
const lineHeight = 19;

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly gap: number;
  readonly rows: readonly string[];
  /** Where a series lies, from the middle of its row. */
  readonly shifts: readonly [number, number];
  readonly labelWidth: number;
  readonly hasLines: boolean;
  readonly colors: DotsFigure['colors'];
}

export function dotsFigure(figure: DotsFigure): Spec {
  const { columns, colors, dots, labelWidth, columnWidth: width = 210 } = figure;
  const rows = [...new Set(dots.map(({ row }) => row))];
  const names = Object.keys(colors);
  const hasLines = figure.series === 'lines';
  const half = (lineHeight * (names.length - 1)) / 2;
  const room = names.length > 1 ? 8 : 0;
  const shifts: [number, number] = hasLines ? [lineHeight / 2 - half, lineHeight / 2 + half] : [-room, room];
  const height = rows.length * (hasLines ? lineHeight * (names.length + 1) : 34);
  const gap = gapOf[figure.series ?? 'legend'];
  const whole = columns.length * (width + gap) - gap;
  const layout = { width, height, gap, rows, shifts, labelWidth, hasLines, colors };
  const panelTitleHeight = columns.some(({ name }) => name !== '') ? 26 : 0;
  const frame = { width: whole, height, left: labelWidth, right: hasLines ? 70 : 170, panelTitleHeight };
  return {
    ...figureFrame(figure, frame),
    marks: [
      ...columns.map((column, index) => {
        const own = dots.filter((dot) => dot.column === column.name);
        return columnMark(column, own, layout, index);
      }),
      ...(hasLines ? [] : names.flatMap((name, index) => keyMarks(name, colors[name], whole + 24, 8 + 22 * index))),
    ],
  } as Spec;
}

function columnMark(column: DotColumn, dots: readonly Dot[], layout: Layout, index: number): Mark {
  const { width, height, gap, rows, shifts, hasLines, colors } = layout;
  const { name, xTitle, marker, xScale = 'linear', xValues } = column;
  // A value beyond the wanted axis lengthens it; only bars are cut.
  const values = [...column.domain, ...dots.map(({ value }) => value).filter(Number.isFinite)];
  const domain = [Math.min(...values), Math.max(...values)];
  const series = Object.keys(colors);
  const y = { ...at('row', 'row'), offset: at('shift', 'series') };
  const color = at('color', 'series');
  const claimed = { x: { scale: 'x', value: marker }, y2: { value: height }, stroke: { value: '#555555' } };
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
        mark('symbol', 'dots', {
          x: at('x', 'value'),
          y,
          fill: color,
          size: { value: 55 },
          stroke: { value: 'white' },
        }),
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

function keyMarks(series: string, color: string | undefined, x: number, y: number): object[] {
  const dot = { x: { value: x }, y: { value: y }, size: { value: 55 }, fill: { value: color } };
  const words = { ...textStyle, x: { value: x + 12 }, y: { value: y }, text: { value: series } };
  return [
    { type: 'symbol', encode: { enter: dot } },
    { type: 'text', encode: { enter: words } },
  ];
}
