// Draws a decision as a map: servers, devices, and a line from each device to its server; the width of a line is the share of the server's
// band. Streets are drawn below where the map has them.

import type { Mark, Spec } from 'vega';
import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import type { StreetMask } from '../world/street-mask.ts';
import {
  at,
  axis,
  axisWidth,
  background,
  type FigureText,
  faintColor,
  figureFrame,
  gridColor,
  ink,
  mark,
  seriesColor,
  textStyle,
} from './theme.ts';

const size = 580;
/** With more servers than these a label is the number alone. */
const mostLongLabels = 8;

type Extent = readonly [number, number];

/** The parts of a slot and of its decision that are drawn. */
export type MapPlaces = Pick<
  SlotState,
  'deviceCount' | 'deviceX' | 'deviceY' | 'serverCount' | 'serverX' | 'serverY' | 'serverFlopPerSecond'
>;
export type MapLinks = Pick<Assignment, 'server' | 'bandwidthShare'>;

export function assignmentMap(
  state: MapPlaces,
  assignment: MapLinks,
  { title, subtitle }: FigureText,
  streets?: StreetMask,
): Spec {
  const devices = devicesOf(state, assignment);
  const servers = serversOf(state);
  const [xs, ys] = extents([...devices, ...servers]);
  const legend = 'Squares: servers. Width of a line: share of the band. Grey: not served.';
  return figureFrame(
    { title, subtitle: [...subtitle, legend] },
    { width: size, height: size, left: axisWidth },
    {
      data: [
        { name: 'devices', values: devices },
        { name: 'servers', values: servers },
        { name: 'streets', values: streets === undefined ? [] : [{ path: streetPath(streets, xs, ys) }] },
      ],
      scales: [
        { name: 'x', type: 'linear', domain: [...xs], range: 'width' },
        { name: 'y', type: 'linear', domain: [...ys], range: 'height' },
      ],
      axes: ['x', 'y'].map((scale) => axis(scale, { tickCount: 6, title: 'metres' })) as NonNullable<Spec['axes']>,
      marks: marksOf(),
    },
  );
}

function colorOf(server: number): string {
  return server < 0 ? faintColor : seriesColor(server);
}

function devicesOf(state: MapPlaces, { server, bandwidthShare }: MapLinks) {
  return Array.from({ length: state.deviceCount }, (_, device) => {
    const own = server[device] as number;
    const [x, y] = [state.deviceX[device] as number, state.deviceY[device] as number];
    const [toX, toY] = own < 0 ? [x, y] : [state.serverX[own] as number, state.serverY[own] as number];
    const width = 1 + 14 * (bandwidthShare[device] as number);
    return { x, y, toX, toY, color: colorOf(own), width, size: own < 0 ? 40 : 80 };
  });
}

function serversOf({ serverCount, serverX, serverY, serverFlopPerSecond }: MapPlaces) {
  return Array.from({ length: serverCount }, (_, server) => ({
    x: serverX[server] as number,
    y: serverY[server] as number,
    color: colorOf(server),
    label:
      serverCount > mostLongLabels
        ? `${server}`
        : `server ${server}, ${(1e-12 * (serverFlopPerSecond[server] as number)).toPrecision(2)} TFLOP/s`,
  }));
}

function marksOf(): Mark[] {
  const [x, y, color] = [at('x', 'x'), at('y', 'y'), { field: 'color' }];
  const link = { x, y, x2: at('x', 'toX'), y2: at('y', 'toY'), stroke: color, strokeWidth: { field: 'width' } };
  const above = { x, y: { ...y, offset: -22 }, text: { field: 'label' }, align: { value: 'center' } };
  const label = { ...textStyle, ...above };
  const site = { x, y, shape: { value: 'square' }, size: { value: 230 }, fill: color, stroke: { value: ink } };
  return [
    mark('path', 'streets', { path: { field: 'path' }, fill: { value: gridColor } }),
    mark('rule', 'devices', { ...link, strokeOpacity: { value: 0.55 } }),
    mark('symbol', 'devices', { x, y, size: { field: 'size' }, fill: color, stroke: { value: background } }),
    mark('symbol', 'servers', site),
    // A halo keeps labels readable over lines.
    mark('text', 'servers', { ...label, stroke: { value: background }, strokeWidth: { value: 4 } }),
    mark('text', 'servers', label),
  ];
}

/** A square around all places: as many metres to a pixel in both directions. */
function extents(places: readonly { readonly x: number; readonly y: number }[]): [Extent, Extent] {
  const range = (values: readonly number[]): Extent => [Math.min(...values), Math.max(...values)];
  const [xs, ys] = [range(places.map(({ x }) => x)), range(places.map(({ y }) => y))];
  const half = 0.55 * Math.max(1, xs[1] - xs[0], ys[1] - ys[0]);
  const around = ([low, high]: Extent): Extent => [(low + high) / 2 - half, (low + high) / 2 + half];
  return [around(xs), around(ys)];
}

/** Runs of street cells of each row as one outline, in pixels; cut here, since a clip gets another name in each picture. */
function streetPath(streets: StreetMask, xs: Extent, ys: Extent): string {
  const { walkable, rows, columns, cellMetres, originX, originY } = streets;
  const pixels = size / (xs[1] - xs[0]);
  const inside = (pixel: number): string => Math.min(size, Math.max(0, pixel)).toFixed(1);
  const across = (column: number): string => inside((originX + column * cellMetres - xs[0]) * pixels);
  const down = (row: number): string => inside(size - (originY + row * cellMetres - ys[0]) * pixels);
  const runs: string[] = [];
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = [down(row + 1), down(row)];
    if (top === bottom) continue;
    for (let from = 0; from < columns; from++) {
      if (walkable[row * columns + from] === 0) continue;
      let to = from + 1;
      while (to < columns && walkable[row * columns + to] !== 0) to++;
      runs.push(`M${across(from)},${top}H${across(to)}V${bottom}H${across(from)}Z`);
      from = to;
    }
  }
  return runs.join('');
}
