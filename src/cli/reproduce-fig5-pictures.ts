// The pictures of Fig. 5: latency lines for each unit of lambda, and every reduction beside the claimed 23.7 %.

import type { Spec } from 'vega';
import { baselines } from './bench-allocation-latency.ts';
import {
  axisStyle,
  figureColors,
  figureFonts,
  type Line,
  type LineStyle,
  type Panel,
  panelsFigure,
  textStyle,
  titleOf,
} from './figure-panels.ts';
import { claimedMean, type Reduction } from './reproduce-fig5-reductions.ts';
import type { Fig5Row } from './reproduce-fig5-rows.ts';
import type { Picture } from './reproduce-part.ts';
import type { LambdaUnit, PayloadLaw } from './reproduce-slots.ts';

const { grey, blue, purple, green, ochre, orange } = figureColors;
const dashed = [5, 3];

export const policyStyles: readonly LineStyle[] = [
  { name: 'random+equal', color: grey, dash: dashed },
  { name: 'random+optimal', color: grey, dash: [] },
  { name: 'max-compute+equal', color: purple, dash: dashed },
  { name: 'max-compute+optimal', color: purple, dash: [] },
  { name: 'max-sinr+equal', color: blue, dash: dashed },
  { name: 'max-sinr+optimal', color: blue, dash: [] },
  { name: 'tma+equal', color: green, dash: dashed },
  { name: 'tma+optimal', color: green, dash: [] },
  { name: 'tma-masac', color: ochre, dash: [], width: 2.5 },
  { name: 'best', color: orange, dash: [], width: 3 },
];

const lawTitles: Readonly<Record<PayloadLaw, string>> = {
  q16: 'payload q16: 0.8 Mbit a draft',
  ids: 'payload ids: 16 bit a draft',
};

export function fig5Pictures(
  rows: readonly Fig5Row[],
  reductions: readonly Reduction[],
  seedCount: number,
): readonly Picture[] {
  const units: readonly LambdaUnit[] = ['per-ms', 'per-s'];
  return [
    ...units.map((unit) => ({
      name: `fig5-lambda-${unit}`,
      caption: `Mean latency of a task against the number of devices (ten servers) and of servers (90 devices), lambda 0.01 ${unit}. Dashed: equal shares; full: optimal shares.`,
      spec: latencyFigure(rows, unit, seedCount),
    })),
    {
      name: 'fig5-reductions',
      caption:
        'How much less latency than the baselines, for each reading, with the claimed 23.7 %. Bars: 95 % intervals.',
      spec: reductionsFigure(reductions),
    },
  ];
}

function latencyFigure(rows: readonly Fig5Row[], unit: LambdaUnit, seedCount: number): Spec {
  const drawn = rows.filter(({ lambdaUnit }) => lambdaUnit === unit);
  const names = new Set(drawn.map(({ policy }) => policy));
  const styles = policyStyles.filter(({ name }) => names.has(name));
  const laws: readonly PayloadLaw[] = ['q16', 'ids'];
  const panels = laws.flatMap((law) =>
    (['devices', 'servers'] as const).map(
      (against): Panel => ({
        title: lawTitles[law],
        xTitle: against === 'devices' ? 'devices M, at ten servers' : 'servers E, for 90 devices',
        yTitle: 'mean latency of a task, ms',
        yScale: law === 'q16' ? 'log' : 'linear',
        yZero: false,
        lines: styles.map(({ name }) => lineOf(drawn, law, against, name)),
      }),
    ),
  );
  return panelsFigure({
    title: 'Mean latency against the number of devices and of servers',
    subtitle: [
      `Preset paper, lambda 0.01 ${unit}, latency max(D^MD, d/R) + D^ES. Above on a logarithmic axis.`,
      `Interquartile means of ${seedCount} paired seeds; bands: 95 %. Dashed: equal shares; full: optimal shares.`,
    ],
    styles,
    panels,
    columns: 2,
  });
}

function lineOf(rows: readonly Fig5Row[], law: PayloadLaw, against: Fig5Row['against'], policy: string): Line {
  const own = rows.filter((row) => row.payloadLaw === law && row.against === against && row.policy === policy);
  return {
    style: policy,
    points: own.map((row) => ({
      x: against === 'devices' ? row.devices : row.servers,
      y: row.latencyMs,
      low: row.latencyLowMs,
      high: row.latencyHighMs,
    })),
  };
}

const methodColors: Readonly<Record<string, string>> = { best: orange, tma: green, 'tma-masac': ochre };

