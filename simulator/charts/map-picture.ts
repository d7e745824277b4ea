// Draws a layer of a radio map in classes of colour, with sites, a legend, and a bar for the scale, as SVG. It does not interpret the
// values.

import type { RadioMap } from '../world/radio-map.ts';
import { type Layer, type LayerName, layerOf, type MapLegend } from './map-layers.ts';
import { background, figureWidth, fonts, ink, softInk, textSizes, wrapped } from './theme.ts';

type View = ReturnType<typeof viewOf>;
type Site = RadioMap['header']['sites'][number];

const dark = '#17191f';
const font = `font-family="${fonts}"`;
const margin = { left: 14, top: 104, right: 196, bottom: 38 };
const mapWidth = figureWidth - margin.left - margin.right;

/** @param site whose gain is drawn @returns SVG; the map's attribution is part of it, as its licence asks */
export function mapPicture(map: RadioMap, draw: LayerName, site: number | undefined, name: string): string {
  const { scene, frequencyHz, cellMetres, heightMetres, sites, attribution } = map.header;
  const layer = layerOf[draw](map, site);
  const facts = `scene ${scene}, ${frequencyHz / 1e9} GHz, ${sites.length} sites, cells of ${cellMetres} m, ${heightMetres} m above the ground`;
  const view = viewOf(map, layer);
  const right = margin.left + view.columns * view.zoom;
  const width = right + margin.right;
  const bottom = margin.top + view.rows * view.zoom + margin.bottom;
  const height = Math.max(bottom, margin.top + legendHeight(layer.legend));
  const colorOf = (index: number): string =>
    layer.siteColors?.[index] ?? (site === undefined || site === index ? 'white' : '#8a8f9c');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${fixed(width)}" height="${fixed(height)}" viewBox="0 0 ${fixed(width)} ${fixed(height)}">`,
    `<rect width="100%" height="100%" fill="${background}"/>`,
    `<text x="${margin.left}" y="34" ${font} font-size="${textSizes.title}" font-weight="bold" fill="${ink}">${escaped(`${name}: ${layer.title}`)}</text>`,
    ...wrapped(`Ray traced: ${facts}`, figureWidth - 2 * margin.left).map(
      (line, index) =>
        `<text x="${margin.left}" y="${62 + 21 * index}" ${font} font-size="${textSizes.text}" fill="${softInk}">${escaped(line)}</text>`,
    ),
    `<g transform="translate(${margin.left} ${margin.top})">`,
    `<rect width="${fixed(view.columns * view.zoom)}" height="${fixed(view.rows * view.zoom)}" fill="${dark}"/>`,
    ...cellMarks(map, layer, view),
    ...siteMarks(map, view, colorOf),
    scaleBar(cellMetres, view),
    '</g>',
    `<text x="${margin.left}" y="${fixed(height - 12)}" ${font} font-size="${textSizes.small}" fill="${softInk}">${escaped(attribution)}</text>`,
    `<g transform="translate(${fixed(right + 22)} ${margin.top})">${legendMarks(layer.legend)}</g>`,
    '</svg>\n',
  ].join('\n');
}

/** The place of a site in cells from the lower left corner, broken numbers. */
function placeOf({ header: { cellMetres }, streets: { originX, originY } }: RadioMap, { x, y }: Site) {
  return { column: (x - originX) / cellMetres, row: (y - originY) / cellMetres };
}

/**
 * The part of the map that has something on it, and a little around; `zoom`: picture units for a cell. Rows grow upwards on the picture.
 */
function viewOf(map: RadioMap, { classes }: Layer) {
  const { columns, rows } = map.streets;
  const shown = { left: columns, right: 0, bottom: rows, top: 0 };
  const include = (column: number, row: number): void => {
    shown.left = Math.min(shown.left, column);
    shown.right = Math.max(shown.right, column + 1);
    shown.bottom = Math.min(shown.bottom, row);
    shown.top = Math.max(shown.top, row + 1);
  };
  for (const [cell, kind] of classes.entries()) if (kind >= 0) include(cell % columns, Math.floor(cell / columns));
  for (const site of map.header.sites) {
    const { column, row } = placeOf(map, site);
    include(Math.floor(column), Math.floor(row));
  }
  const width = shown.right - shown.left;
  const height = shown.top - shown.bottom;
  const around = Math.ceil(Math.max(width, height) * 0.025);
  const size = { columns: width + 2 * around, rows: height + 2 * around };
  return { left: shown.left - around, bottom: shown.bottom - around, ...size, zoom: mapWidth / size.columns };
}

