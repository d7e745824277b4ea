// Draws line charts side by side: lines with 95 % bands over a number, on linear or logarithmic axes; names stand in a legend above, or at
// the ends of the lines. Data in, specification out; nothing here is specific to one figure.

import type { Mark, Spec } from 'vega';
import type { Estimate } from './bootstrap.ts';
import {
  at,
  axis,
  axisWidth,
  bandOpacity,
  dashes,
  type FigureText,
  figureFrame,
  figureWidth,
  groupMark,
  type Legend,
  legendOf,
  lineWidths,
  mark,
  markerColor,
  type Place,
  panelTitle,
  pointShapes,
  textSizes,
  textStyle,
  titleLines,
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

const room = { left: axisWidth, right: 24, betweenColumns: axisWidth + 10 } as const;
const heights = { 1: 330, 2: 230 } as const;
/** Height of a line of a title, and of a name at the end of a line. */
const lineHeight = 21;
/** Between the end of a line and its name. */
const leaderWidth = 26;

function layoutOf({ panels, columns = 1, styles, names = 'legend' }: PanelsFigure) {
  // A bold name is wider.
  const nameWidth = Math.max(...styles.map(({ name }) => 1.1 * widthOf(name))) + leaderWidth + 8;
  const right = names === 'at-ends' ? nameWidth : room.right;
  const width = (figureWidth - room.left - right - (columns - 1) * room.betweenColumns) / columns;
  const titleWidth = width + room.betweenColumns / 2;
  const heads = panels.flatMap(({ title }) => (title === undefined ? [] : [titleLines(title, titleWidth).length]));
  const panelTitleHeight = heads.length === 0 ? 0 : 12 + lineHeight * Math.max(...heads);
  const bottom = 44 + lineHeight * Math.max(...panels.map(({ xTitle }) => wrapped(xTitle, titleWidth).length));
  const height = Math.max(heights[columns], names === 'at-ends' ? lineHeight * (styles.length + 2) : 0);
  const step = { x: width + room.betweenColumns, y: height + bottom + panelTitleHeight };
  return {
    width,
    height,
    step,
    titleWidth,
    bottom,
    panelTitleHeight,
    rows: Math.ceil(panels.length / columns),
    columns,
  };
}

export function panelsFigure(figure: PanelsFigure): Spec {
  const { panels, styles, names = 'legend' } = figure;
  const { width, height, step, titleWidth, bottom, panelTitleHeight, rows, columns } = layoutOf(figure);
  const size = { width: (columns - 1) * step.x + width, height: (rows - 1) * step.y + height, left: room.left, bottom };
  const legend = names === 'legend' && styles.length > 1 ? { legend: lineLegend(styles) } : {};
  return figureFrame(
    figure,
    { ...size, panelTitleHeight, ...legend },
    {
      scales: scalesOf(styles),
      marks: panels.map((panel, index) => {
        const place = { x: (index % columns) * step.x, y: Math.floor(index / columns) * step.y, width, height };
        return panelMark(panel, place, titleWidth, names === 'at-ends');
      }),
    },
  );
}

function shapeOf(index: number): string {
  return pointShapes[index % pointShapes.length] as string;
}

/** Area of a mark at a point. */
function pointArea({ width = lineWidths.usual, hidesPoints = false }: LineStyle): number {
  if (hidesPoints) return 0;
  return width > lineWidths.usual ? 90 : 60;
}

function scalesOf(styles: readonly LineStyle[]): NonNullable<Spec['scales']> {
  const domain = styles.map(({ name }) => name);
  const ranges = {
    color: styles.map(({ color }) => color),
    dash: styles.map(({ dash }) => [...dash]),
    width: styles.map(({ width = lineWidths.usual }) => width),
    area: styles.map(pointArea),
    shape: styles.map((_, index) => shapeOf(index)),
  };
  return Object.entries(ranges).map(([name, range]) => ({ name, type: 'ordinal', domain, range })) as NonNullable<
    Spec['scales']
  >;
}

/** A piece of each line before its name. */
function lineLegend(styles: readonly LineStyle[]): Legend {
  const entries = styles.map((style, index) => ({ label: style.name, style, shape: shapeOf(index) }));
  return legendOf(entries, 40, ({ style, shape }, x, y) => {
    const { color, dash, width = lineWidths.usual } = style;
    const stroke = { stroke: { value: color }, strokeWidth: { value: width }, strokeDash: { value: dash } };
    const point = { fill: { value: color }, shape: { value: shape }, size: { value: pointArea(style) } };
    return [
      { type: 'rule', encode: { enter: { x: { value: x }, x2: { value: x + 40 }, y: { value: y }, ...stroke } } },
      { type: 'symbol', encode: { enter: { x: { value: x + 20 }, y: { value: y }, ...point } } },
    ];
  });
}

function panelMark(panel: Panel, place: Place, titleWidth: number, namesLines: boolean): Mark {
  const points = panel.lines.flatMap(({ style, points }) =>
    points.map((point) => ({ style, low: point.y, high: point.y, ...point })),
  );
  const isLogY = panel.yScale === 'log';
  const xs = [...new Set(points.map((point) => point.x))].toSorted((one, other) => one - other);
  const { xTicks = xs, xZero = false, yZero = true } = panel;
  const ticks =
    typeof xTicks === 'number'
      ? { tickCount: xTicks, labelOverlap: 'parity' }
      : { values: xTicks, labelOverlap: 'greedy' };
  const y = { name: 'y', domain: extent(points, panel.leastYRange ?? 0), range: [place.height, 0], nice: true };
  const yTicks = isLogY ? { values: logTicks(y.domain) } : { tickCount: Math.max(5, Math.round(place.height / 60)) };
  const x = { name: 'x', domain: [xZero ? 0 : xs[0], xs.at(-1)], range: [0, place.width], zero: false };
  return groupMark(place, {
    data: [
      { name: 'points', values: points },
      { name: 'names', values: namesLines ? namesAtEnds(panel, place.height) : [] },
    ],
    scales: [
      { ...x, type: panel.xScale ?? 'linear' },
      isLogY ? { ...y, type: 'log' } : { ...y, type: 'linear', zero: yZero },
    ],
    axes: [
      axis('x', { title: wrapped(panel.xTitle, titleWidth), format: ',~r', ...ticks }),
      axis('y', { title: panel.yTitle, format: isLogY ? '~s' : '~r', grid: true, ...yTicks }),
    ],
    marks: [
      ...(panel.title === undefined ? [] : panelTitle(panel.title, titleWidth)),
      ...markerMarks(panel, place.height),
      linesMark(),
      labelsMark(),
      ...namesMarks(),
    ],
  });
}

/** Powers of ten, of which the axis begins and ends at one; where they are few, 2 and 5 as well. */
function logTicks([low, high]: readonly [number, number]): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const powers = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  return powers.length > 2 ? powers : powers.flatMap((power) => [power, 2 * power, 5 * power]);
}

