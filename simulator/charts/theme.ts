// The style of every chart: one width, fonts and their sizes, colours on a light and on a dark page, lines, axes, titles, legends, and the
// frame around the plot. It does not depend on the data.

import type { Mark, Spec } from 'vega';

/** Every figure is so wide, in px: text can be read at half of it. */
export const figureWidth = 760;
export const fonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';
/** Heights of text in px. */
export const textSizes = { title: 22, head: 17, text: 16, small: 14 } as const;
export const lineWidths = { thin: 1.5, usual: 2.5, main: 4 } as const;
/** Lengths of strokes and gaps. */
export const dashes = { full: [], dashed: [9, 5], dotted: [2, 4] } as const;
/** Marks of points, in the order of series. */
export const pointShapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'wedge'] as const;
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

const axisStyle: Readonly<Record<string, string | number>> = {
  labelFont: fonts,
  titleFont: fonts,
  labelFontSize: textSizes.text,
  titleFontSize: textSizes.text,
  titleFontWeight: 'normal',
  titlePadding: 8,
  labelColor: ink,
  titleColor: ink,
  domainColor: axisColor,
  tickColor: axisColor,
  gridColor,
};

/** Room left of a plot for an axis of numbers with its title. */
export const axisWidth = 92;

/** The axis of scale `x`, below the plot, or of another scale, left of it. @param left room there */
export function axis(scale: string, more: object, left: number = axisWidth): object {
  // Fixed for the same reason as the padding of a figure.
  const side = scale === 'x' ? { orient: 'bottom' } : { orient: 'left', titleX: 20 - left };
  return { scale, ...side, ...more, ...axisStyle };
}

/** The style of a text mark. */
export const textStyle: Readonly<Record<string, { readonly value: string | number }>> = {
  fill: { value: ink },
  font: { value: fonts },
  fontSize: { value: textSizes.text },
  baseline: { value: 'middle' },
};

/** Mean width of a character over its height: Helvetica, and the somewhat wider DejaVu Sans where that is missing. */
const characterWidth = 0.55;
/** A bold one is so much wider. */
const boldWidth = 1.18;

export function widthOf(text: string, size: number = textSizes.text): number {
  return characterWidth * size * text.length;
}

/** Lines of a panel's title. */
export function titleLines(text: string, widthPx: number): string[] {
  return wrapped(text, widthPx, boldWidth * textSizes.head);
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

const lineHeight = 21;

interface Words {
  readonly lines: readonly string[];
  readonly x: number;
  /** Middle of the first line. */
  readonly y: number;
}

function wordsMarks({ lines, x, y }: Words, style: Readonly<Record<string, { readonly value: unknown }>>): object[] {
  return lines.map((text, index) => {
    const place = { x: { value: x }, y: { value: y + lineHeight * index }, text: { value: text } };
    return { type: 'text', encode: { enter: { ...textStyle, ...place, ...style } } };
  });
}

const headStyle = { fontSize: { value: textSizes.head }, fontWeight: { value: 'bold' } };

/** The title of one panel among several, above it. */
export function panelTitle(text: string, widthPx: number): object[] {
  const lines = titleLines(text, widthPx);
  return wordsMarks({ lines, x: 0, y: -16 - lineHeight * (lines.length - 1) }, headStyle);
}

export interface FigureText {
  readonly title: string;
  /** One entry a line, which is broken where it is wider than the figure. */
  readonly subtitle: readonly string[];
}

export interface FrameSize {
  /** The plot with all its panels. */
  readonly width: number;
  readonly height: number;
  /** Room for axes and names left of the plot. */
  readonly left: number;
  /** Room below the plot for axes, default that of an axis with a title of one line. */
  readonly bottom?: number;
  /** Room for the titles of panels, between the legend and the plot. Default 0. */
  readonly panelTitleHeight?: number;
  /** The legend stands above the plot. */
  readonly legend?: Legend;
}

const margin = 14;

/** A whole specification. @param marks place (0, 0) is the upper left corner of the plot */
export function figureFrame(
  { title, subtitle }: FigureText,
  { width, height, left, bottom = 66, panelTitleHeight = 0, legend }: FrameSize,
  { marks, ...more }: Pick<Spec, 'marks' | 'data' | 'scales' | 'axes'>,
): Spec {
  const broken = subtitle.flatMap((line) => wrapped(line, figureWidth - 2 * margin));
  const titles = wrapped(title, figureWidth - 2 * margin, boldWidth * textSizes.title);
  const titleHeight = 20 + 28 * titles.length;
  const legendTop = titleHeight + lineHeight * broken.length + 14;
  const top = legendTop + (legend?.height ?? 0) + panelTitleHeight;
  const x = margin - left;
  const style = { fontSize: { value: textSizes.title }, fontWeight: { value: 'bold' } };
  const titleMarks = titles.flatMap((line, index) => wordsMarks({ lines: [line], x, y: 28 * index + 28 - top }, style));
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    description: title,
    background,
    width,
    height,
    // Fixed: without a canvas Vega guesses the width of text, and its guess is too wide.
    padding: { left, right: figureWidth - left - width, top, bottom },
    autosize: 'none',
    ...more,
    marks: [
      ...titleMarks,
      ...wordsMarks({ lines: broken, x, y: titleHeight + 8 - top }, { fill: { value: softInk } }),
      ...(legend?.marks(x, legendTop + 10 - top) ?? []),
      ...(marks ?? []),
    ],
  } as Spec;
}

