// Draws a number over a plane of two choices as coloured cells, one panel for each case, with the number as words in each cell. Data in,
// specification out; nothing here is specific to one figure.

import {
  background,
  colorsOf,
  type Figure,
  type FigureText,
  figureOf,
  figureWidth,
  type KeyEntry,
  levelColors,
  panelTitle,
  textSizes,
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

/** Panels stand below one another. */
export function heatFigure({ panels, levels, xTitle, yTitle, ...text }: HeatFigure): Figure {
  const all = panels.flatMap(({ cells }) => cells);
  const ys = [...new Set(all.map(({ y }) => y))];
  const hasNotes = all.some(({ note }) => note !== undefined);
  const width = figureWidth - 48 - Math.max(...ys.map((y) => widthOf(y))) - (yTitle === '' ? 0 : 30);
  const height = (18 + lineHeight * (hasNotes ? 2 : 1)) * ys.length;
  const along = (field: string, title: string) => {
    return { field, type: 'nominal', sort: null, axis: { title: title || null, ticks: false, labelAngle: 0 } };
  };
  const words = (field: string, dy: number) => {
    return { mark: { type: 'text', fontSize: textSizes.small, dy }, encoding: { text: { field } } };
  };
  const vconcat = panels.map(({ title, cells }) => ({
    ...panelTitle(title, width),
    width,
    height,
    data: { values: cells.map((cell) => ({ ...cell, meaning: levels[cell.level]?.label })) },
    encoding: { x: along('x', xTitle), y: along('y', yTitle) },
    layer: [
      { mark: { type: 'rect', stroke: background }, encoding: { color: colorsOf('meaning', levels, 'square') } },
      words('text', hasNotes ? -lineHeight / 2 : 0),
      ...(hasNotes ? [words('note', lineHeight / 2)] : []),
    ],
  }));
  return figureOf(text, { vconcat, spacing: 28 });
}
