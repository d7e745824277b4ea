// Draws a number over a plane of two choices as coloured cells, one panel for each case, with the number as words in each cell. Data in,
// specification out; nothing here is specific to one figure.

import type { Mark, Spec } from 'vega';
import {
  at,
  axis,
  background,
  colorLegend,
  type FigureText,
  figureFrame,
  figureWidth,
  groupMark,
  type KeyEntry,
  levelColors,
  mark,
  type Place,
  panelTitle,
  textSizes,
  textStyle,
  widthOf,
} from './theme.ts';

export interface HeatCell {
  /** Names of its column and its row, which stand in the order in which they first come. */
  readonly x: string;
  readonly y: string;
  /** Index into the colours of the figure. */
  readonly level: number;
  readonly text: string;
  /** Below the text. */
  readonly note?: string;
}

export interface HeatFigure extends FigureText {
  readonly xTitle: string;
  readonly yTitle: string;
  readonly panels: readonly { readonly title: string; readonly cells: readonly HeatCell[] }[];
  readonly levels: readonly KeyEntry[];
}

/** @param labels at most five */
export function levelsOf(labels: readonly string[]): KeyEntry[] {
  return labels.map((label, level) => ({ color: levelColors[level] as string, label }));
}

const lineHeight = 18;
const bottom = 66;

/** Panels stand below one another. */
export function heatFigure(figure: HeatFigure): Spec {
  const { panels, levels, yTitle } = figure;
  const all = panels.flatMap(({ cells }) => cells);
  const xs = [...new Set(all.map(({ x }) => x))];
  const ys = [...new Set(all.map(({ y }) => y))];
  const left = Math.max(...ys.map((y) => widthOf(y))) + (yTitle === '' ? 30 : 52);
  const lines = all.some(({ note }) => note !== undefined) ? 2 : 1;
  const size = { width: figureWidth - left - 20, height: (18 + lineHeight * lines) * ys.length };
  const panelTitleHeight = panels.some(({ title }) => title !== '') ? 32 : 0;
  const step = size.height + bottom + panelTitleHeight;
  const marks = panels.map((panel, index) =>
    panelMark(panel, { x: 0, y: index * step, ...size }, { ...figure, left }, [
      { name: 'x', type: 'band', domain: xs, range: [0, size.width] },
      { name: 'y', type: 'band', domain: ys, range: [0, size.height] },
    ]),
  );
  const height = (panels.length - 1) * step + size.height;
  const frame = { width: size.width, height, left, bottom, panelTitleHeight, legend: colorLegend(levels, 'square') };
  return figureFrame(figure, frame, { marks });
}

type HeatPanel = HeatFigure['panels'][number];

function panelMark(
  { title, cells }: HeatPanel,
  place: Place,
  figure: HeatFigure & { readonly left: number },
  scales: readonly object[],
): Mark {
  const { xTitle, yTitle, levels, left } = figure;
  const width = { scale: 'x', band: 1 };
  const height = { scale: 'y', band: 1 };
  const middle = (scale: string) => ({ ...at(scale, scale), band: 0.5 });
  const box = { x: at('x', 'x'), y: at('y', 'y'), width, height };
  const centre = { ...textStyle, x: middle('x'), align: { value: 'center' }, fontSize: { value: textSizes.small } };
  const hasNotes = cells.some(({ note }) => note !== undefined);
  const line = (field: string, offset: number) => ({
    ...centre,
    y: { ...middle('y'), offset },
    text: { field },
  });
  return groupMark(place, {
    data: [{ name: 'cells', values: cells.map((cell) => ({ ...cell, color: levels[cell.level]?.color })) }],
    scales,
    axes: [axis('x', { title: xTitle, ticks: false }), axis('y', { title: yTitle, ticks: false, labelLimit: 0 }, left)],
    marks: [
      ...(title === '' ? [] : panelTitle(title, place.width)),
      mark('rect', 'cells', { ...box, fill: { field: 'color' }, stroke: { value: background } }),
      mark('text', 'cells', line('text', hasNotes ? -lineHeight / 2 : 0)),
      ...(hasNotes ? [mark('text', 'cells', line('note', lineHeight / 2))] : []),
    ],
  });
}
