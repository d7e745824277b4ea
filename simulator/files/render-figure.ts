// A specification of Vega-Lite to SVG to PNG. The libraries are for making figures only: users of the package do not get them.

import { writeFile } from 'node:fs/promises';
import { badArgument, isOutriderError } from '../../src/core/basics/errors.ts';
import { asWide, type Figure, textSizes, widthOf, withDarkScheme } from '../charts/theme.ts';
import { checkWritable } from './check-writable.ts';

const loadVega = () => installed('vega', () => import('vega'));
const loadVegaLite = () => installed('vega-lite', () => import('vega-lite'));
const loadResvg = () => installed('@resvg/resvg-js', () => import('@resvg/resvg-js'));

/** @throws OutriderError `bad-argument` when vega or resvg is not installed */
export async function checkRenderers(): Promise<void> {
  await loadVega();
  await loadVegaLite();
  await loadResvg();
}

/** Whether a figure could be drawn there: asked before a long bench. @throws OutriderError `bad-argument` */
export async function checkFigure(file: string): Promise<void> {
  if (!file.endsWith('.svg')) {
    throw badArgument(`"${file}" does not end in .svg`, 'Name an SVG file; the PNG goes beside it.');
  }
  checkWritable(file);
  await checkRenderers();
}

/** As SVG, and as PNG beside it. @param file passes {@link checkFigure} */
export async function writeFigure(spec: Figure, file: string): Promise<void> {
  const svg = await renderSvg(spec);
  await writeFile(file, svg);
  await writeFile(file.replace(/\.svg$/, '.png'), await renderPng(svg));
}

/** A text of Vega's. */
interface Item {
  readonly fontSize?: number;
}

/** In colours that follow the page, light or dark. @throws OutriderError `bad-argument` when vega is not installed */
export async function renderSvg(spec: Figure): Promise<string> {
  const vega = await loadVega();
  const { parse, View } = vega;
  // Without a canvas Vega guesses the width of text, and its guess is too wide. Its types lack the guess.
  const { textMetrics } = vega as unknown as { readonly textMetrics: { width: (item: Item, text: string) => number } };
  textMetrics.width = ({ fontSize = textSizes.text }, text) => widthOf(`${text}`, fontSize);
  const { compile } = await loadVegaLite();
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return `${withDarkScheme(asWide(await view.toSVG()))}\n`;
  } finally {
    view.finalize();
  }
}

/** On a light page, twice the size of the SVG, for sharp text. @throws OutriderError `bad-argument` when resvg is not installed */
export async function renderPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await loadResvg();
  const font = { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans' };
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: 2 }, font }).render().asPng();
}

/** @throws OutriderError `bad-argument` naming the command that installs the package */
export async function installed<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if (isOutriderError(error)) throw error;
    const remedy = `install what draws figures: npm install --no-save vega vega-lite @resvg/resvg-js`;
    throw badArgument(`${name} can't be loaded`, remedy, { cause: error });
  }
}
