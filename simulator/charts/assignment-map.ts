// Draws a decision as a map: servers, devices, and a line from each device to its server; the width of a line is the share of the server's
// band. Streets are drawn below where the map has them.

import type { Assignment, SlotState } from '../../src/allocation/slot/slot-state.ts';
import type { StreetMask } from '../world/street-mask.ts';
import { streetRuns } from './map-picture.ts';
import {
  background,
  type Figure,
  type FigureText,
  faintColor,
  figureOf,
  gridColor,
  ink,
  seriesColor,
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
): Figure {
  const devices = devicesOf(state, assignment);
  const servers = serversOf(state);
  const [xs, ys] = extents([...devices, ...servers]);
  const legend = 'Squares: servers. Width of a line: share of the band. Grey: not served.';
  const [x, y] = [along('x', xs), along('y', ys)];
  const as = (type: 'nominal' | 'quantitative', field: string) => ({ field, type, scale: null, legend: null });
  const to = { x2: { field: 'toX' }, y2: { field: 'toY' } };
  const color = as('nominal', 'color');
  const label = { encoding: { x, y, text: { field: 'label' } } };
  const above = { type: 'text', dy: -22 };
  return figureOf(
    { title, subtitle: [...subtitle, legend] },
    {
      width: size,
      height: size,
      layer: [
        {
          data: { values: streets === undefined ? [] : streetRuns(streets) },
          mark: { type: 'rect', color: gridColor },
          encoding: { x, y, ...to },
        },
        {
          data: { values: devices },
          mark: { type: 'rule', strokeOpacity: 0.55 },
          encoding: { x, y, ...to, color, strokeWidth: as('quantitative', 'width') },
        },
        {
          data: { values: devices },
          mark: { type: 'point', filled: true, opacity: 1, stroke: background, strokeWidth: 1 },
          encoding: { x, y, fill: color, size: as('quantitative', 'size') },
        },
        {
          data: { values: servers },
          mark: { type: 'point', shape: 'square', filled: true, opacity: 1, size: 230, stroke: ink, strokeWidth: 1 },
          encoding: { x, y, fill: color },
        },
        // A halo keeps labels readable over lines.
        { data: { values: servers }, mark: { ...above, stroke: background, strokeWidth: 4 }, ...label },
        { data: { values: servers }, mark: above, ...label },
      ],
    },
  );
}

/** Cut at the edges of the map. */
function along(field: string, domain: Extent): object {
  const scale = { domain, clamp: true, nice: false, zero: false };
  return { field, type: 'quantitative', scale, axis: { tickCount: 6, title: 'metres' } };
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

/** A square around all places: as many metres to a pixel in both directions. */
function extents(places: readonly { readonly x: number; readonly y: number }[]): [Extent, Extent] {
  const range = (values: readonly number[]): Extent => [Math.min(...values), Math.max(...values)];
  const [xs, ys] = [range(places.map(({ x }) => x)), range(places.map(({ y }) => y))];
  const half = 0.55 * Math.max(1, xs[1] - xs[0], ys[1] - ys[0]);
  const around = ([low, high]: Extent): Extent => [(low + high) / 2 - half, (low + high) / 2 + half];
  return [around(xs), around(ys)];
}
