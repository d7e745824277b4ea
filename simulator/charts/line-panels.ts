// Draws line charts side by side: lines with 95 % bands over a number, on linear or logarithmic axes; names stand in a legend above, or at
// the ends of the lines. Data in, specification out; nothing here is specific to one figure.

import type { Estimate } from './bootstrap.ts';
import {
  axisWidth,
  bandOpacity,
  dashes,
  type Figure,
  type FigureText,
  figureOf,
  figureWidth,
  legendColumns,
  lineHeight,
  lineWidths,
  markerColor,
  notFromZero,
  panelTitle,
  textSizes,
  widthOf,
  wrapped,
} from './theme.ts';

export interface LineStyle {
  readonly name: string;
  readonly color: string;
  /** One of `dashes` of the theme. */
  readonly dash: readonly number[];
  /** One of `lineWidths` of the theme. */
  readonly width?: number;
  /** Points are not marked: there are many, or a line is the same everywhere. */
  readonly hidesPoints?: boolean;
}

export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
  /** Upright below the point. */
  readonly label?: string;
}

/** A point with its 95 % band. @param scale 100 for shares in per cent */
export function estimatePoint(x: number, { value, interval: [low, high] }: Estimate, scale = 1): LinePoint {
  return { x, y: scale * value, low: scale * low, high: scale * high };
}

export interface Line {
  /** Name of a {@link LineStyle}. */
  readonly style: string;
  readonly points: readonly LinePoint[];
}

/** A line of each style, through the rows of its name. */
export function linesOf<Row>(
  styles: readonly Pick<LineStyle, 'name'>[],
  rows: readonly Row[],
  nameOf: (row: Row) => string,
  pointOf: (row: Row) => LinePoint,
): Line[] {
  return styles.map(({ name }) => {
    return { style: name, points: rows.filter((row) => nameOf(row) === name).map(pointOf) };
  });
}

export interface Panel {
  /** Left out where the figure has one panel only. */
  readonly title?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly Line[];
  readonly xScale?: 'linear' | 'log';
  readonly yScale?: 'linear' | 'log';
  /** Ticks of the x axis: these, or about so many; every x where left out. */
  readonly xTicks?: readonly number[] | number;
  /** Drawn as a thin upright line with its words. */
  readonly marker?: { readonly x: number; readonly label: string };
  readonly xZero?: boolean;
  /** Default true. */
  readonly yZero?: boolean;
  /** The linear y axis spans at least so much, so that noise does not fill it. */
  readonly leastYRange?: number;
}

export interface PanelsFigure extends FigureText {
  readonly styles: readonly LineStyle[];
  readonly panels: readonly Panel[];
  /** Default 1. */
  readonly columns?: 1 | 2;
  /** At the end of each line a name needs no matching of colours; for one column. Default: a legend. */
  readonly names?: 'legend' | 'at-ends';
}

const heights = { 1: 330, 2: 230 } as const;
/** Between the end of a line and its name. */
const leaderWidth = 26;
/** Length of a line in the legend. */
const sampleWidth = 40;

