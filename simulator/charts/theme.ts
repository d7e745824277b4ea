// The style of every chart: fonts, colours, axes, titles, and the frame around the plot. It does not depend on the data.

import type { Mark, Spec } from 'vega';

export const fonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';
export const ink = '#222222';
export const softInk = '#444444';

/** Colours that the colour-blind can distinguish (Okabe and Ito), dark enough for lines and text. */
export const palette = {
  blue: '#0072B2',
  orange: '#C84E00',
  green: '#00795A',
  purple: '#9A3D78',
  ochre: '#8A6D00',
  sky: '#4A9BC9',
  grey: '#777777',
} as const;

/** The colour of the series with this index; colours repeat. */
export function seriesColor(index: number): string {
  const colors = Object.values(palette);
  return colors[index % colors.length] as string;
}

const axisStyle: Readonly<Record<string, string | number>> = {
  labelFont: fonts,
  titleFont: fonts,
  labelFontSize: 12,
  titleFontSize: 13,
  titleFontWeight: 'normal',
  labelColor: ink,
  titleColor: ink,
  domainColor: '#888888',
  tickColor: '#888888',
  gridColor: '#E4E4E4',
};

/** The axis of scale `x`, below the plot, or of another scale, left of it. */
export function axis(scale: string, more: object): object {
  return { scale, orient: scale === 'x' ? 'bottom' : 'left', ...more, ...axisStyle };
}

/** The style of a text mark. */
export const textStyle: Readonly<Record<string, { readonly value: string | number }>> = {
  fill: { value: ink },
  font: { value: fonts },
  fontSize: { value: 13 },
  baseline: { value: 'middle' },
};

/** The title of one panel among several. */
export function panelTitle(text: string): object {
  return { text, anchor: 'start', frame: 'group', font: fonts, fontSize: 14, color: ink, offset: 10 };
}

export interface FigureText {
  readonly title: string;
  /** One entry a line. */
  readonly subtitle: readonly string[];
}

export interface FrameSize extends Pick<Place, 'width' | 'height'> {
  /** Room for axes and names beside the plot. */
  readonly left: number;
  readonly right: number;
  /** Room for the titles of panels, between the figure's own title and the plot. Default 0. */
  readonly panelTitleHeight?: number;
}

/** All of a specification but scales, axes, data and marks. */
export function figureFrame({ title, subtitle }: FigureText, size: FrameSize): Spec {
  const { width, height, left, right, panelTitleHeight = 0 } = size;
  const lines = subtitle.flatMap((line) => wrapped(line, left + width + right - 20));
  const fontsOfText = { font: fonts, color: ink, subtitleFont: fonts, subtitleColor: softInk };
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    // White, so that the figure can be read on a dark page as well.
    background: 'white',
    width,
    height,
    // Fixed: without a canvas Vega guesses the width of text, and its guess is too wide.
    padding: { left, right, top: 74 + 16 * lines.length + panelTitleHeight, bottom: 60 },
    autosize: 'none',
    title: {
      text: title,
      subtitle: lines,
      anchor: 'start',
      frame: 'group',
      fontSize: 18,
      subtitleFontSize: 13,
      subtitlePadding: 6,
      offset: 18 + panelTitleHeight / 2,
      dx: 14 - left,
      ...fontsOfText,
    },
  };
}

/** Mean width of a character of a subtitle, px: 13 px Helvetica, and the somewhat wider DejaVu Sans where that is missing. */
const characterWidth = 6.6;

/** Breaks a subtitle between words, so that it ends before the picture does. */
export function wrapped(line: string, widthPx: number): string[] {
  const most = Math.floor(widthPx / characterWidth);
  const lines: string[] = [];
  for (const word of line.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
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

/** The meaning of colours: dots or squares below one another, with their words. @param width from the middle of a dot to its words */
export function keyMarks(
  entries: readonly KeyEntry[],
  x: number,
  symbol: { readonly shape: 'circle' | 'square'; readonly area: number; readonly step: number; readonly width: number },
): object[] {
  return entries.flatMap(({ color, label }, index) => {
    const y = { value: 8 + symbol.step * index };
    const style = { size: { value: symbol.area }, shape: { value: symbol.shape }, fill: { value: color } };
    return [
      { type: 'symbol', encode: { enter: { x: { value: x }, y, ...style } } },
      { type: 'text', encode: { enter: { ...textStyle, x: { value: x + symbol.width }, y, text: { value: label } } } },
    ];
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
  // Grids and titles take their lengths from these two signals.
  const signals = Object.entries({ width, height }).map(([name, value]) => ({ name, value }));
  return { type: 'group', encode: { enter }, signals, ...content } as Mark;
}
