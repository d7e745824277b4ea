import { describe, expect, it } from 'vitest';
import { heatFigure } from './heat-panels.ts';

const figure = {
  title: 'A plane',
  subtitle: ['what it shows'],
  xTitle: 'across',
  yTitle: 'down',
  levels: [
    { color: '#111111', label: 'no' },
    { color: '#222222', label: 'yes' },
  ],
  panels: [
    {
      title: 'one case',
      cells: [{ x: '2', y: 'a', level: 1, text: '7 %' }],
    },
  ],
};

describe('a plane of cells', () => {
  it('has the words, the colours and the meaning of each', () => {
    const text = JSON.stringify(heatFigure(figure));
    for (const part of ['A plane', 'one case', '7 %', '#222222', 'yes', 'across', 'down']) expect(text).toContain(part);
    expect(text).not.toMatch(/NaN|null,"height"/);
  });

  it('has a place of its own for each panel', () => {
    const [panel] = figure.panels as [(typeof figure.panels)[number]];
    const spec = heatFigure({ ...figure, panels: [panel, { ...panel, title: 'another' }] });
    expect(spec).toMatchObject({ vconcat: [{ title: { text: ['one case'] } }, { title: { text: ['another'] } }] });
  });
});