/** A row for each reading and kind of shares; a column for each baseline and for their mean. */
function reductionsFigure(reductions: readonly Reduction[]): Spec {
  const drawn = reductions.filter(({ latency }) => latency === 'latencyMs');
  const points = drawn.flatMap((reduction) => {
    const { method, reading, shares, mean, against, meanInterval, againstIntervals } = reduction;
    const row = `${reading.payloadLaw}, ${reading.lambdaUnit}, ${shares}`;
    const of = (baseline: string, value: number, [low, high]: readonly [number, number]) => {
      return { row, method, baseline, value: 100 * value, low: 100 * low, high: 100 * high };
    };
    const parts = baselines.map((name, index) =>
      of(name, against[index] as number, againstIntervals[index] as readonly [number, number]),
    );
    return [of('all three, mean', mean, meanInterval), ...parts];
  });
  const columns = ['all three, mean', ...baselines];
  const rowNames = [...new Set(points.map(({ row }) => row))];
  const methods = [...new Set(drawn.map(({ method }) => method))];
  const [width, height, gap] = [210, 34 * rowNames.length, 34];
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    width: columns.length * (width + gap) - gap,
    height,
    padding: { left: 170, right: 110, top: 122, bottom: 62 },
    autosize: 'none',
    title: {
      ...titleOf({
        title: 'How much less latency than the baselines',
        subtitle: [
          'Rows: payload law, unit of lambda, shares of the baselines. Preset paper, mean over all sizes of Fig. 5.',
          `Bars: 95 %. The thin line is the claimed mean of ${(100 * claimedMean).toFixed(1)} %.`,
        ],
      }),
      dx: -158,
    },
    marks: [
      ...columns.map((baseline, index) =>
        columnMark(
          points.filter((point) => point.baseline === baseline),
          {
            title: index === 0 ? baseline : `against ${baseline}`,
            x: index * (width + gap),
            width,
            height,
            isFirst: index === 0,
          },
          { rowNames, methods },
        ),
      ),
      ...methods.flatMap((method, index) =>
        keyMarks(method, columns.length * (width + gap) - gap + 24, 8 + 22 * index),
      ),
    ],
  } as Spec;
}

function columnMark(
  points: readonly object[],
  place: {
    readonly title: string;
    readonly x: number;
    readonly width: number;
    readonly height: number;
    readonly isFirst: boolean;
  },
  { rowNames, methods }: { readonly rowNames: readonly string[]; readonly methods: readonly string[] },
): object {
  const { title, x, width, height, isFirst } = place;
  const y = { scale: 'row', field: 'row', offset: { scale: 'shift', field: 'method' } };
  const color = { scale: 'color', field: 'method' };
  const at = (field: string) => ({ scale: 'x', field });
  return {
    type: 'group',
    encode: { enter: { x: { value: x }, width: { value: width }, height: { value: height } } },
    signals: [
      { name: 'width', value: width },
      { name: 'height', value: height },
    ],
    title: { text: title, anchor: 'start', frame: 'group', font: figureFonts, fontSize: 14, offset: 10 },
    data: [{ name: 'points', values: points }],
    scales: [
      { name: 'x', type: 'linear', domain: [-20, 100], range: [0, width], clamp: true },
      { name: 'row', type: 'point', domain: rowNames, range: [0, height], padding: 0.5 },
      { name: 'shift', type: 'point', domain: methods, range: [-8, 8] },
      { name: 'color', type: 'ordinal', domain: methods, range: methods.map((method) => methodColors[method]) },
    ],
    axes: [
      { scale: 'x', orient: 'bottom', title: 'less latency, %', tickCount: 6, grid: true, ...axisStyle },
      { scale: 'row', orient: 'left', labels: isFirst, labelLimit: 0, ticks: false, grid: true, ...axisStyle },
    ],
    marks: [
      {
        type: 'rule',
        encode: {
          enter: { x: { scale: 'x', value: 100 * claimedMean }, y2: { value: height }, stroke: { value: '#555555' } },
        },
      },
      {
        type: 'rule',
        from: { data: 'points' },
        encode: { enter: { x: at('low'), x2: at('high'), y, stroke: color, strokeWidth: { value: 2 } } },
      },
      {
        type: 'symbol',
        from: { data: 'points' },
        encode: { enter: { x: at('value'), y, fill: color, size: { value: 55 } } },
      },
    ],
  };
}

function keyMarks(method: string, x: number, y: number): object[] {
  const dot = { x: { value: x }, y: { value: y }, size: { value: 55 }, fill: { value: methodColors[method] } };
  return [
    { type: 'symbol', encode: { enter: dot } },
    {
      type: 'text',
      encode: { enter: { x: { value: x + 12 }, y: { value: y }, text: { value: method }, ...textStyle } },
    },
  ];
}
