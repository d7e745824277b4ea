// The charts of a run's report, as specifications: how long things take, who is loaded, what the objective consists of, how batteries
// fare. Data in, picture out; it knows no run.

import type { Mark, Spec } from 'vega';

/** Colours that the colour-blind can tell apart (Okabe and Ito), dark enough for lines. */
export const colors: readonly string[] = ['#0072B2', '#C84E00', '#00795A', '#9A3D78', '#8A6D00', '#555555'];
export const size = {
  width: 420,
  height: 260,
  padding: 8,
  background: 'white',
  $schema: 'https://vega.github.io/schema/vega/v6.json',
};

type Numbers = Readonly<Record<string, number | string | null>>;

/** Where half and nineteen in twenty lie below; left out where there is none. */
interface SpreadTitle {
  readonly title: string;
  readonly median: number | null | undefined;
  readonly p95: number | null | undefined;
}

/** Bars over classes that grow by a factor. @param counts see ReportNotes */
export function spreadFigure(
  { title, median, p95 }: SpreadTitle,
  xTitle: string,
  counts: ReadonlyMap<number, number>,
): Spec {
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
  const quantiles = [
    { name: 'median', at: median },
    { name: '95 %', at: p95 },
  ].filter((one): one is { name: string; at: number } => typeof one.at === 'number' && one.at >= low && one.at <= high);
  const labels = quantiles.map(({ name, at }) => ({
    at,
    text: `${name} ${Number(at.toPrecision(3)).toLocaleString('en')}`,
  }));
  return {
    ...size,
    title,
    data: [
      { name: 'bars', values: values as Record<string, number>[] },
      { name: 'quantiles', values: labels },
    ],
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
      mark('rule', 'quantiles', {
        x: at('x', 'at'),
        y: { value: 0 },
        y2: { signal: 'height' },
        stroke: { value: '#222222' },
        strokeDash: { value: [4, 3] },
      }),
      mark('text', 'quantiles', {
        x: at('x', 'at'),
        y: { value: -3 },
        align: { value: 'center' },
        text: { field: 'text' },
        fontSize: { value: 11 },
      }),
    ],
  };
}

/** @param what of it is meant @param busyMs of each server @param spentMs by all of them */
export function loadFigure(what: string, busyMs: readonly number[], spentMs: number): Spec {
  const values = busyMs.map((ms, server) => ({ server: `${server}`, load: (100 * ms) / spentMs }));
  return {
    ...size,
    title: { text: 'Load of each server', subtitle: what },
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

export function at(scale: string, field: string): { readonly scale: string; readonly field: string } {
  return { scale, field };
}

export function mark(type: 'rule' | 'symbol' | 'text' | 'rect' | 'line' | 'path', data: string, enter: object): Mark {
  return { type, from: { data }, encode: { enter } } as Mark;
}
