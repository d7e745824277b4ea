import { expect, it } from 'vitest';
import { barsFigure } from './bars.ts';
import { figureFrame, wrapped } from './theme.ts';

it('breaks a subtitle before the edge of the picture, and makes room for its lines', () => {
  const words = 'Each device has a line to the server that serves it, and a square is a server.';
  expect(wrapped(words, 200).every((line) => line.length <= 30)).toBe(true);
  expect(wrapped(words, 200).join(' ')).toBe(words);
  expect(wrapped(words, 2000)).toEqual([words]);
  const size = { width: 150, height: 100, left: 40, right: 30 };
  const topOf = (line: string): number =>
    (figureFrame({ title: '', subtitle: [line] }, size).padding as { top: number }).top;
  expect(topOf(words)).toBeGreaterThan(topOf('short') + 16);
});

it('ends an axis of shares at 100 %, unless a bar is higher', () => {
  const domainOf = (height: number): unknown => {
    const bars = [{ from: 0, to: 1, height }];
    const { scales } = barsFigure({ title: '', subtitle: [], bars, xTitle: '', yTitle: '%', yMost: 100 });
    return (scales ?? []).map((scale) => (scale.name === 'y' && 'domain' in scale ? scale.domain : null)).at(1);
  };
  expect(domainOf(97)).toEqual([0, 100]);
  expect(domainOf(104)).toEqual({ data: 'bars', field: 'height' });
});
