// Draws numbers with their 95 % bars as dots: a row for each case, a column for each quantity, a colour for each series. Data in,
// specification out; nothing here is specific to one figure.

import type { Estimate } from './bootstrap.ts';
import {
  background,
  colorsOf,
  type Figure,
  type FigureText,
  figureOf,
  figureWidth,
  lineWidths,
  markerColor,
  notFromZero,
  panelTitle,
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
/** Between a row and a series, where a series has a line of its own. */
const separator = '|';

export function dotsFigure({ columns, colors, dots, series = 'legend', ...text }: DotsFigure): Figure {
  const hasLines = series === 'lines';
  const names = Object.keys(colors);
  const rows = [...new Set(dots.map(({ row }) => row))];
  const places = hasLines ? rows.flatMap((row) => [row, ...names.map((name) => row + separator + name)]) : rows;
  const labelWidth = Math.max(...(hasLines ? names : rows).map((name) => widthOf(name))) + 34;
  const valueWidth = hasLines ? Math.max(...dots.map(({ label = '' }) => widthOf(label) + 22)) : usualGap;
  const width = (figureWidth - 28 - labelWidth) / columns.length - valueWidth;
  const height = places.length * (hasLines ? lineHeight : rowHeight);
  const entries = Object.entries(colors).map(([label, color]) => ({ label, color }));
  const color = {
    ...colorsOf('series', entries, 'circle'),
    ...(hasLines || names.length === 1 ? { legend: null } : {}),
  };
  // Names begin at the left edge; those of series are set in.
  const ofLines = {
    labelAlign: 'left',
    labelPadding: labelWidth,
    labelExpr: `indexof(datum.value, '${separator}') < 0 ? datum.value : '\u00a0\u00a0' + split(datum.value, '${separator}')[1]`,
    labelFontWeight: {
      condition: { test: `indexof(datum.value, '${separator}') < 0`, value: 'bold' },
      value: 'normal',
    },
  };
  const hconcat = columns.map(({ name, xTitle, domain, xScale = 'linear', xValues, marker }, index) => {
    const own = dots.filter(({ column }) => column === name);
    // A value beyond the requested axis lengthens it; only bars are cut.
    const all = [...domain, ...own.map(({ value }) => value).filter(Number.isFinite)];
    const scale = {
      type: xScale,
      domain: [Math.min(...all), Math.max(...all)],
      clamp: true,
      nice: false,
      ...notFromZero(xScale),
    };
    const ticks = xValues === undefined ? { tickCount: Math.max(2, Math.floor(width / 60)) } : { values: xValues };
    const title = wrapped(xTitle, width + valueWidth);
    const x = (field: string) => ({
      field,
      type: 'quantitative',
      scale,
      axis: { title, grid: true, labelOverlap: 'greedy', ...ticks },
    });
    const axis = { title: null, ticks: false, domain: false, grid: !hasLines, ...(hasLines ? ofLines : {}) };
    const labels = index === 0 ? {} : { labels: false };
    const y = { field: 'place', type: 'nominal', scale: { domain: places }, axis: { ...axis, ...labels } };
    const shift = hasLines || names.length === 1 ? {} : { yOffset: { field: 'series', sort: names } };
    const place = { y, ...shift };
    const label = { x: { value: width + 12 }, ...place, text: { field: 'label' } };
    const words = { mark: { type: 'text', align: 'left' }, encoding: label };
    const claim = { data: { values: [{ claimed: marker }] }, mark: { type: 'rule', color: markerColor } };
    return {
      ...panelTitle(name, width + valueWidth - 8),
      width,
      height,
      data: { values: own.map((dot) => ({ ...dot, place: hasLines ? dot.row + separator + dot.series : dot.row })) },
      layer: [
        ...(marker === null ? [] : [{ ...claim, encoding: { x: x('claimed') } }]),
        {
          mark: { type: 'rule', strokeWidth: lineWidths.usual },
          encoding: { x: x('low'), x2: { field: 'high' }, ...place, color },
        },
        {
          mark: { type: 'point', filled: true, opacity: 1, size: 80, stroke: background, strokeWidth: 1 },
          encoding: { x: x('value'), ...place, color },
        },
        ...(own.some(({ label }) => label !== undefined) ? [words] : []),
      ],
    };
  });
  return figureOf(text, { hconcat, spacing: valueWidth });
}
