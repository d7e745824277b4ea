// Draws numbers with their 95 % bars as dots: a row for each case, a column for each quantity, a colour for each series. Data in, specification
// out; it knows no figure.

import type { Spec } from 'vega';
import { axisStyle, figureFonts, textStyle, titleOf } from './line-panels.ts';

export interface Dot {
  readonly row: string;
  readonly column: string;
  readonly series: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface DotColumn {
  readonly name: string;
  readonly xTitle: string;
  readonly domain: readonly [number, number];
  /** A thin upright line: what is claimed. */
  readonly marker: number | null;
}

export interface DotsFigure {
  readonly title: string;
  readonly subtitle: readonly string[];
  readonly columns: readonly DotColumn[];
  /** Colour by series. */
  readonly colors: Readonly<Record<string, string>>;
  readonly dots: readonly Dot[];
  /** Room left of the columns for the names of rows. */
  readonly labelWidth: number;
}

const width = 210;
const gap = 34;
const rowHeight = 34;

export function dotsFigure({ title, subtitle, columns, colors, dots, labelWidth }: DotsFigure): Spec {
  const rows = [...new Set(dots.map(({ row }) => row))];
  const height = rowHeight * rows.length;
  const whole = columns.length * (width + gap) - gap;
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    width: whole,
    height,
    padding: { left: labelWidth, right: 170, top: 82 + 20 * subtitle.length, bottom: 62 },
    autosize: 'none',
    title: { ...titleOf({ title, subtitle }), dx: 12 - labelWidth },
    marks: [
      ...columns.map((column, index) =>
        columnMark(
          column,
          dots.filter((dot) => dot.column === column.name),
          { index, height, rows, colors },
        ),
      ),
      ...Object.entries(colors).flatMap(([series, color], index) =>
        keyMarks(series, color, whole + 24, 8 + 22 * index),
      ),
    ],
  } as Spec;
}

interface ColumnPlace {
  readonly index: number;
  readonly height: number;
  readonly rows: readonly string[];
  readonly colors: DotsFigure['colors'];
}

function columnMark({ name, xTitle, domain, marker }: DotColumn, dots: readonly Dot[], place: ColumnPlace): object {
  const { index, height, rows, colors } = place;
  const series = Object.keys(colors);
  const room = series.length > 1 ? 8 : 0;
  const y = { scale: 'row', field: 'row', offset: { scale: 'shift', field: 'series' } };
  const color = { scale: 'color', field: 'series' };
  const at = (field: string) => ({ scale: 'x', field });
  const claimed = { x: { scale: 'x', value: marker }, y2: { value: height }, stroke: { value: '#555555' } };
  const bar = { x: at('low'), x2: at('high'), y, stroke: color, strokeWidth: { value: 2 } };
  const isFirst = index === 0;
  return {
    type: 'group',
    encode: { enter: { x: { value: index * (width + gap) }, width: { value: width }, height: { value: height } } },
    signals: [
      { name: 'width', value: width },
      { name: 'height', value: height },
    ],
    title: { text: name, anchor: 'start', frame: 'group', font: figureFonts, fontSize: 14, offset: 10 },
    data: [{ name: 'dots', values: [...dots] }],
    scales: [
      { name: 'x', type: 'linear', domain, range: [0, width], clamp: true, zero: false },
      { name: 'row', type: 'point', domain: rows, range: [0, height], padding: 0.5 },
      { name: 'shift', type: 'point', domain: series, range: [-room, room] },
      { name: 'color', type: 'ordinal', domain: series, range: Object.values(colors) },
    ],
    axes: [
      { scale: 'x', orient: 'bottom', title: xTitle, tickCount: 5, grid: true, ...axisStyle },
      { scale: 'row', orient: 'left', labels: isFirst, labelLimit: 0, ticks: false, grid: true, ...axisStyle },
    ],
    marks: [
      ...(marker === null ? [] : [{ type: 'rule', encode: { enter: claimed } }]),
      { type: 'rule', from: { data: 'dots' }, encode: { enter: bar } },
      {
        type: 'symbol',
        from: { data: 'dots' },
        encode: { enter: { x: at('value'), y, fill: color, size: { value: 55 } } },
      },
    ],
  };
}

function keyMarks(series: string, color: string, x: number, y: number): object[] {
  const dot = { x: { value: x }, y: { value: y }, size: { value: 55 }, fill: { value: color } };
  return [
    { type: 'symbol', encode: { enter: dot } },
    {
      type: 'text',
      encode: { enter: { x: { value: x + 12 }, y: { value: y }, text: { value: series }, ...textStyle } },
    },
  ];
}
