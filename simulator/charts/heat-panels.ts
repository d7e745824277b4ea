// Draws a number over a plane of two choices as coloured cells, one panel for each case, with the number as words in each cell. Data in,
// specification out; nothing here is specific to one figure.

import type { Mark, Spec } from 'vega';
import {
  at,
  axis,
  type FigureText,
  figureFrame,
  groupMark,
  type KeyEntry,
  keyMarks,
  mark,
  type Place,
  panelTitle,
  textStyle,
} from './theme.ts';

export interface HeatCell {
  /** Names of its column and its row, which stand in the order in which they first come. */
  readonly x: string;
  readonly y: string;
  /** Index into the colours of the figure. */
  readonly level: number;
  readonly text: string;
}

export interface HeatFigure extends FigureText {
  readonly xTitle: string;
  readonly yTitle: string;
  readonly panels: readonly { readonly title: string; readonly cells: readonly HeatCell[] }[];
  readonly columns: number;
  readonly levels: readonly KeyEntry[];
  readonly cellWidth?: number;
  /** Room for the names of rows. */
  readonly labelWidth?: number;
}

/** From nothing to all. */
const levelColors = ['#E3E3E3', '#F6D9C4', '#F0B98D', '#9CCBE3', '#57B894'];

/** @param labels at most five */
export function levelsOf(labels: readonly string[]): KeyEntry[] {
  return labels.map((label, level) => ({ color: levelColors[level] as string, label }));
}

const cellHeight = 34;
const gap = { x: 40, y: 104 };

export function heatFigure(figure: HeatFigure): Spec {
  const { panels, columns, levels, cellWidth = 58, labelWidth = 90 } = figure;
  const all = panels.flatMap(({ cells }) => cells);
  const xs = [...new Set(all.map(({ x }) => x))];
  const ys = [...new Set(all.map(({ y }) => y))];
  const size = { width: cellWidth * xs.length, height: cellHeight * ys.length };
  const step = { x: size.width + gap.x + labelWidth, y: size.height + gap.y };
  const rowCount = Math.ceil(panels.length / columns);
  const whole = {
    width: Math.min(columns, panels.length) * step.x - gap.x - labelWidth,
    height: rowCount * step.y - gap.y,
  };
  const marks = panels.map((panel, index) => {
    const place = { x: (index % columns) * step.x, y: Math.floor(index / columns) * step.y, ...size };
    return panelMark(panel, place, figure, [
      { name: 'x', type: 'band', domain: xs, range: [0, size.width] },
      { name: 'y', type: 'band', domain: ys, range: [0, size.height] },
    ]);
  });
  const key = keyMarks(levels, whole.width + 24, { shape: 'square', area: 180, step: 24, width: 16 });
  const frame = { ...whole, left: labelWidth + 40, right: 210, panelTitleHeight: 26 };
  return { ...figureFrame(figure, frame), marks: [...marks, ...key] } as Spec;
}

type HeatPanel = HeatFigure['panels'][number];

function panelMark({ title, cells }: HeatPanel, place: Place, figure: HeatFigure, scales: readonly object[]): Mark {
  const { xTitle, yTitle, levels } = figure;
  const width = { scale: 'x', band: 1 };
  const height = { scale: 'y', band: 1 };
  const middle = (scale: string) => ({ ...at(scale, scale), band: 0.5 });
  const box = { x: at('x', 'x'), y: at('y', 'y'), width, height };
  const text = { ...textStyle, x: middle('x'), y: middle('y'), text: { field: 'text' }, align: { value: 'center' } };
  return groupMark(place, {
    title: panelTitle(title),
    data: [{ name: 'cells', values: cells.map((cell) => ({ ...cell, color: levels[cell.level]?.color })) }],
    scales,
    axes: [axis('x', { title: xTitle, ticks: false }), axis('y', { title: yTitle, ticks: false, labelLimit: 0 })],
    marks: [
      mark('rect', 'cells', { ...box, fill: { field: 'color' }, stroke: { value: 'white' } }),
      mark('text', 'cells', { ...text, fontSize: { value: 12 } }),
    ],
  });
}
