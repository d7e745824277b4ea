import { expect, it } from 'vitest';
import { dotsFigure } from './interval-plot.ts';

it('a value beyond the wanted axis lengthens the axis', () => {
  const dot = { row: 'row', column: '', series: 'one', low: 0, high: 200 };
  const spec = dotsFigure({
    title: '',
    subtitle: [],
    columns: [{ name: '', xTitle: '', domain: [0, 100], marker: null }],
    colors: { one: '#000000' },
    dots: [
      { ...dot, value: 120 },
      { ...dot, value: Number.NaN },
    ],
  });
  const scale = { domain: [0, 120], clamp: true };
  expect(spec).toMatchObject({ hconcat: [{ layer: [{ encoding: { x: { scale } } }, {}] }] });
});
