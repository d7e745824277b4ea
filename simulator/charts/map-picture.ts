// Draws a radio map, a rectangle for cells side by side with the same value, with its sites: the gain of one site or of the strongest one,
// which site that is, or how many sites have energy.

import type { RadioMap } from '../world/radio-map.ts';
import type { StreetMask } from '../world/street-mask.ts';
import { background, type Figure, figureOf, figureWidth, ink, textSizes } from './theme.ts';

export const layerNames = ['gain', 'server', 'coverage'] as const;
export type LayerName = (typeof layerNames)[number];

/** Values of the cells; null: no energy. */
type CellValues = readonly (number | string | null)[];

export interface Layer {
  readonly title: string;
  readonly legend: string;
  readonly values: CellValues;
}

const silentColor = '#e0457b';
const stepDb = 5;
/** Gains beyond these count as these. */
const gainsDb = [-130, -60] as const;

/** @param site whose gain is drawn; without it that of the strongest site */
export function layerOf(map: RadioMap, draw: LayerName, site?: number): Layer {
  const { sites } = map.header;
  const each = (of: (cell: number) => CellValues[number]) => Array.from(map.streets.walkable, (_, cell) => of(cell));
  switch (draw) {
    case 'gain': {
      const whose = site === undefined ? 'the strongest site' : `site ${sites[site]?.name}`;
      const values = each((cell) => {
        const from = site ?? strongestSite(map, cell);
        const gain = from === undefined ? Number.NaN : gainAt(map, from, cell);
        if (Number.isNaN(gain)) return null;
        return Math.max(gainsDb[0], Math.min(gainsDb[1], stepDb * Math.floor(gain / stepDb)));
      });
      return { title: `path gain of ${whose}`, legend: 'path gain, dB', values };
    }
    case 'server':
      return {
        title: 'the strongest site',
        legend: 'strongest site',
        values: each((cell) => sites[strongestSite(map, cell) ?? -1]?.name ?? null),
      };
    case 'coverage':
      return {
        title: 'how many sites can be heard',
        legend: 'sites with energy',
        values: each((cell) => siteCountAt(map, cell) || null),
      };
  }
}

/** @param site whose gain is drawn @param name of the map; its attribution is part of the picture, as its licence asks */
export function mapPicture(map: RadioMap, draw: LayerName, site: number | undefined, name: string): Figure {
  const { scene, frequencyHz, cellMetres, heightMetres, sites, attribution } = map.header;
  const { title, legend, values } = layerOf(map, draw, site);
  const runs = streetRuns(map.streets, values);
  const places = [
    ...runs.flatMap(({ x, toX, y, toY }) => [
      { x, y },
      { x: toX, y: toY },
    ]),
    ...sites,
  ];
  const [xs, ys] = (['x', 'y'] as const).map((axis) => {
    const all = places.map((place) => place[axis]);
    return [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))] as const;
  }) as [readonly [number, number], readonly [number, number]];
  const width = figureWidth - 260;
  const along = (field: string, domain: readonly number[]) => ({
    field,
    type: 'quantitative',
    scale: { domain, zero: false, nice: false },
    axis: { title: 'metres', tickCount: 6 },
  });
  const [x, y] = [along('x', xs), along('y', ys)];
  const rect = { x, y, x2: { field: 'toX' }, y2: { field: 'toY' } };
  const scale =
    draw === 'server' ? { scheme: 'tableau20', domain: sites.map(({ name: one }) => one) } : { scheme: 'viridis' };
  const type = draw === 'server' ? 'nominal' : draw === 'gain' ? 'quantitative' : 'ordinal';
  const color = { field: 'value', type, scale, legend: { title: legend, orient: 'right', offset: 50 } };
  const isChosen = site === undefined ? 'true' : `datum.index === ${site}`;
  const words = { type: 'text', align: 'left', dx: 9, fontSize: textSizes.small, fontWeight: 'bold' };
  const label = { encoding: { x, y, text: { field: 'name' } } };
  const facts = `${frequencyHz / 1e9} GHz, ${sites.length} sites, cells of ${cellMetres} m, ${heightMetres} m above the ground`;
  // A line of its own colour around each rectangle: no seams show.
  const seamless = { type: 'rect', strokeWidth: 0.5 };
  return figureOf(
    {
      title: `${name}: ${title}`,
      subtitle: [`Ray traced: scene ${scene}, ${facts}. Pink: no energy. White: no street.`, attribution],
    },
    {
      width,
      height: (width * (ys[1] - ys[0])) / (xs[1] - xs[0]),
      layer: [
        {
          data: { values: runs.filter(({ value }) => value !== null) },
          mark: seamless,
          encoding: { ...rect, fill: color, stroke: color },
        },
        {
          data: { values: runs.filter(({ value }) => value === null) },
          mark: { ...seamless, fill: silentColor, stroke: silentColor },
          encoding: rect,
        },
        {
          data: { values: sites.map((one, index) => ({ ...one, index })) },
          mark: {
            type: 'point',
            shape: 'triangle-up',
            size: 130,
            fill: { expr: `${isChosen} ? '${background}' : '#8a8f9c'` },
            stroke: ink,
            strokeWidth: 1.6,
            opacity: 1,
          },
          encoding: { x, y },
        },
        // A halo keeps names readable.
        { data: { values: sites }, mark: { ...words, stroke: background, strokeWidth: 3.5 }, ...label },
        { data: { values: sites }, mark: words, ...label },
      ],
    },
  );
}

/** Street cells side by side with the same value, as rectangles in metres. @param values of the cells; default: all alike */
export function streetRuns({ walkable, rows, columns, cellMetres, originX, originY }: StreetMask, values?: CellValues) {
  const runs: { x: number; toX: number; y: number; toY: number; value: CellValues[number] }[] = [];
  for (let row = 0; row < rows; row++) {
    const [y, toY] = [originY + row * cellMetres, originY + (row + 1) * cellMetres];
    const acrossM = (cell: number): number => originX + (cell - row * columns) * cellMetres;
    const end = (row + 1) * columns;
    for (let from = row * columns; from < end; ) {
      let to = from + 1;
      while (to < end && walkable[to] === walkable[from] && values?.[to] === values?.[from]) to++;
      if (walkable[from] === 1)
        runs.push({ x: acrossM(from), toX: acrossM(to), y, toY, value: values?.[from] ?? null });
      from = to;
    }
  }
  return runs;
}

/** Path gain in dB; NaN where no ray came. */
export function gainAt({ header, gainDb }: RadioMap, site: number, cell: number): number {
  return gainDb[cell * header.sites.length + site] as number;
}

/** The site with the largest gain in a cell; undefined where no ray came from any. */
export function strongestSite(map: RadioMap, cell: number): number | undefined {
  let best: number | undefined;
  for (let site = 0; site < map.header.sites.length; site++) {
    const gain = gainAt(map, site, cell);
    if (!Number.isNaN(gain) && (best === undefined || gain > gainAt(map, best, cell))) best = site;
  }
  return best;
}

/** The number of sites that send any energy into a cell. */
export function siteCountAt(map: RadioMap, cell: number): number {
  return map.header.sites.filter((_, site) => !Number.isNaN(gainAt(map, site, cell))).length;
}
