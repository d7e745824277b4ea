// Draws a number over a plane of two choices as coloured cells, one panel for each case, with the number as words in each cell. Data in,
// specification out; it knows no figure.

import type { Mark, Spec } from 'vega';
import { at, axis, type FigureText, figureFrame, groupMark, ink, mark, panelTitle, textStyle } from './theme.ts';

export interface HeatCell {
  /** One of the columns and one of the rows of its figure. */
  readonly x: string;
  readonly y: string;
  /** Index into the colours of the figure. */
  readonly level: number;
  readonly text: string;
}

export interface HeatPanel {
  readonly title: string;
  readonly cells: readonly HeatCell[];
  /** Cells with a frame: something was measured there. */
  readonly framed?: readonly Pick<HeatCell, 'x' | 'y'>[];
}

export interface HeatFigure extends FigureText {
  readonly xTitle: string;
  readonly yTitle: string;
  /** From left to right, and from top to bottom. */
  readonly xValues: readonly string[];
  readonly yValues: readonly string[];
  readonly panels: readonly HeatPanel[];
  readonly columns: number;
  /** A colour and its meaning for each level. */
  readonly levels: readonly { readonly color: string; readonly label: string }[];
  readonly cellWidth?: number;
  /** Room for the names of rows. */
  readonly labelWidth?: number;
}

const cellHeight = 34;
const gap = { x: 40, y: 104 };

export function heatFigure(figure: HeatFigure): Spec {
  const { panels, columns, levels, xValues, yValues, cellWidth = 58, labelWidth = 90 } = figure;
  const size = { width: cellWidth * xValues.length, height: cellHeight * yValues.length };
  const step = { x: size.width + gap.x + labelWidth, y: size.height + gap.y };
  const rowCount = Math.ceil(panels.length / columns);
  const whole = {
    width: Math.min(columns, panels.length) * step.x - gap.x - labelWidth,
    height: rowCount * step.y - gap.y,
  };
  const marks = panels.map((panel, index) => {
    const place = { x: (index % columns) * step.x, y: Math.floor(index / columns) * step.y, ...size };
    return panelMark(panel, place, figure);
  });
  const key = levels.flatMap(({ color, label }, index) => keyMarks(label, color, whole.width + 24, 8 + 24 * index));
  const frame = { ...whole, left: labelWidth + 40, right: 210, panelTitleHeight: 26 };
  return { ...figureFrame(figure, frame), marks: [...marks, ...key] } as Spec;
}

function panelMark({ title, cells, framed = [] }: HeatPanel, place: Parameters<typeof groupMark>[0], of: HeatFigure) {
  const { xTitle, yTitle, xValues, yValues, levels } = of;
  const width = { scale: 'x', band: 1 };
  const height = { scale: 'y', band: 1 };
  const middle = (scale: string) => ({ ...at(scale, scale), band: 0.5 });
  const box = { x: at('x', 'x'), y: at('y', 'y'), width, height };
  const text = { ...textStyle, x: middle('x'), y: middle('y'), text: { field: 'text' }, align: { value: 'center' } };
  return groupMark(place, {
    title: panelTitle(title),
    data: [
      { name: 'cells', values: cells.map((cell) => ({ ...cell, color: levels[cell.level]?.color })) },
      { name: 'framed', values: [...framed] },
    ],
    scales: [
      { name: 'x', type: 'band', domain: [...xValues], range: [0, place.width] },
      { name: 'y', type: 'band', domain: [...yValues], range: [0, place.height] },
    ],
    axes: [axis('x', { title: xTitle, ticks: false }), axis('y', { title: yTitle, ticks: false, labelLimit: 0 })],
    marks: [
      mark('rect', 'cells', { ...box, fill: { field: 'color' }, stroke: { value: 'white' } }),
      mark('rect', 'framed', { ...box, fill: { value: null }, stroke: { value: ink }, strokeWidth: { value: 2.5 } }),
      mark('text', 'cells', { ...text, fontSize: { value: 12 } }),
    ],
  }) as Mark;
}

function keyMarks(label: string, color: string, x: number, y: number): object[] {
  const square = { x: { value: x }, y: { value: y }, size: { value: 180 }, shape: { value: 'square' } };
  const words = { ...textStyle, x: { value: x + 16 }, y: { value: y }, text: { value: label } };
  return [
    { type: 'symbol', encode: { enter: { ...square, fill: { value: color } } } },
    { type: 'text', encode: { enter: words } },
  ];
}
