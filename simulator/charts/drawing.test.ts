import { expect, it } from 'vitest';
import { type Drawing, drawingText, drawn, readDrawing } from './drawing.ts';
import { dashes, levelColors, palette } from './theme.ts';

const about = { title: 'a figure', subtitle: ['what it shows'] };
const drawings: readonly Drawing[] = [
  {
    kind: 'panels',
    ...about,
    styles: [{ name: 'one', color: palette.blue, dash: dashes.dashed }],
    panels: [{ xTitle: 'x', yTitle: 'y', lines: [{ style: 'one', points: [{ x: 1, y: 2, low: 1.5, high: 3 }] }] }],
  },
  {
    kind: 'dots',
    ...about,
    columns: [{ name: 'column', xTitle: 'x', domain: [0, 1], marker: null }],
    colors: { one: palette.orange },
    dots: [{ row: 'row', column: 'column', series: 'one', value: 0.5, low: 0.4, high: 0.6 }],
  },
  {
    kind: 'heat',
    ...about,
    xTitle: 'x',
    yTitle: 'y',
    levels: [{ color: levelColors[4], label: 'all' }],
    panels: [{ title: 'panel', cells: [{ x: '1', y: '2', level: 0, text: '3' }] }],
  },
];

it.each(drawings)('a drawing of $kind is kept as it is, colours by their names', (drawing) => {
  const text = drawingText(drawing);
  expect(readDrawing(text)).toEqual(drawing);
  expect(text).toMatch(/"theme:(blue|orange|level4)"/);
  expect(text).not.toMatch(/#[0-9A-F]{6}/);
  expect(JSON.stringify(drawn(drawing))).toContain('a figure');
});

it('refuses a colour that is not in the theme', () => {
  expect(() => readDrawing('{"color": "theme:pink"}')).toThrow('no colour "pink"');
});