function extent(points: readonly { readonly low: number; readonly high: number }[], least: number): [number, number] {
  const [low, high] = [Math.min(...points.map((one) => one.low)), Math.max(...points.map((one) => one.high))];
  const room = Math.max(0, (least - (high - low)) / 2);
  return [low - room, high + room];
}

function markerMarks({ marker }: Panel, height: number): object[] {
  if (marker === undefined) return [];
  const x = { scale: 'x', value: marker.x };
  const stroke = { value: markerColor };
  const rule = { x, y: { value: 0 }, y2: { value: height }, stroke, strokeDash: { value: dashes.dotted } };
  const place = { x, y: { value: 8 }, dx: { value: -5 }, align: { value: 'right' } };
  const small = { fontSize: { value: textSizes.small }, fill: stroke };
  const words = { ...textStyle, ...place, ...small, text: { value: marker.label } };
  return [
    { type: 'rule', encode: { enter: rule } },
    { type: 'text', encode: { enter: words } },
  ];
}

function linesMark(): object {
  const [color, x, y] = [at('color', 'style'), at('x', 'x'), at('y', 'y')];
  const stroke = { stroke: color, strokeWidth: at('width', 'style'), strokeDash: at('dash', 'style') };
  return {
    type: 'group',
    from: { facet: { name: 'line', data: 'points', groupby: 'style' } },
    marks: [
      mark('area', 'line', {
        x,
        y: at('y', 'low'),
        y2: at('y', 'high'),
        fill: color,
        fillOpacity: { value: bandOpacity },
      }),
      mark('line', 'line', { x, y, ...stroke }),
      mark('symbol', 'line', { x, y, fill: color, size: at('area', 'style'), shape: at('shape', 'style') }),
    ],
  };
}

/** Upright, since points may lie close to one another. */
function labelsMark(): Mark {
  const place = { x: at('x', 'x'), y: { ...at('y', 'y'), offset: 10 }, align: { value: 'right' } };
  const label = { text: { field: 'label' }, angle: { value: -90 }, fontSize: { value: textSizes.small } };
  return mark('text', 'points', { ...textStyle, ...place, ...label });
}

/** A thin line from the last point to the name, which may have moved. */
function namesMarks(): Mark[] {
  const y2 = at('y', 'at');
  const color = at('color', 'name');
  const end = { signal: `width + ${leaderWidth}` };
  const leader = { x: at('x', 'x'), y: at('y', 'y'), x2: end, y2, stroke: color, strokeWidth: { value: 1 } };
  const fontWeight = { signal: `scale('width', datum.name) > ${lineWidths.usual} ? 'bold' : 'normal'` };
  const place = { x: { signal: `width + ${leaderWidth + 5}` }, y: y2 };
  return [
    mark('rule', 'names', leader),
    mark('text', 'names', { ...textStyle, ...place, text: { field: 'name' }, fontWeight }),
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
