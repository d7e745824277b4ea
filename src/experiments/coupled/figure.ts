// Draws `bench coupled`: cost over that of `best`, a dot and an interval for each policy, couplings one below the other. As SVG and PNG.

import type { Spec } from 'vega';
import type { CoupledRow } from './rows.ts';

const ink = '#222222';
const fonts = 'Helvetica, Arial, DejaVu Sans, sans-serif';
const lineHeight = 19;
const width = 520;
/** Okabe and Ito's, dark enough on white. */
const colors = ['#777777', '#8A6D00', '#C84E00', '#222222', '#0072B2', '#9A3D78', '#00795A'];

const headings: Readonly<Record<string, string>> = {
  none: 'nothing coupled',
  queues: 'queues alone',
  batteries: 'batteries alone',
  handover: 'handover alone',
  'stale CSI': 'stale CSI alone',
  all: 'all together',
};

export function coupledFigure(rows: readonly CoupledRow[]): Spec {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const couplings = [...new Set(rows.map(({ coupling }) => coupling))];
  const block = policies.length + 1;
  const points = rows.map((row) => ({
    x: row.costVsBest,
    low: row.costVsBestLow,
    high: row.costVsBestHigh,
    at: (couplings.indexOf(row.coupling) * block + policies.indexOf(row.policy) + 1) * lineHeight,
    color: colors[policies.indexOf(row.policy) % colors.length] as string,
    policy: row.policy,
    value: `${row.costVsBest.toFixed(2)}`,
  }));
  const heads = couplings.map((coupling, index) => ({
    at: index * block * lineHeight,
    text: headings[coupling] ?? coupling,
  }));
  const height = couplings.length * block * lineHeight;
  const domain = [Math.min(0.4, ...points.map(({ low }) => low)), Math.max(2, ...points.map(({ high }) => high))];
  return { ...frameOf(rows, height), ...scalesOf(domain, height), data: dataOf(points, heads), marks } as Spec;
}

function frameOf(rows: readonly CoupledRow[], height: number): object {
  const { seeds } = rows[0] as CoupledRow;
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    width,
    height,
    padding: { left: 180, right: 70, top: 92, bottom: 48 },
    autosize: 'none',
    title: {
      text: 'What it is worth to know that slots are coupled',
      subtitle: [
        'Cost of all slots over that of the best decision for each slot alone, preset coupled; left is better.',
        `Interquartile means of ${seeds} paired seeds; bars: 95 % confidence.`,
      ],
      anchor: 'start',
      // By the plot itself: how wide names are is only guessed without a screen.
      frame: 'group',
      dx: -170,
      fontSize: 18,
      subtitleFontSize: 13,
      offset: 14,
      font: fonts,
      color: ink,
      subtitleFont: fonts,
      subtitleColor: '#444444',
    },
  };
}

function scalesOf(domain: readonly number[], height: number): object {
  const axis = { labelFont: fonts, titleFont: fonts, titleFontWeight: 'normal', labelColor: ink, titleColor: ink };
  const values = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].filter(
    (one) => one >= (domain[0] as number) && one <= (domain[1] as number),
  );
  return {
    scales: [
      { name: 'x', type: 'log', domain, range: 'width' },
      { name: 'y', type: 'linear', domain: [0, height], range: [0, height] },
    ],
    axes: [
      {
        scale: 'x',
        orient: 'bottom',
        title: 'cost over that of best',
        values,
        grid: true,
        gridColor: '#E4E4E4',
        domainColor: '#888888',
        tickColor: '#888888',
        ...axis,
      },
    ],
  };
}

function dataOf(points: readonly object[], heads: readonly object[]): object[] {
  return [
    { name: 'points', values: [...points] },
    { name: 'heads', values: [...heads] },
  ];
}

const color = { field: 'color' };
const across = (field: string): object => ({ scale: 'x', field });
const down = { scale: 'y', field: 'at' };
const text = { baseline: { value: 'middle' }, font: { value: fonts } };
const marks: object[] = [
  {
    type: 'rule',
    from: { data: 'points' },
    encode: {
      enter: { x: across('low'), x2: across('high'), y: down, stroke: color, strokeWidth: { value: 2 } },
    },
  },
  {
    type: 'symbol',
    from: { data: 'points' },
    encode: { enter: { x: across('x'), y: down, size: { value: 64 }, fill: color, stroke: { value: 'white' } } },
  },
  {
    type: 'text',
    from: { data: 'points' },
    encode: {
      enter: { x: { value: -12 }, y: down, align: { value: 'right' }, text: { field: 'policy' }, fill: color, ...text },
    },
  },
  {
    type: 'text',
    from: { data: 'points' },
    encode: { enter: { x: { value: width + 10 }, y: down, text: { field: 'value' }, fill: color, ...text } },
  },
  {
    type: 'text',
    from: { data: 'heads' },
    encode: {
      enter: {
        x: { value: -170 },
        y: down,
        text: { field: 'text' },
        fontWeight: { value: 'bold' },
        fill: { value: ink },
        ...text,
      },
    },
  },
];
