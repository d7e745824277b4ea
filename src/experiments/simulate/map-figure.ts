// The map of a run's report, as a specification: streets where a map knows them, servers, devices, and who serves whom. Data in, picture
// out; it knows no run.

import type { Spec } from 'vega';
import type { StreetMask } from '../../world/street-mask.ts';
import { at, colors, mark, size } from './figures.ts';
import type { ReportNotes } from './report-notes.ts';

type Extent = readonly [number, number];

export function mapFigure({ places, sites }: ReportNotes, streets: StreetMask | undefined): Spec {
  const links = places.flatMap(({ x, y, server }) => {
    const site = sites[server];
    return site === undefined ? [] : [{ x, y, toX: site.x, toY: site.y }];
  });
  const [xs, ys] = extents([...places, ...sites]);
  const devices = places.map((place) => ({ ...place, served: place.server >= 0 ? 'served' : 'not served' }));
  const label = {
    x: at('x', 'x'),
    y: at('y', 'y'),
    dx: { value: 8 },
    text: { field: 'name' },
    fontSize: { value: 11 },
  };
  const halo = { ...label, stroke: { value: 'white' }, strokeWidth: { value: 3 } };
  const link = {
    x: at('x', 'x'),
    y: at('y', 'y'),
    x2: at('x', 'toX'),
    y2: at('y', 'toY'),
    stroke: { value: '#777777' },
  };
  const site = { size: { value: 90 }, shape: { value: 'triangle-up' }, fill: { value: 'black' } };
  return {
    ...size,
    height: size.width,
    title: 'Last slot: devices and their servers',
    data: [
      { name: 'streets', values: streets === undefined ? [] : [{ path: streetPath(streets, xs, ys) }] },
      { name: 'links', values: links },
      { name: 'devices', values: devices },
      { name: 'sites', values: sites.map((place, index) => ({ ...place, name: `${index}` })) },
    ],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: [...xs] },
      { name: 'y', type: 'linear', range: 'height', domain: [...ys] },
      { name: 'color', type: 'ordinal', domain: ['served', 'not served'], range: colors.slice(0, 2) },
      { name: 'shape', type: 'ordinal', domain: ['server'], range: ['triangle-up'] },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'x, m', tickCount: 8 },
      { orient: 'left', scale: 'y', title: 'y, m', tickCount: 8 },
    ],
    legends: [
      { shape: 'shape', orient: 'bottom', symbolFillColor: 'black', symbolStrokeColor: 'black' },
      { fill: 'color', orient: 'bottom', direction: 'horizontal' },
    ],
    marks: [
      mark('path', 'streets', { path: { field: 'path' }, fill: { value: '#e4e4e4' } }),
      mark('rule', 'links', link),
      mark('symbol', 'devices', { x: at('x', 'x'), y: at('y', 'y'), size: { value: 40 }, fill: at('color', 'served') }),
      mark('symbol', 'sites', { x: at('x', 'x'), y: at('y', 'y'), ...site }),
      mark('text', 'sites', halo),
      mark('text', 'sites', label),
    ],
  };
}

/** A square around all places: as many metres to a pixel in both directions. */
function extents(places: readonly { readonly x: number; readonly y: number }[]): [Extent, Extent] {
  const range = (values: readonly number[]): Extent => [Math.min(...values), Math.max(...values)];
  const [xs, ys] = [range(places.map(({ x }) => x)), range(places.map(({ y }) => y))];
  const half = 0.55 * Math.max(1, xs[1] - xs[0], ys[1] - ys[0]);
  const around = ([low, high]: Extent): Extent => [(low + high) / 2 - half, (low + high) / 2 + half];
  return [around(xs), around(ys)];
}

/** Runs of street cells of each row as one outline, in pixels of the square; cut here, since a clip gets another name in each picture. */
function streetPath(
  { walkable, rows, columns, cellMetres, originX, originY }: StreetMask,
  xs: Extent,
  ys: Extent,
): string {
  const pixels = size.width / (xs[1] - xs[0]);
  const inside = (pixel: number): string => Math.min(size.width, Math.max(0, pixel)).toFixed(1);
  const across = (column: number): string => inside((originX + column * cellMetres - xs[0]) * pixels);
  const down = (row: number): string => inside(size.width - (originY + row * cellMetres - ys[0]) * pixels);
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
