import { expect, it } from 'vitest';
import { barsFigure } from './bars.ts';
import {
  asWide,
  background,
  darkColors,
  figureOf,
  ink,
  levelColors,
  palette,
  softInk,
  widthOf,
  withDarkScheme,
  wrapped,
} from './theme.ts';

it('breaks a subtitle before the edge of the picture', () => {
  const words = 'Each device has a line to the server that serves it, and a square is a server.';
  expect(wrapped(words, 200).every((line) => widthOf(line) <= 200)).toBe(true);
  expect(wrapped(words, 200).join(' ')).toBe(words);
  expect(wrapped(words, 2000)).toEqual([words]);
  const { title } = figureOf({ title: 'one', subtitle: [`${words} ${words}`, 'short'] }, {});
  expect(title).toMatchObject({ text: ['one'], subtitle: { length: 3, 2: 'short' } });
});

it('ends an axis of shares at 100 %, unless a bar is higher', () => {
  const specOf = (height: number): unknown =>
    barsFigure({ title: '', subtitle: [], bars: [{ from: 0, to: 1, height }], xTitle: '', yTitle: '%', yMost: 100 });
  const withDomain = (domain: readonly number[]) => ({ layer: [{ encoding: { y: { scale: { domain } } } }, {}, {}] });
  expect(specOf(97)).toMatchObject(withDomain([0, 100]));
  expect(specOf(104)).toMatchObject(withDomain([0, 104]));
});

it('makes every figure as wide', () => {
  const svg = asWide(
    '<svg class="marks" width="380" height="100.5" viewBox="0 0 380 100.5"><rect width="1" height="2"/></svg>',
  );
  expect(svg).toBe(
    '<svg class="marks" width="760" height="201" viewBox="0 0 380 100.5"><rect width="1" height="2"/></svg>',
  );
});

it('replaces colours on a dark page, those that occur', () => {
  const svg = `<svg width="1"><rect fill="${background}"/><path stroke="${palette.blue}"/></svg>`;
  const styled = withDarkScheme(svg);
  expect(styled).toMatch(/^<svg width="1"><style>@media \(prefers-color-scheme:dark\)\{/);
  expect(styled).toContain(`[fill="${background}"]{fill:${darkColors[background]}}`);
  expect(styled).toContain(`[stroke="${palette.blue}"]{stroke:${darkColors[palette.blue]}}`);
  expect(styled).not.toContain(palette.green);
});

/** Linear red, green and blue. */
type Light = readonly [number, number, number];
type Matrix = readonly [Light, Light, Light];

/** What is left of colours without one kind of cone: Machado, Oliveira & Fernandes 2009, severity 1. */
const views: Readonly<Record<string, Matrix>> = {
  everyone: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function lightOf(color: string): Light {
  const channel = (start: number): number => {
    const value = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function times(matrix: Matrix, light: Light): Light {
  const [x, y, z] = light;
  const inside = ([a, b, c]: Light): number => Math.min(1, Math.max(0, a * x + b * y + c * z));
  return [inside(matrix[0]), inside(matrix[1]), inside(matrix[2])];
}

/** Oklab: equal distances are seen as equal differences. */
function lab(light: Light): Light {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    light,
  );
  const [l, m, s] = cones.map(Math.cbrt) as unknown as Light;
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** By WCAG 2. */
function contrast(one: string, other: string): number {
  const luminance = (color: string): number => {
    const [red, green, blue] = lightOf(color);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const pages = {
  light: (color: string): string => color,
  dark: (color: string): string => darkColors[color] as string,
};

it.each(Object.entries(pages))(
  'on a %s page every series differs from every other, for any colour vision',
  (_, shown) => {
    const colors = [...Object.values(palette), ink].map(shown);
    for (const [view, matrix] of Object.entries(views)) {
      const seen = colors.map((color) => lab(times(matrix, lightOf(color))));
      const pairs = seen.flatMap((one, index) =>
        seen.slice(index + 1).map((other, next) => ({
          pair: `${view}: ${colors[index]} ${colors[index + 1 + next]}`,
          distance: Math.hypot(...one.map((value, axis) => value - (other[axis] as number))),
        })),
      );
      expect(pairs.filter(({ distance }) => distance < 0.078)).toEqual([]);
    }
  },
);

it.each(Object.entries(pages))('on a %s page lines and words stand out', (_, shown) => {
  for (const color of Object.values(palette))
    expect(contrast(shown(color), shown(background)), color).toBeGreaterThanOrEqual(3);
  for (const color of [ink, softInk]) expect(contrast(shown(color), shown(background))).toBeGreaterThanOrEqual(7);
  for (const color of levelColors) expect(contrast(shown(ink), shown(color)), color).toBeGreaterThanOrEqual(4.5);
});
