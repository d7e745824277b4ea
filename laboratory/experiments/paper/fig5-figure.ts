// The figures of Fig. 5: latency lines for each unit of lambda, and every reduction beside the claimed 23.7 %.

import type { Spec } from 'vega';
import { type Dot, dotsFigure } from '../../../simulator/charts/interval-plot.ts';
import { type Line, type LineStyle, type Panel, panelsFigure } from '../../../simulator/charts/line-panels.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import type { Figure } from '../../../simulator/runner/experiment.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { baselines } from '../allocation/latency.ts';
import { claimedMean, type Fig5Row, methods, type Reduction } from './fig5-reductions.ts';
import { type LambdaUnit, type PayloadLaw, queueLaws } from './interpretations.ts';

const { grey, blue, purple, green, ochre, sky, orange } = palette;
const methodColors: Readonly<Record<string, string>> = {
  best: orange,
  tma: green,
  'tma-masac': ochre,
  'masac-association': sky,
};
const allColumn = 'all three, mean';

export const policyStyles: readonly LineStyle[] = [
  ...Object.entries({ random: grey, 'max-compute': purple, 'max-sinr': blue, tma: green }).flatMap(([name, color]) => [
    { name: `${name}+equal`, color, dash: [5, 3] },
    { name: `${name}+optimal`, color, dash: [] },
  ]),
  { name: 'tma-masac', color: ochre, dash: [], width: 2.5 },
  { name: 'masac-association', color: sky, dash: [], width: 2.5 },
  { name: 'best', color: orange, dash: [], width: 3 },
];

/** Colours of policies that were given by hand. */
const ownColors = [purple, grey, blue];

function methodColor(method: string, all: readonly string[]): string {
  const own = all.filter((name) => !methods.includes(name));
  return methodColors[method] ?? (ownColors[own.indexOf(method) % ownColors.length] as string);
}

const lawTitles: Readonly<Record<PayloadLaw, string>> = {
  q16: 'payload q16: 0.8 Mbit a draft',
  ids: 'payload ids: 16 bit a draft',
};

export function fig5Figures(
  rows: readonly Fig5Row[],
  reductions: readonly Reduction[],
  seedCount: number,
): readonly Figure[] {
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
        'How much less latency than the baselines, for each interpretation, with the claimed 23.7 %. Bars: 95 % intervals.',
      spec: reductionsFigure(reductions),
    },
    {
      name: 'fig5-queues',
      caption:
        'How much less latency than the three baselines, against the work that waits at the servers, with the claimed 23.7 %.',
      spec: queuesFigure(reductions),
    },
  ];
}

function latencyFigure(rows: readonly Fig5Row[], unit: LambdaUnit, seedCount: number): Spec {
  const drawn = rows.filter(({ lambdaUnit, mostQueued }) => lambdaUnit === unit && mostQueued === 0);
  const names = [...new Set(drawn.map(({ policy }) => policy))];
  const own = names.filter((name) => !policyStyles.some((style) => style.name === name));
  const styles = [
    ...policyStyles.filter(({ name }) => names.includes(name)),
    ...own.map((name) => ({ name, color: methodColor(name, own), dash: [2, 2], width: 2.5 })),
  ];
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

/** A row for each interpretation and kind of shares; a column for each baseline and for their mean. */
function reductionsFigure(reductions: readonly Reduction[]): Spec {
  const drawn = reductions.filter((one) => one.latency === 'latencyMs' && one.interpretation.mostQueued === 0);
  const dots = drawn.flatMap(({ method, interpretation, shares, mean, against }): Dot[] => {
    const row = `${interpretation.payloadLaw}, ${interpretation.lambdaUnit}, ${shares}`;
    const of = (column: string, { value, interval: [low, high] }: Estimate): Dot => {
      return { row, series: method, column, value: 100 * value, low: 100 * low, high: 100 * high };
    };
    return [of(allColumn, mean), ...against.map((one, index) => of(`against ${baselines[index]}`, one))];
  });
  const present = [...new Set(drawn.map(({ method }) => method))];
  return dotsFigure({
    title: 'How much less latency than the baselines',
    subtitle: [
      'Rows: payload law, unit of lambda, shares of the baselines. Preset paper, mean over all sizes of Fig. 5.',
      `Bars: 95 %. The thin line is the claimed mean of ${(100 * claimedMean).toFixed(1)} %.`,
    ],
    columns: [allColumn, ...baselines.map((name) => `against ${name}`)].map((name) => ({
      name,
      xTitle: 'less latency, %',
      domain: [-20, 100],
      marker: 100 * claimedMean,
    })),
    colors: Object.fromEntries(present.map((method) => [method, methodColor(method, present)])),
    dots,
    labelWidth: 170,
  });
}

/** A panel for each payload law; a line for each method. The page has the other latency. */
function queuesFigure(reductions: readonly Reduction[]): Spec {
  const present = [...new Set(reductions.map(({ method }) => method))];
  const laws: readonly PayloadLaw[] = ['q16', 'ids'];
  const panels = laws.map(
    (law): Panel => ({
      title: lawTitles[law],
      xTitle: 'most slots of work that wait at a server (k from 0 to this)',
      yTitle: 'less latency, %',
      xTicks: [0, ...queueLaws],
      lines: present.map((method) => ({
        style: method,
        points: reductions
          .filter(({ interpretation, ...one }) => {
            const isLaw = interpretation.payloadLaw === law && interpretation.lambdaUnit === 'per-ms';
            return isLaw && one.method === method && one.latency === 'latencyMs' && one.shares === 'equal';
          })
          .map(({ interpretation, mean: { value, interval } }) => {
            const [low, high] = interval;
            return { x: interpretation.mostQueued, y: 100 * value, low: 100 * low, high: 100 * high };
          }),
      })),
    }),
  );
  return panelsFigure({
    title: 'How much less latency than the baselines, against the work that waits',
    subtitle: [
      'Preset paper, lambda 0.01 per-ms, latency max(D^MD, d/R) + D^ES, mean of the three baselines with equal shares and of all sizes.',
      `Claimed: ${(100 * claimedMean).toFixed(1)} %. Bands: 95 %. Trained policies were trained with empty queues.`,
    ],
    styles: present.map((method) => ({ name: method, color: methodColor(method, present), dash: [], width: 2.5 })),
    panels,
    columns: 2,
  });
}
