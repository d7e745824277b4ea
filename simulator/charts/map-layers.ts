// What a picture of a radio map can show: the gain of one site or of the strongest one, which site that is, how many are heard.

import type { RadioMap } from '../world/radio-map.ts';
import { drawMap, type MapLegend, type MapPicture } from './cell-map.ts';
import { scaleColors, siteColors } from './map-colors.ts';

export const layerNames = ['gain', 'server', 'coverage'] as const;
export type LayerName = (typeof layerNames)[number];

export type Layer = Pick<MapPicture, 'classes' | 'colors' | 'legend'> & { readonly siteColors?: readonly string[] };

const silentColor = '#e0457b';
const stepDb = 5;
/** Classes begin here and end 5 dB below it; what is stronger or weaker joins the outermost class. */
const strongestDb = -60;
const weakestDb = -130;
const mostCounted = 8;

/** @param site whose gain is drawn @returns SVG; the map's attribution is part of it, as its licence asks */
export function mapPicture(map: RadioMap, draw: LayerName, site: number | undefined, name: string): string {
  const { scene, frequencyHz, cellMetres, heightMetres, sites, attribution } = map.header;
  const { originX, originY, columns, rows } = map.streets;
  const { siteColors, ...layer } = layerOf(map, draw, site);
  const facts = `scene ${scene}, ${frequencyHz / 1e9} GHz, ${sites.length} sites, cells of ${cellMetres} m, ${heightMetres} m above the ground`;
  return drawMap({
    ...layer,
    title: `${name}: ${titleOf(draw, site === undefined ? undefined : sites[site]?.name)}`,
    subtitle: `Ray traced: ${facts}`,
    footnote: attribution,
    columns,
    rows,
    cellMetres,
    sites: sites.map(({ name: own, x, y }, index) => ({
      name: own,
      column: (x - originX) / cellMetres,
      row: (y - originY) / cellMetres,
      color: siteColors?.[index] ?? (site === undefined || site === index ? 'white' : '#8a8f9c'),
    })),
  });
}

function titleOf(draw: LayerName, site: string | undefined): string {
  if (draw === 'server') return 'the strongest site';
  if (draw === 'coverage') return 'how many sites can be heard';
  return site === undefined ? 'path gain of the strongest site' : `path gain of site ${site}`;
}

function layerOf(map: RadioMap, draw: LayerName, site: number | undefined): Layer {
  if (draw === 'server') return serverLayer(map);
  return draw === 'coverage' ? coverageLayer(map) : gainLayer(map, site);
}

/** @param site of which the gain is drawn; without it that of the strongest site */
export function gainLayer(map: RadioMap, site?: number): Layer {
  const count = (strongestDb - weakestDb) / stepDb;
  const colors = scaleColors(count);
  const classes = classify(map, (cell) => {
    const from = site ?? strongestSite(map, cell);
    const gain = from === undefined ? Number.NaN : gainAt(map, from, cell);
    if (Number.isNaN(gain)) return count;
    return Math.max(0, Math.min(count - 1, Math.floor((gain - weakestDb) / stepDb)));
  });
  const entries = colors.map((color, index) => {
    const upperDb = weakestDb + (index + 1) * stepDb;
    return { color, label: upperDb % (2 * stepDb) === 0 ? signed(upperDb) : '' };
  });
  const legend = { title: 'path gain, dB', entries: entries.toReversed(), atUpperEdge: true };
  return layerWith(legend, classes, colors);
}

export function serverLayer(map: RadioMap): Layer {
  const colors = siteColors(map.header.sites.length);
  const classes = classify(map, (cell) => strongestSite(map, cell) ?? colors.length);
  const entries = colors.map((color, site) => ({ color, label: map.header.sites[site]?.name ?? '' }));
  const legend = { title: 'strongest site', entries, atUpperEdge: false };
  return { ...layerWith(legend, classes, colors), siteColors: colors };
}

export function coverageLayer(map: RadioMap): Layer {
  const most = Math.min(mostCounted, map.header.sites.length);
  const colors = most === 1 ? scaleColors(2).slice(1) : scaleColors(most);
  const classes = classify(map, (cell) => {
    const count = Math.min(most, heardCount(map, cell));
    return count === 0 ? most : count - 1;
  });
  const isCut = most < map.header.sites.length;
  const entries = colors.map((color, index) => ({
    color,
    label: `${index + 1}${isCut && index + 1 === most ? ' or more' : ''}`,
  }));
  const legend = { title: 'sites with energy', entries: entries.toReversed(), atUpperEdge: false };
  return layerWith(legend, classes, colors, 'none');
}

/** Cells without energy have the class after the last of the colours. */
function layerWith(
  legend: Omit<MapLegend, 'others'>,
  classes: Int16Array,
  colors: readonly string[],
  silentLabel = 'no energy',
): Layer {
  const others = [
    { color: silentColor, label: silentLabel },
    { color: '#17191f', label: 'no street' },
  ];
  return { classes, colors: [...colors, silentColor], legend: { ...legend, others } };
}

function classify({ streets: { walkable } }: RadioMap, classOf: (cell: number) => number): Int16Array {
  return Int16Array.from(walkable, (isStreet, cell) => (isStreet === 1 ? classOf(cell) : -1));
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

/** How many sites send any energy into a cell. */
export function heardCount(map: RadioMap, cell: number): number {
  return map.header.sites.filter((_, site) => !Number.isNaN(gainAt(map, site, cell))).length;
}

/** With a minus sign that is as wide as a plus sign. */
function signed(value: number): string {
  return value < 0 ? `−${-value}` : String(value);
}
