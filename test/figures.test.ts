// All figures of docs/figures have the style of simulator/charts/theme.ts: width, fonts, sizes of text, colours, a dark page.

import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { keptFigures } from '../laboratory/experiments/kept-figures.ts';
import { darkColors, figureWidth, fonts, textSizes } from '../simulator/charts/theme.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');
const all = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, one = '']) => one)),
];

function faultsOf(svg: string): string[] {
  const sizes: readonly number[] = Object.values(textSizes);
  const colors = all(svg.replace(/<style>.*?<\/style>/, ''), /(?:fill|stroke)="([^"]*)"/g);
  return [
    ...all(svg, /^<svg[^>]* width="(\d+)"/g).filter((width) => Number(width) !== figureWidth),
    ...all(svg, /font-family="([^"]*)"/g).filter((family) => family !== fonts),
    ...all(svg, /font-size="([^"]*)"/g).filter((size) => !sizes.includes(Number.parseFloat(size))),
    ...colors.filter((color) => color !== 'none' && color !== 'transparent' && darkColors[color] === undefined),
    ...(svg.includes('@media (prefers-color-scheme:dark)') ? [] : ['no dark colours']),
  ];
}

/** A recording of a terminal has the style of a terminal. */
const figures = globSync('docs/figures/*.svg', { cwd: root })
  .map((file) => basename(file, '.svg'))
  .filter((name) => name !== 'terminal')
  .toSorted();

it.each(figures)('%s has the style of all figures', (name) => {
  expect(faultsOf(read(`docs/figures/${name}.svg`))).toEqual([]);
});

it('"npm run figures" draws every figure but that of a command', () => {
  expect([...keptFigures().keys(), 'allocation'].toSorted()).toEqual(figures);
});

it('another width, font, size or colour is noticed', () => {
  const svg = read('docs/figures/modes.svg');
  expect(faultsOf(svg.replace(' width="760"', ' width="992"'))).toEqual(['992']);
  expect(faultsOf(svg.replace(/font-family="[^"]*"/, 'font-family="serif"'))).toEqual(['serif']);
  expect(faultsOf(svg.replace(/font-size="16px"/, 'font-size="12px"'))).toEqual(['12px']);
  expect(faultsOf(svg.replace(' stroke="#', ' stroke="#1'))).toHaveLength(1);
  expect(faultsOf(svg.replace('@media', ''))).toEqual(['no dark colours']);
});

it('no file that draws has colours of its own, but for scales of maps', () => {
  const drawing = globSync(['simulator/**/*.ts', 'laboratory/**/*.ts'], { cwd: root }).filter(
    (path) => !path.endsWith('.test.ts') && /from '.*charts\/[\w-]+\.ts'|charts\//.test(path + read(path)),
  );
  expect(drawing.length).toBeGreaterThan(20);
  const coloured = drawing.filter((path) => /'#[0-9A-Fa-f]{3,8}'/.test(read(path)));
  expect(coloured.map((path) => path.replaceAll('\\', '/')).toSorted()).toEqual([
    'simulator/charts/map-picture.ts',
    'simulator/charts/theme.ts',
  ]);
});
