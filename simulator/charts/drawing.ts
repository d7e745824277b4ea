// A figure before it has a style: what is drawn, as plain data that can be kept in a file. The colours of the theme have names there, so
// that a kept figure follows the theme.

import { type HeatFigure, heatFigure } from './heat-panels.ts';
import { type DotsFigure, dotsFigure } from './interval-plot.ts';
import { type PanelsFigure, panelsFigure } from './line-panels.ts';
import { darkColors, type Figure, faintColor, ink, levelColors, palette, softInk } from './theme.ts';

export type Drawing =
  | ({ readonly kind: 'panels' } & PanelsFigure)
  | ({ readonly kind: 'dots' } & DotsFigure)
  | ({ readonly kind: 'heat' } & HeatFigure);

export function drawn(drawing: Drawing): Figure {
  switch (drawing.kind) {
    case 'panels':
      return panelsFigure(drawing);
    case 'dots':
      return dotsFigure(drawing);
    case 'heat':
      return heatFigure(drawing);
  }
}

const named: Readonly<Record<string, string>> = {
  ...palette,
  ink,
  softInk,
  faint: faintColor,
  ...Object.fromEntries(levelColors.map((color, level) => [`level${level}`, color])),
};
const colorForm = /^theme:(\w+)$/;

/** A line for each point, so that changes can be read. */
export function drawingText(drawing: Drawing): string {
  const nameOf = new Map(Object.entries(named).map(([name, color]) => [color, `theme:${name}`]));
  const text = JSON.stringify(drawing, (_, value) => nameOf.get(value) ?? value, 1);
  return `${text.replace(/[[{]\n[^{}[\]]*[\]}]/g, (inner) => inner.replaceAll(/\n\s*/g, ' '))}\n`;
}

/** @param text as {@link drawingText} writes it @throws Error for a colour that the theme lacks */
export function readDrawing(text: string): Drawing {
  return JSON.parse(text, (_, value) => {
    const name = typeof value === 'string' ? colorForm.exec(value)?.[1] : undefined;
    if (name === undefined) return value;
    const color = named[name];
    if (color === undefined || darkColors[color] === undefined) throw new Error(`the theme has no colour "${name}"`);
    return color;
  }) as Drawing;
}