/** A value of the data by a scale. */
export function at(scale: string, field: string): { readonly scale: string; readonly field: string } {
  return { scale, field };
}

export function mark(
  type: 'rule' | 'symbol' | 'text' | 'rect' | 'line' | 'area' | 'path',
  data: string,
  enter: object,
) {
  return { type, from: { data }, encode: { enter } } as Mark;
}

/** A colour and its meaning. */
export interface KeyEntry {
  readonly color: string;
  readonly label: string;
}

export interface Legend {
  readonly height: number;
  /** @param x of its left edge @param y of the middle of its first row */
  marks(x: number, y: number): object[];
}

const legendStep = 26;

/**
 * Rows of entries above the plot. @param sample what stands before the words of an entry: marks around (x, y) that are `sampleWidth` wide
 */
export function legendOf<Entry extends { readonly label: string }>(
  entries: readonly Entry[],
  sampleWidth: number,
  sample: (entry: Entry, x: number, y: number) => object[],
): Legend {
  const places: { readonly entry: Entry; readonly x: number; readonly row: number }[] = [];
  let x = 0;
  let row = 0;
  for (const entry of entries) {
    const width = sampleWidth + 8 + widthOf(entry.label);
    if (x > 0 && x + width > figureWidth - 2 * margin) {
      x = 0;
      row += 1;
    }
    places.push({ entry, x, row });
    x += width + 28;
  }
  return {
    height: legendStep * (row + 1) + 8,
    marks: (left, top) =>
      places.flatMap(({ entry, x, row }) => {
        const y = top + legendStep * row;
        const words = { lines: [entry.label], x: left + x + sampleWidth + 8, y };
        return [...sample(entry, left + x, y), ...wordsMarks(words, {})];
      }),
  };
}

/** The meaning of colours. */
export function colorLegend(entries: readonly KeyEntry[], shape: 'circle' | 'square'): Legend {
  const area = shape === 'circle' ? 110 : 220;
  return legendOf(entries, 16, ({ color }, x, y) => {
    const place = { x: { value: x + 8 }, y: { value: y } };
    const style = { size: { value: area }, shape: { value: shape }, fill: { value: color } };
    return [{ type: 'symbol', encode: { enter: { ...place, ...style } } }];
  });
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A part of the figure with scales and marks of its own. */
export function groupMark(place: Place, content: object): Mark {
  const enter = Object.fromEntries(Object.entries(place).map(([name, value]) => [name, { value }]));
  const { width, height } = place;
  // Grids take their lengths from these two signals.
  const signals = Object.entries({ width, height }).map(([name, value]) => ({ name, value }));
  return { type: 'group', encode: { enter }, signals, ...content } as Mark;
}
