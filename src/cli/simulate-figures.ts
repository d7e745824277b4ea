// The pictures of a run's report, as specifications: where everybody is and who serves whom, how long things take, who is loaded, what
// the objective consists of, how batteries fare. Data in, picture out; it knows no run.

import type { Mark, Spec } from 'vega';
import type { ReportNotes } from './simulate-notes.ts';

/** Colours that the colour-blind can tell apart (Okabe and Ito), dark enough for lines. */
const colors = ['#0072B2', '#C84E00', '#00795A', '#9A3D78', '#8A6D00', '#555555'];
const size = {
  width: 420,
  height: 260,
  padding: 8,
  background: 'white',
  $schema: 'https://vega.github.io/schema/vega/v6.json',
};

type Numbers = Readonly<Record<string, number | string | null>>;

export function mapFigure({ places, sites }: ReportNotes): Spec {
  const links = places.flatMap(({ x, y, server }) => {
    const site = sites[server];
    return site === undefined ? [] : [{ x, y, toX: site.x, toY: site.y }];
  });
  const all = [...places, ...sites];
  return {
    ...size,
    height: size.width,
    title: 'Last slot: devices and their servers',
    data: [
      { name: 'links', values: links },
      {
        name: 'devices',
        values: places.map((place) => ({ ...place, served: place.server >= 0 ? 'served' : 'not served' })),
      },
      { name: 'sites', values: sites.map((site, index) => ({ ...site, name: `${index}` })) },
    ],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: extent(all.map(({ x }) => x)) },
      { name: 'y', type: 'linear', range: 'height', domain: extent(all.map(({ y }) => y)) },
      {
        name: 'color',
        type: 'ordinal',
        domain: ['served', 'not served'],
        range: [colors[0] as string, colors[1] as string],
      },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'm' },
      { orient: 'left', scale: 'y', title: 'm' },
    ],
    legends: [{ fill: 'color', orient: 'bottom', direction: 'horizontal' }],
    marks: [
      mark('rule', 'links', {
        x: at('x', 'x'),
        y: at('y', 'y'),
        x2: at('x', 'toX'),
        y2: at('y', 'toY'),
        stroke: { value: '#aaaaaa' },
      }),
      mark('symbol', 'devices', { x: at('x', 'x'), y: at('y', 'y'), size: { value: 40 }, fill: at('color', 'served') }),
      mark('symbol', 'sites', {
        x: at('x', 'x'),
        y: at('y', 'y'),
        size: { value: 90 },
        shape: { value: 'triangle-up' },
        fill: { value: 'black' },
      }),
      mark('text', 'sites', {
        x: at('x', 'x'),
        y: at('y', 'y'),
        dx: { value: 8 },
        text: { field: 'name' },
        fontSize: { value: 11 },
      }),
    ],
  };
}

/** Bars over classes that grow by a factor. @param counts see ReportNotes */
export function spreadFigure(title: string, xTitle: string, counts: ReadonlyMap<number, number>): Spec {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const classes = [...counts.keys()];
  const values: Numbers[] = [];
  for (let index = Math.min(...classes); index <= Math.max(...classes); index++) {
    values.push({
      from: 2 ** (index / 4),
      to: 2 ** ((index + 1) / 4),
      share: (100 * (counts.get(index) ?? 0)) / total,
    });
  }
  const low = (values[0] as Numbers)['from'] as number;
  const high = (values.at(-1) as Numbers)['to'] as number;
  return {
    ...size,
    title,
    data: [{ name: 'bars', values: values as Record<string, number>[] }],
    scales: [
      { name: 'x', type: 'log', base: 2, range: 'width', domain: [low, high] },
      { name: 'y', type: 'linear', range: 'height', domain: { data: 'bars', field: 'share' }, zero: true, nice: true },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: xTitle, format: ',.4~r', tickCount: 6 },
      { orient: 'left', scale: 'y', title: '% of all' },
    ],
    marks: [
      mark('rect', 'bars', {
        x: at('x', 'from'),
        x2: at('x', 'to'),
        y: at('y', 'share'),
        y2: { scale: 'y', value: 0 },
        fill: { value: colors[0] as string },
        stroke: { value: 'white' },
      }),
    ],
  };
}

export function loadFigure({ sites, workMs, slots }: ReportNotes, slotMs: number): Spec {
  const values = sites.map((_, server) => ({
    server: `${server}`,
    load: (100 * (workMs[server] as number)) / (slots * slotMs),
  }));
  return {
    ...size,
    title: 'Load: work given to each server, of its time (slot equations)',
    data: [{ name: 'bars', values }],
    scales: [
      { name: 'x', type: 'band', range: 'width', domain: { data: 'bars', field: 'server' }, padding: 0.2 },
      { name: 'y', type: 'linear', range: 'height', domain: { data: 'bars', field: 'load' }, zero: true, nice: true },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'server' },
      { orient: 'left', scale: 'y', title: '%' },
    ],
    marks: [
      mark('rect', 'bars', {
        x: at('x', 'server'),
        width: { scale: 'x', band: 1 },
        y: at('y', 'load'),
        y2: { scale: 'y', value: 0 },
        fill: { value: colors[0] as string },
      }),
    ],
  };
}

/** A line for each named column over the slots. @param rows blocks of slots @param isLog values of 0 are left out */
export function courseFigure(
  title: string,
  yTitle: string,
  rows: readonly object[],
  columns: Readonly<Record<string, string>>,
  isLog = false,
): Spec {
  const names = Object.values(columns);
  const values = Object.entries(columns).flatMap(([column, name]) =>
    rows.flatMap((row) => {
      const { firstSlot, [column]: value } = row as Record<string, number | null>;
      return typeof value === 'number' && (!isLog || value > 0) ? [{ slot: firstSlot as number, value, name }] : [];
    }),
  );
  const height = { name: 'y', range: 'height', domain: { data: 'points', field: 'value' }, nice: true } as const;
  return {
    ...size,
    title,
    data: [{ name: 'points', values }],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: { data: 'points', field: 'slot' }, zero: false },
      isLog ? { ...height, type: 'log' } : { ...height, type: 'linear', zero: true },
      { name: 'color', type: 'ordinal', domain: names, range: colors.slice(0, Math.max(1, names.length)) },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'slot', format: 'd' },
      { orient: 'left', scale: 'y', title: yTitle, ...(isLog ? { format: '~s', tickCount: 6 } : {}) },
    ],
    legends: names.length > 1 ? [{ stroke: 'color', orient: 'bottom', columns: 2 }] : [],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'line', data: 'points', groupby: 'name' } },
        marks: [
          mark('line', 'line', {
            x: at('x', 'slot'),
            y: at('y', 'value'),
            stroke: at('color', 'name'),
            strokeWidth: { value: 2 },
          }),
        ],
      },
    ],
  };
}

function at(scale: string, field: string) {
  return { scale, field };
}

function mark(type: 'rule' | 'symbol' | 'text' | 'rect' | 'line', data: string, enter: object): Mark {
  return { type, from: { data }, encode: { enter } } as Mark;
}

function extent(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.05 * Math.max(1, high - low);
  return [low - room, high + room];
}