/** One path a colour; cells side by side in a row become one rectangle. */
function cellMarks({ streets: { columns, rows } }: RadioMap, { classes, colors }: Layer, view: View): string[] {
  const paths = colors.map(() => '');
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; ) {
      const kind = classes[row * columns + column] as number;
      let end = column + 1;
      while (end < columns && classes[row * columns + end] === kind) end++;
      if (kind >= 0)
        paths[kind] += `M${column - view.left} ${view.bottom + view.rows - row - 1}h${end - column}v1h${column - end}z`;
      column = end;
    }
  }
  // Without anti-aliasing no dark seams show between cells.
  const open = `<g transform="scale(${fixed(view.zoom)})" shape-rendering="crispEdges">`;
  return [
    open,
    ...paths.flatMap((path, kind) => (path === '' ? [] : [`<path fill="${colors[kind]}" d="${path}"/>`])),
    '</g>',
  ];
}

function siteMarks(map: RadioMap, view: View, colorOf: (index: number) => string): string[] {
  return map.header.sites.map((site, index) => {
    const { column, row } = placeOf(map, site);
    const x = (column - view.left) * view.zoom;
    const y = (view.bottom + view.rows - row) * view.zoom;
    // A label near the right border is on the left of its site.
    const side = x > view.columns * view.zoom - 60 ? `x="${fixed(x - 9)}" text-anchor="end"` : `x="${fixed(x + 9)}"`;
    const halo = `stroke="${dark}" stroke-width="3.5" paint-order="stroke" stroke-linejoin="round"`;
    return (
      `<path d="M${fixed(x)} ${fixed(y - 8)}l7 13h-14z" fill="${colorOf(index)}" stroke="${dark}" stroke-width="1.6" stroke-linejoin="round"/>` +
      `<text ${side} y="${fixed(y + 4)}" ${font} font-size="${textSizes.small}" font-weight="bold" fill="white" ${halo}>${escaped(site.name)}</text>`
    );
  });
}

/** A round length of about a sixth of the width, in the lower left corner. */
function scaleBar(cellMetres: number, view: View): string {
  const wanted = (view.columns * cellMetres) / 6;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const metres = [5, 2, 1].map((digit) => digit * power).find((length) => length <= wanted) ?? power;
  const length = (metres / cellMetres) * view.zoom;
  const y = view.rows * view.zoom - 16;
  const halo = `stroke="${dark}" stroke-width="4" paint-order="stroke" stroke-linejoin="round"`;
  return (
    `<path d="M16 ${fixed(y - 6)}v6h${fixed(length)}v-6" fill="none" stroke="${dark}" stroke-width="6"/>` +
    `<path d="M16 ${fixed(y - 6)}v6h${fixed(length)}v-6" fill="none" stroke="white" stroke-width="2"/>` +
    `<text x="${fixed(16 + length / 2)}" y="${fixed(y - 10)}" text-anchor="middle" ${font} font-size="${textSizes.text}" fill="white" ${halo}>${metres} m</text>`
  );
}

const entryHeight = 22;
const legendTop = 34;

function legendHeight({ entries, others }: MapLegend): number {
  return legendTop + (entries.length + 1) * entryHeight + others.length * 24 + margin.bottom;
}

function legendMarks({ title, entries, others, atUpperEdge }: MapLegend): string {
  const label = (text: string, y: number): string =>
    `<text x="34" y="${fixed(y + 4.5)}" ${font} font-size="${textSizes.text}" fill="${ink}">${escaped(text)}</text>`;
  const marks = [
    `<text y="14" ${font} font-size="${textSizes.text}" font-weight="bold" fill="${ink}">${escaped(title)}</text>`,
  ];
  for (const [index, { color, label: text }] of entries.entries()) {
    const y = legendTop + index * entryHeight;
    marks.push(`<rect y="${y}" width="26" height="${entryHeight}" fill="${color}"/>`);
    marks.push(label(text, atUpperEdge ? y : y + entryHeight / 2));
  }
  for (const [index, { color, label: text }] of others.entries()) {
    const y = legendTop + (entries.length + 0.7) * entryHeight + index * 24;
    marks.push(`<rect y="${fixed(y)}" width="26" height="16" fill="${color}"/>`, label(text, y + 8));
  }
  return marks.join('\n');
}

function fixed(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