export function panelsFigure(figure: PanelsFigure): Figure {
  const { panels, styles, columns = 1, names = 'legend' } = figure;
  const namesLines = names === 'at-ends';
  // A bold name is wider.
  const right = namesLines ? Math.max(...styles.map(({ name }) => 1.1 * widthOf(name))) + leaderWidth : 0;
  const width = figureWidth / columns - axisWidth - 32 - right;
  const height = Math.max(heights[columns], namesLines ? lineHeight * (styles.length + 2) : 0);
  const series = seriesOf(styles, !namesLines && styles.length > 1);
  const concat = panels.map((panel) => panelOf(panel, { width, height }, styles, series, namesLines));
  return figureOf(figure, { columns, spacing: 28, concat });
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Colour and dash by the style of a line. */
function seriesOf(styles: readonly LineStyle[], hasLegend: boolean) {
  const domain = styles.map(({ name }) => name);
  const sample = {
    symbolType: 'stroke',
    symbolOpacity: 1,
    symbolStrokeWidth: lineWidths.usual,
    symbolSize: sampleWidth ** 2,
    columns: legendColumns(domain, sampleWidth),
  };
  const legend = hasLegend ? sample : null;
  const by = (range: readonly unknown[]) => ({ field: 'style', type: 'nominal', scale: { domain, range }, legend });
  return {
    color: by(styles.map(({ color }) => color)),
    strokeDash: by(styles.map(({ dash }) => [...dash])),
  };
}

function isMain({ width = lineWidths.usual }: LineStyle): boolean {
  return width > lineWidths.usual;
}

function panelOf(
  panel: Panel,
  { width, height }: Size,
  styles: readonly LineStyle[],
  series: ReturnType<typeof seriesOf>,
  namesLines: boolean,
): object {
  const { lines, xScale = 'linear', yScale = 'linear', xZero = false, marker } = panel;
  const styleOf = new Map(styles.map((style) => [style.name, style]));
  const points = lines.flatMap(({ style, points: own }) => {
    const { width: stroke = lineWidths.usual, hidesPoints = false } = styleOf.get(style) as LineStyle;
    const area = hidesPoints ? 0 : stroke > lineWidths.usual ? 90 : 60;
    return own.map((point) => ({ style, area, stroke, low: point.y, high: point.y, ...point }));
  });
  const xs = [...new Set(points.map((point) => point.x))].toSorted((one, other) => one - other);
  const { xTicks = xs } = panel;
  const ticks = typeof xTicks === 'number' ? { tickCount: xTicks } : { values: xTicks };
  const domain = extent(panel, points);
  const yTicks = yScale === 'log' ? { values: logTicks(domain) } : { tickCount: Math.max(5, Math.round(height / 60)) };
  const x = {
    field: 'x',
    type: 'quantitative',
    scale: { type: xScale, domain: [xZero ? 0 : xs[0], xs.at(-1)], nice: false, ...notFromZero(xScale) },
    axis: { title: wrapped(panel.xTitle, width + 60), format: ',~r', labelOverlap: 'greedy', ...ticks },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    scale: { type: yScale, domain, nice: true, ...notFromZero(yScale) },
    axis: { title: panel.yTitle, format: yScale === 'log' ? '~s' : '~r', grid: true, ...yTicks },
  });
  const { color } = series;
  const band = points.some(({ low, high }) => low !== high)
    ? [{ mark: { type: 'area', opacity: bandOpacity }, encoding: { x, y: y('low'), y2: { field: 'high' }, color } }]
    : [];
  const upright = { type: 'text', angle: -90, align: 'right', dx: -8, fontSize: textSizes.small };
  const labelled = points.filter(({ label }) => label !== undefined);
  const words = { data: { values: labelled }, mark: upright, encoding: { x, y: y('y'), text: { field: 'label' } } };
  return {
    ...panelTitle(panel.title ?? '', width + axisWidth / 2),
    width,
    height,
    data: { values: points },
    layer: [
      ...band,
      ...(marker === undefined ? [] : markerLayers(marker, x)),
      { mark: 'line', encoding: { x, y: y('y'), ...series, strokeWidth: asGiven('stroke') } },
      {
        mark: { type: 'point', filled: true, opacity: 1 },
        encoding: { x, y: y('y'), color, size: asGiven('area') },
      },
      ...(labelled.length > 0 ? [words] : []),
      ...(namesLines ? nameLayers(panel, { width, height }, styleOf, { x, y, color }) : []),
    ],
  };
}

/** A value of the data as it is, without a scale. */
function asGiven(field: string): object {
  return { field, type: 'quantitative', scale: null, legend: null };
}

