// The layers of a radio map that map-picture.ts can draw: the gain of one site or of the strongest one, which site that is, how many have energy.
// And their colours: a scale in equal steps for quantities, and one distinct colour for each site.

import type { RadioMap } from '../world/radio-map.ts';
import type { KeyEntry } from './theme.ts';

export const layerNames = ['gain', 'server', 'coverage'] as const;
export type LayerName = (typeof layerNames)[number];

export interface MapLegend {
  readonly title: string;
  /** From top to bottom; a label is beside the colour, or, with `atUpperEdge`, at its upper edge. */
  readonly entries: readonly KeyEntry[];
  readonly atUpperEdge: boolean;
  /** Apart from the others, below them. */
  readonly others: readonly KeyEntry[];
}

export interface Layer {
  readonly title: string;
  /** Class of each cell, an index into `colors`; -1: not drawn, so that it stays dark. Cell = row * columns + column. */
  readonly classes: Int16Array;
  readonly colors: readonly string[];
  readonly legend: MapLegend;
  readonly siteColors?: readonly string[];
}

const silentColor = '#e0457b';
const stepDb = 5;
/** Classes begin here and end 5 dB below it; what is stronger or weaker joins the outermost class. */
const strongestDb = -60;
const weakestDb = -130;
const mostCounted = 8;

/** @param site whose gain is drawn; without it that of the strongest site */
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
  const whose = site === undefined ? 'the strongest site' : `site ${map.header.sites[site]?.name}`;
  return layerWith(`path gain of ${whose}`, legend, classes, colors);
}

export function serverLayer(map: RadioMap): Layer {
  const colors = siteColors(map.header.sites.length);
  const classes = classify(map, (cell) => strongestSite(map, cell) ?? colors.length);
  const entries = colors.map((color, site) => ({ color, label: map.header.sites[site]?.name ?? '' }));
  const legend = { title: 'strongest site', entries, atUpperEdge: false };
  return { ...layerWith('the strongest site', legend, classes, colors), siteColors: colors };
}

export function coverageLayer(map: RadioMap): Layer {
  const most = Math.min(mostCounted, map.header.sites.length);
  const colors = most === 1 ? scaleColors(2).slice(1) : scaleColors(most);
  const classes = classify(map, (cell) => {
    const count = Math.min(most, siteCountAt(map, cell));
    return count === 0 ? most : count - 1;
  });
  const isCut = most < map.header.sites.length;
  const entries = colors.map((color, index) => ({
    color,
    label: `${index + 1}${isCut && index + 1 === most ? ' or more' : ''}`,
  }));
  const legend = { title: 'sites with energy', entries: entries.toReversed(), atUpperEdge: false };
  return layerWith('how many sites can be heard', legend, classes, colors, 'none');
}

export const layerOf: Readonly<Record<LayerName, (map: RadioMap, site?: number) => Layer>> = {
  gain: gainLayer,
  server: serverLayer,
  coverage: coverageLayer,
};

/** Cells without energy have the class after the last of the colours. */
function layerWith(
  title: string,
  legend: Omit<MapLegend, 'others'>,
  classes: Int16Array,
  colors: readonly string[],
  silentLabel = 'no energy',
): Layer {
  const others = [
    { color: silentColor, label: silentLabel },
    { color: '#17191f', label: 'no street' },
  ];
  return { title, classes, colors: [...colors, silentColor], legend: { ...legend, others } };
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

/** The number of sites that send any energy into a cell. */
export function siteCountAt(map: RadioMap, cell: number): number {
  return map.header.sites.filter((_, site) => !Number.isNaN(gainAt(map, site, cell))).length;
}

/** With a minus sign that is as wide as a plus sign. */
function signed(value: number): string {
  return value < 0 ? `−${-value}` : String(value);
}

/** Dark blue to yellow, even in brightness, also for the colour-blind (viridis without its darkest part). */
const scaleStops = ['#46337f', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#fde725'] as const;

/** @param count at least 2 @returns colours of equal steps along the scale, the darkest first */
export function scaleColors(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const at = (index / (count - 1)) * (scaleStops.length - 1);
    const below = Math.min(Math.floor(at), scaleStops.length - 2);
    return mixed(scaleStops[below] as string, scaleStops[below + 1] as string, at - below);
  });
}

/** One colour for each of `count` sites; neighbours in the list differ most. */
export function siteColors(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    // The golden angle keeps any number of hues apart; brightness alternates for those that come close.
    const hue = (index * 137.508) % 360;
    return fromHsl(hue, 0.62, [0.68, 0.5, 0.8][index % 3] as number);
  });
}

function mixed(from: string, to: string, share: number): string {
  const other = channelsOf(to);
  return hex(channelsOf(from).map((value, index) => value + ((other[index] as number) - value) * share));
}

function channelsOf(color: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
}

function fromHsl(hue: number, saturation: number, lightness: number): string {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const at = (offset + hue / 30) % 12;
    return 255 * (lightness - chroma * Math.max(-1, Math.min(at - 3, 9 - at, 1)));
  };
  return hex([channel(0), channel(8), channel(4)]);
}

function hex(channels: readonly number[]): string {
  return `#${channels.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`;
}
