// "npm run figures" would draw what docs/figures has: the same documents give the same pictures, to the byte.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { keptFigures } from '../laboratory/experiments/kept-figures.ts';
import { renderSvg } from '../simulator/files/render-figure.ts';

it.each([...keptFigures()])('%s is drawn from its document', async (name, spec) => {
  const kept = readFileSync(fileURLToPath(new URL(`../docs/figures/${name}.svg`, import.meta.url)), 'utf8');
  expect(await renderSvg(spec)).toBe(kept);
});