/** The axis begins at 0 unless the panel says otherwise; a logarithmic axis has no 0. */
function extent(
  { yScale, yZero = true, leastYRange = 0 }: Panel,
  points: readonly { readonly low: number; readonly high: number }[],
): [number, number] {
  const least = Math.min(...points.map((one) => one.low));
  const low = yZero && yScale !== 'log' ? Math.min(0, least) : least;
  const high = Math.max(...points.map((one) => one.high), low);
  const room = Math.max(0, (leastYRange - (high - low)) / 2);
  return [low - room, high + room];
}

/** Powers of ten, of which the axis begins and ends at one; where they are few, 2 and 5 as well. */
function logTicks([low, high]: readonly [number, number]): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const powers = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  return powers.length > 2 ? powers : powers.flatMap((power) => [power, 2 * power, 5 * power]);
}

function markerLayers({ x: at, label }: NonNullable<Panel['marker']>, x: object): object[] {
  const data = { values: [{ x: at, label }] };
  const text = { type: 'text', align: 'right', dx: -5, y: 8, fontSize: textSizes.small, fill: markerColor };
  return [
    { data, mark: { type: 'rule', strokeDash: dashes.dotted, color: markerColor }, encoding: { x } },
    { data, mark: text, encoding: { x, text: { field: 'label' } } },
  ];
}

/** A thin line from the last point to the name, which may have moved. */
function nameLayers(
  panel: Panel,
  size: Size,
  styleOf: ReadonlyMap<string, LineStyle>,
  { x, y, color }: { readonly x: object; readonly y: (field: string) => object; readonly color: object },
): object[] {
  const values = namesAtEnds(panel, size.height).map((end) => {
    return { ...end, style: end.name, isMain: isMain(styleOf.get(end.name) as LineStyle) };
  });
  const weight = { expr: "datum.isMain ? 'bold' : 'normal'" };
  const leader = { x, x2: { value: size.width + leaderWidth }, y: y('y'), y2: { field: 'at' }, color };
  const name = { x: { value: size.width + leaderWidth + 5 }, y: y('at'), text: { field: 'name' } };
  return [
    { data: { values }, mark: { type: 'rule', strokeWidth: 1 }, encoding: leader },
    { data: { values }, mark: { type: 'text', align: 'left', fontWeight: weight }, encoding: name },
  ];
}

interface LineEnd {
  readonly name: string;
  /** The last point. */
  readonly x: number;
  readonly y: number;
  /** Where on the y axis the name stands. */
  readonly at: number;
}

/** The last point of each line, and the place of its name, moved up or down where names would overlap. */
function namesAtEnds({ lines, yScale, yZero = true }: Panel, height: number): LineEnd[] {
  const isLog = yScale === 'log';
  const toAxis = (y: number): number => (isLog ? Math.log(y) : y);
  const tops = lines.flatMap(({ points }) => points.map(({ y }) => toAxis(y)));
  const lowest = Math.min(...(yZero && !isLog ? [0] : []), ...tops);
  const ends = lines.flatMap(({ style: name, points }) =>
    points.slice(-1).map(({ x, y }) => ({ name, x, y, at: toAxis(y) })),
  );
  const apart = spread(ends, ((Math.max(...tops) - lowest) * lineHeight) / height);
  return apart.map((end) => ({ ...end, at: isLog ? Math.exp(end.at) : end.at }));
}

/** Moves what is closer than `gap` apart, in both directions. @returns in growing order */
export function spread<End extends { readonly at: number }>(ends: readonly End[], gap: number): End[] {
  const sorted = ends.toSorted((one, other) => one.at - other.at);
  const places = sorted.map(({ at }) => at);
  for (let round = 0; round < 100; round++) {
    for (let upper = 1; upper < places.length; upper++) {
      const overlap = gap - ((places[upper] as number) - (places[upper - 1] as number));
      if (overlap <= 0) continue;
      places[upper - 1] = (places[upper - 1] as number) - overlap / 2;
      places[upper] = (places[upper] as number) + overlap / 2;
    }
  }
  return sorted.map((end, index) => ({ ...end, at: places[index] as number }));
}
