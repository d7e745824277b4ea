// The style of every chart: one width, fonts and their sizes, colours on a light and on a dark page, and the configuration of Vega-Lite
// that axes, titles and legends follow. It does not depend on the data.

import type { TopLevelSpec } from 'vega-lite';

/** A specification of Vega-Lite. */
export type Figure = TopLevelSpec;

/** Every figure is so wide, in px: text can be read at half of it. */
export const figureWidth = 760;
export const fonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';
/** Heights of text in px. */
export const textSizes = { title: 22, head: 17, text: 16, small: 14 } as const;
export const lineWidths = { thin: 1.5, usual: 2.5, main: 4 } as const;
/** Lengths of strokes and gaps. */
export const dashes = { full: [], dashed: [9, 5], dotted: [2, 4] } as const;
export const bandOpacity = 0.18;

/**
 * Colours of series that people with any kind of colour vision can distinguish, also on the dark page, where {@link darkColors} replaces
 * them.
 */
export const palette = {
  blue: '#1455C4',
  orange: '#C25A00',
  green: '#0F5C3C',
  purple: '#7A1470',
  ochre: '#A8925E',
  sky: '#2A9DD6',
  grey: '#737373',
} as const;
export const background = '#FFFFFF';
export const ink = '#222222';
export const softInk = '#4A4A4A';
const axisColor = '#888888';
export const gridColor = '#E4E4E4';
/** Lines and words of a marked value. */
export const markerColor = '#5C5C5C';
/** What takes no part: devices that no server serves, a line behind the others. */
export const faintColor = '#B4B4B4';
/** Shades of cells with text in them, from nothing to all. */
export const levelColors = ['#E9E9E9', '#F8DCC6', '#F3BF94', '#A9D3EA', '#62C4A0'] as const;

/** The colour of each on a dark page. */
export const darkColors: Readonly<Record<string, string>> = {
  [palette.blue]: '#3B82C4',
  [palette.orange]: '#EE8B45',
  [palette.green]: '#3BE39A',
  [palette.purple]: '#E6B3DE',
  [palette.ochre]: '#A07A2C',
  [palette.sky]: '#35ACEE',
  [palette.grey]: '#8F949C',
  [background]: '#16181D',
  [ink]: '#E6E6E6',
  [softInk]: '#C2C6CC',
  [axisColor]: '#7D838C',
  [gridColor]: '#30343B',
  [markerColor]: '#A4A9B1',
  [faintColor]: '#5A5F67',
  [levelColors[0]]: '#2B2E34',
  [levelColors[1]]: '#5A3A22',
  [levelColors[2]]: '#874C16',
  [levelColors[3]]: '#1D5275',
  [levelColors[4]]: '#0E6A49',
};

/** The colour of the series with this index; colours repeat. */
export function seriesColor(index: number): string {
  const colors = Object.values(palette);
  return colors[index % colors.length] as string;
}

/** An SVG as wide as every figure: its own width depends on its words. */
export function asWide(svg: string): string {
  return svg.replace(/^(<svg[^>]*?) width="([\d.]+)" height="([\d.]+)"/, (_, open, width, height) => {
    return `${open} width="${figureWidth}" height="${Math.round((Number(height) * figureWidth) / Number(width))}"`;
  });
}

/** An SVG in colours of this theme that follows the page: light or dark. */
export function withDarkScheme(svg: string): string {
  const rules = Object.entries(darkColors).flatMap(([light, dark]) =>
    ['fill', 'stroke'].flatMap((name) =>
      svg.includes(`${name}="${light}"`) ? [`[${name}="${light}"]{${name}:${dark}}`] : [],
    ),
  );
  const style = `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
  return svg.replace(/^<svg[^>]*>/, (open) => `${open}${style}`);
}

/** Mean width of a character over its height: Helvetica, and the somewhat wider DejaVu Sans where that is missing. */
const characterWidth = 0.55;
/** A bold one is so much wider. */
const boldWidth = 1.18;

export function widthOf(text: string, size: number = textSizes.text): number {
  return characterWidth * size * text.length;
}

/** Breaks text between words, so that no line is wider. */
export function wrapped(text: string, widthPx: number, size: number = textSizes.text): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || widthOf(`${last} ${word}`, size) > widthPx) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

export interface FigureText {
  readonly title: string;
  /** One entry a line, which is broken where it is wider than the figure. */
  readonly subtitle: readonly string[];
}

const margin = 14;
export const lineHeight = 21;
/** Room left of a plot for an axis of numbers with its title. */
export const axisWidth = 92;

const labels = {
  labelFontSize: textSizes.text,
  titleFontSize: textSizes.text,
  titleFontWeight: 'normal',
  labelColor: ink,
  titleColor: ink,
  labelLimit: 0,
  titleLimit: 0,
} as const;

const config = {
  font: fonts,
  background,
  padding: margin,
  view: { stroke: null },
  mark: { aria: false },
  title: { anchor: 'start', color: ink, fontWeight: 'bold', limit: 0, lineHeight: 28, subtitleColor: softInk },
  axis: {
    ...labels,
    titlePadding: 8,
    domainColor: axisColor,
    tickColor: axisColor,
    gridColor,
    grid: false,
    labelFlush: false,
  },
  legend: { ...labels, orient: 'top', title: null, columnPadding: 28, offset: 14 },
  text: { fontSize: textSizes.text, fill: ink, baseline: 'middle' },
} as const;

/** A whole specification. */
export function figureOf({ title, subtitle }: FigureText, content: object): Figure {
  const room = figureWidth - 2 * margin;
  const text = wrapped(title, room, boldWidth * textSizes.title);
  const lines = subtitle.flatMap((line) => wrapped(line, room));
  const sizes = { fontSize: textSizes.title, subtitleFontSize: textSizes.text, subtitleLineHeight: lineHeight };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: title,
    title: { text, subtitle: lines, ...sizes, offset: 14, subtitlePadding: 8 },
    config,
    ...content,
  } as Figure;
}

/** The title of one panel among several, above it; none where the text is empty. */
export function panelTitle(text: string, widthPx: number): object {
  if (text === '') return {};
  const lines = wrapped(text, widthPx, boldWidth * textSizes.head);
  return { title: { text: lines, fontSize: textSizes.head, lineHeight, offset: 8, frame: 'group' } };
}

/** A linear axis that need not begin at 0; a logarithmic one never does. */
export function notFromZero(scale: 'linear' | 'log'): object {
  return scale === 'log' ? {} : { zero: false };
}

/** A colour and its meaning. */
export interface KeyEntry {
  readonly color: string;
  readonly label: string;
}

/** The columns of a legend above the plot. */
export function legendColumns(entries: readonly string[], sampleWidth: number): number {
  return Math.max(
    1,
    Math.floor(figureWidth / (Math.max(...entries.map((label) => widthOf(label))) + sampleWidth + 60)),
  );
}

/** Colours by the values of a field, and above the plot what they mean. */
export function colorsOf(field: string, entries: readonly KeyEntry[], shape: 'circle' | 'square'): object {
  const domain = entries.map(({ label }) => label);
  const legend = { symbolType: shape, symbolSize: shape === 'circle' ? 110 : 220, columns: legendColumns(domain, 16) };
  return { field, type: 'nominal', scale: { domain, range: entries.map(({ color }) => color) }, legend };
}
