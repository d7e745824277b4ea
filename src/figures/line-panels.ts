// Draws several line charts side by side with one legend: lines with 95 % bands over a number, on linear or logarithmic axes. Data in,
// specification out; it knows no figure.

import type { Spec } from 'vega';

/** Colours that the colour-blind can tell apart (Okabe and Ito), dark enough for lines; the last two are for what lines are held against. */
export const figureColors = {
  blue: '#0072B2',
  purple: '#9A3D78',
  green: '#00795A',
  orange: '#C84E00',
  ochre: '#8A6D00',
  sky: '#4A9BC9',
  grey: '#777777',
  black: '#222222',
} as const;

export interface LineStyle {
  readonly name: string;
  readonly color: string;
  /** Lengths of strokes and gaps; empty: a full line. */
  readonly dash: readonly number[];
  readonly width?: number;
}

export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Line {
  /** Of a {@link LineStyle}. */
  readonly style: string;
  readonly points: readonly LinePoint[];
}

export interface Panel {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly Line[];
  readonly xScale?: 'linear' | 'log';
  readonly yScale?: 'linear' | 'log';
  /** Ticks of the x axis; every x where left out. */
  readonly xValues?: readonly number[];
  /** Drawn as a thin upright line with its words. */
  readonly marker?: { readonly x: number; readonly label: string };
  readonly yZero?: boolean;
  /** The linear y axis spans at least so much, so that noise does not fill it. */
  readonly leastYRange?: number;
}

export interface PanelsFigure {
  readonly title: string;
  readonly subtitle: readonly string[];
  readonly styles: readonly LineStyle[];
  readonly panels: readonly Panel[];
  readonly columns: number;
  readonly panelWidth?: number;
  readonly panelHeight?: number;
}

export const figureFonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';
const ink = '#222222';
const paddingLeft = 76;
const gapX = 84;
const gapY = 92;
const legendWidth = 240;

export function panelsFigure(figure: PanelsFigure): Spec {
  const { panels, columns, styles, panelWidth = 340, panelHeight = 240 } = figure;
  const rows = Math.ceil(panels.length / columns);
  const width = columns * panelWidth + (columns - 1) * gapX;
  const height = rows * panelHeight + (rows - 1) * gapY;
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    // White, so that it can be read on a dark page as well.
    background: 'white',
    width,
    height,
    padding: { left: paddingLeft, right: legendWidth + 30, top: 96 + 20 * figure.subtitle.length, bottom: 60 },
    autosize: 'none',
    title: titleOf(figure),
    scales: [scaleOf(styles, 'color'), scaleOf(styles, 'dash'), scaleOf(styles, 'width')],
    marks: [
      ...panels.map((panel, index) => {
        const x = (index % columns) * (panelWidth + gapX);
        const y = Math.floor(index / columns) * (panelHeight + gapY);
        return panelMark(panel, { x, y, width: panelWidth, height: panelHeight });
      }),
      ...legendMarks(styles, width + 28),
    ],
  } as Spec;
}

export function titleOf({ title, subtitle }: Pick<PanelsFigure, 'title' | 'subtitle'>): object {
  return {
    text: title,
    subtitle: [...subtitle],
    anchor: 'start',
    frame: 'group',
    font: figureFonts,
    fontSize: 18,
    color: ink,
    subtitleFont: figureFonts,
    subtitleFontSize: 13,
    subtitleColor: '#444444',
    subtitlePadding: 6,
    offset: 34,
    dx: 12 - paddingLeft,
  };
}

