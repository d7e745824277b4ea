// Draws the figures of kept documents again: "npm run figures", after a figure or the style of all has changed. It measures nothing.
// A PNG is drawn where there is one already.

import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keptFigures } from '../laboratory/experiments/kept-figures.ts';
import { renderPng, renderSvg } from '../simulator/files/render-figure.ts';

for (const [name, spec] of keptFigures()) {
  const file = fileURLToPath(new URL(`../docs/figures/${name}.svg`, import.meta.url));
  const svg = await renderSvg(spec);
  writeFileSync(file, svg);
  const png = file.replace(/\.svg$/, '.png');
  if (existsSync(png)) writeFileSync(png, await renderPng(svg));
}