function scaleOf(styles: readonly LineStyle[], key: 'color' | 'dash' | 'width'): object {
  const range = styles.map((style) => style[key] ?? 2);
  return { name: key, type: 'ordinal', domain: styles.map(({ name }) => name), range };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function panelMark(panel: Panel, { x, y, width, height }: Place): object {
  const points = panel.lines.flatMap(({ style, points }) =>
    points.map((point) => ({ style, low: point.y, high: point.y, ...point })),
  );
  const isLogY = panel.yScale === 'log';
  const xs = [...new Set(points.map((point) => point.x))].toSorted((one, other) => one - other);
  const ticks = panel.xValues ?? xs;
  const yDomain = extent(points, panel.leastYRange ?? 0);
  return {
    type: 'group',
    encode: { enter: { x: { value: x }, y: { value: y }, width: { value: width }, height: { value: height } } },
    // What grids and titles go by.
    signals: [
      { name: 'width', value: width },
      { name: 'height', value: height },
    ],
    title: {
      text: panel.title,
      anchor: 'start',
      frame: 'group',
      font: figureFonts,
      fontSize: 14,
      fontWeight: 'bold',
      color: ink,
      offset: 10,
    },
    data: [{ name: 'points', values: points }],
    scales: [
      { name: 'x', type: panel.xScale ?? 'linear', domain: [xs[0], xs.at(-1)], range: [0, width], zero: false },
      isLogY
        ? { name: 'y', type: 'log', domain: yDomain, range: [height, 0], nice: true }
        : { name: 'y', type: 'linear', domain: yDomain, range: [height, 0], nice: true, zero: panel.yZero ?? true },
    ],
    axes: [
      {
        scale: 'x',
        orient: 'bottom',
        title: panel.xTitle,
        values: ticks,
        format: '~r',
        labelOverlap: true,
        ...axisStyle,
      },
      {
        scale: 'y',
        orient: 'left',
        title: panel.yTitle,
        grid: true,
        tickCount: 5,
        format: isLogY ? '~s' : '~r',
        ...axisStyle,
      },
    ],
    marks: [...markerMarks(panel, height), linesMark()],
  };
}

function extent(points: readonly { readonly low: number; readonly high: number }[], least: number): [number, number] {
  const [low, high] = [Math.min(...points.map((one) => one.low)), Math.max(...points.map((one) => one.high))];
  const room = Math.max(0, (least - (high - low)) / 2);
  return [low - room, high + room];
}

export const axisStyle: Readonly<Record<string, string | number>> = {
  labelFont: figureFonts,
  titleFont: figureFonts,
  labelFontSize: 12,
  titleFontSize: 13,
  titleFontWeight: 'normal',
  labelColor: ink,
  titleColor: ink,
  domainColor: '#888888',
  tickColor: '#888888',
  gridColor: '#E4E4E4',
};

function markerMarks({ marker }: Panel, height: number): object[] {
  if (marker === undefined) return [];
  const x = { scale: 'x', value: marker.x };
  const stroke = { value: '#AAAAAA' };
  const rule = { x, y: { value: 0 }, y2: { value: height }, stroke, strokeDash: { value: [2, 3] } };
  const words = {
    x,
    y: { value: 8 },
    dx: { value: 4 },
    text: { value: marker.label },
    fill: { value: '#666666' },
    font: { value: figureFonts },
    fontSize: { value: 11 },
    baseline: { value: 'middle' },
  };
  return [
    { type: 'rule', encode: { enter: rule } },
    { type: 'text', encode: { enter: words } },
  ];
}

function linesMark(): object {
  const ofStyle = (scale: string) => ({ scale, field: 'style' });
  const x = { scale: 'x', field: 'x' };
  const y = (field: string) => ({ scale: 'y', field });
  const from = { data: 'line' };
  const band = { x, y: y('low'), y2: y('high'), fill: ofStyle('color'), fillOpacity: { value: 0.16 } };
  const line = { x, y: y('y'), stroke: ofStyle('color'), strokeWidth: ofStyle('width'), strokeDash: ofStyle('dash') };
  const dot = { x, y: y('y'), fill: ofStyle('color'), size: { value: 18 } };
  return {
    type: 'group',
    from: { facet: { name: 'line', data: 'points', groupby: 'style' } },
    marks: [
      { type: 'area', from, encode: { enter: band } },
      { type: 'line', from, encode: { enter: line } },
      { type: 'symbol', from, encode: { enter: dot } },
    ],
  };
}

/** One line below the other, right of all panels. */
function legendMarks(styles: readonly LineStyle[], x: number): object[] {
  return styles.flatMap(({ name, color, dash, width = 2 }, index) => {
    const y = { value: 6 + 22 * index };
    const stroke = { stroke: { value: color }, strokeWidth: { value: width }, strokeDash: { value: dash } };
    return [
      { type: 'rule', encode: { enter: { x: { value: x }, x2: { value: x + 30 }, y, ...stroke } } },
      { type: 'text', encode: { enter: { x: { value: x + 38 }, y, text: { value: name }, ...textStyle } } },
    ];
  });
}

export const textStyle: Readonly<Record<string, { readonly value: string | number }>> = {
  fill: { value: ink },
  font: { value: figureFonts },
  fontSize: { value: 13 },
  baseline: { value: 'middle' },
};
