// The claims, tables and figures of Fig. 5: latency lines for each unit of lambda, and every reduction beside the claimed 23.7 %.

import type { Spec } from 'vega';
import { type Dot, dotsFigure, estimateDot } from '../../../simulator/charts/interval-plot.ts';
import {
  estimatePoint,
  type LineStyle,
  linesOf,
  type Panel,
  panelsFigure,
} from '../../../simulator/charts/line-panels.ts';
import { palette } from '../../../simulator/charts/theme.ts';
import { type DraftClaim, verdictOnGain } from '../../../simulator/runner/claim.ts';
import type { Estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, percentWithin, pivotTable, rounded } from '../../../src/core/basics/markdown.ts';
import { baselines } from '../allocation/latency.ts';
import { combinations } from '../combinations.ts';
import { claimedMean, claimedMost, type Fig5Row, type Latency, methods, type Reduction } from './fig5-reductions.ts';
import {
  interpretationName,
  isMainInterpretation,
  type LambdaUnit,
  type PayloadLaw,
  payloadLaws,
  queueLaws,
} from './interpretations.ts';
import { claimMaker, type Tables } from './paper-experiment.ts';
import { keyOf, type PaperPolicy, withGap } from './paper-policies.ts';

const latencyNames: Readonly<Record<Latency, string>> = {
  latencyMs: 'max(D^MD, d/R) + D^ES',
  serialMs: 'D^MD + D^ES',
};

export function fig5Claims(reduction: Reduction, policies: readonly PaperPolicy[]): DraftClaim[] {
  const { method, interpretation, shares, latency, mean, most } = reduction;
  const { payloadLaw, lambdaUnit, mostQueued } = interpretation;
  const suffix = summarySuffix(reduction);
  const choices = {
    'payload law': payloadLaw,
    'unit of lambda': lambdaUnit,
    'law of k': mostQueued === 0 ? 'empty queues' : `0 to ${mostQueued}, drawn`,
    "baselines' shares": shares,
    latency: latencyNames[latency],
  };
  const make = claimMaker({ figure: 'fig5', choices, isMain: suffix !== null });
  const of = (part: string, than: string, claimed: number, one: Estimate): DraftClaim => {
    const name = `${keyOf(method)}${part}`;
    const words = withGap(method, methodPolicy(method, policies), interpretation);
    const statement = `${words}: latency less than ${than}, share`;
    const claim = make(name, statement, claimed, one, (interval) => verdictOnGain(claimed, interval));
    return { ...claim, summaryName: `${name}${suffix ?? ''}` };
  };
  return [
    of('ReductionMean', 'the baselines, on average', claimedMean, mean),
    of('ReductionMost', 'a baseline, at most', claimedMost, most),
  ];
}

function methodPolicy(method: string, policies: readonly PaperPolicy[]): PaperPolicy | undefined {
  return policies.find(({ name }) => name === method);
}

/** Methods whose other headline interpretations go into the summary as well. */
const headlineMethods: readonly string[] = ['best', 'tma-masac'];

/** What the name in the summary ends with; null: not in the summary. The headline has both payload laws, both latencies, and a law of k. */
function summarySuffix({ method, interpretation, shares, latency }: Reduction): string | null {
  const { payloadLaw, lambdaUnit, mostQueued } = interpretation;
  const isSerial = latency === 'serialMs';
  if (shares !== 'equal' || lambdaUnit !== 'per-ms') return null;
  if (isMainInterpretation(interpretation) && !isSerial) return '';
  if (!headlineMethods.includes(method)) return null;
  if (mostQueued === 0) return `${payloadLaw === 'ids' ? 'Ids' : ''}${isSerial ? 'Serial' : ''}`;
  return payloadLaw === 'ids' && mostQueued === 2 && !isSerial ? 'IdsQueued' : null;
}

/** The reductions of each method, and the latencies of the first size, the base of the percentages. */
export function fig5Tables(
  reductions: readonly Reduction[],
  rows: readonly Fig5Row[],
  policies: readonly PaperPolicy[],
): Tables {
  const head = ['interpretation, shares', 'mean', 'at most', ...baselines.map((name) => `against \`${name}\``)];
  const groups = Map.groupBy(reductions, ({ latency, method }) => `${method}, less ${latencyNames[latency]}`);
  const tables = [...groups].map(([name, own]) => {
    const cells = own.map(({ method, interpretation, shares, mean, most, against }) => {
      const words = `${interpretationName(interpretation)}, ${shares}`;
      const numbers = [mean, most, ...against].map(percentWithin);
      return [withGap(words, methodPolicy(method, policies), interpretation), ...numbers];
    });
    return [name, markdownTable(head, cells)];
  });
  const [first] = rows;
  const base = rows.filter((row) => {
    const isFirst = row.devices === first?.devices && row.servers === first.servers && row.against === first.against;
    return isFirst && row.mostQueued === 0;
  });
  const latencies = pivotTable(base, {
    corner: 'policy',
    rowOf: ({ policy }) => policy,
    columnOf: interpretationName,
    cellOf: (row) => [row.latencyMs, row.latencyMiddleMs, row.latencyP95Ms].map((ms) => rounded(ms)).join(' / '),
  });
  const sizeName = `${first?.devices} devices and ${first?.servers} servers`;
  return {
    ...Object.fromEntries(tables),
    [`Latency in ms of ${sizeName}: mean / mean of the middle half of the tasks / 95th percentile`]: latencies,
  };
}

const { grey, blue, purple, green, ochre, sky, orange } = palette;
const methodColors: Readonly<Record<string, string>> = {
  best: orange,
  tma: green,
  'tma-masac': ochre,
  'masac-association': sky,
};
const policyStyles: readonly LineStyle[] = [
  ...Object.entries({ random: grey, 'max-compute': purple, 'max-sinr': blue, tma: green }).flatMap(([name, color]) => [
    { name: `${name}+equal`, color, dash: [5, 3] },
    { name: `${name}+optimal`, color, dash: [] },
  ]),
  { name: 'tma-masac', color: ochre, dash: [], width: 2.5 },
  { name: 'masac-association', color: sky, dash: [], width: 2.5 },
  { name: 'best', color: orange, dash: [], width: 3 },
];

/** The colours of these methods; policies that were given by hand take what is left. */
function colorsOf(names: readonly string[]): Readonly<Record<string, string>> {
  const left = [purple, grey, blue];
  const own = names.filter((name) => !methods.includes(name));
  const colorOf = (name: string): string => methodColors[name] ?? (left[own.indexOf(name) % left.length] as string);
  return Object.fromEntries(names.map((name) => [name, colorOf(name)]));
}

const lawTitles: Readonly<Record<PayloadLaw, string>> = {
  q16: 'payload q16: 0.8 Mbit a draft',
  ids: 'payload ids: 16 bit a draft',
};
const claimedPercent = `${(100 * claimedMean).toFixed(1)} %`;

export function fig5Figures(
  rows: readonly Fig5Row[],
  reductions: readonly Reduction[],
  seedCount: number,
): Readonly<Record<string, Spec>> {
  const colors = colorsOf([...new Set(reductions.map(({ method }) => method))]);
  return {
    'fig5-lambda-per-ms': latencyFigure(rows, 'per-ms', seedCount),
    'fig5-lambda-per-s': latencyFigure(rows, 'per-s', seedCount),
    'fig5-reductions': reductionsFigure(reductions, colors),
    'fig5-queues': queuesFigure(reductions, colors),
  };
}

function latencyFigure(rows: readonly Fig5Row[], unit: LambdaUnit, seedCount: number): Spec {
  const drawn = rows.filter(({ lambdaUnit, mostQueued }) => lambdaUnit === unit && mostQueued === 0);
  const names = [...new Set(drawn.map(({ policy }) => policy))];
  const own = names.filter((name) => !policyStyles.some((style) => style.name === name));
  const styles = [
    ...policyStyles.filter(({ name }) => names.includes(name)),
    ...Object.entries(colorsOf(own)).map(([name, color]) => ({ name, color, dash: [2, 2], width: 2.5 })),
  ];
  const pointOf = ({ against, devices, servers, latencyMs, latencyLowMs, latencyHighMs }: Fig5Row) => {
    const x = against === 'devices' ? devices : servers;
    return estimatePoint(x, { value: latencyMs, interval: [latencyLowMs, latencyHighMs] });
  };
  const panels = combinations({ law: payloadLaws, against: ['devices', 'servers'] }).map(({ law, against }): Panel => {
    const shown = drawn.filter((row) => row.payloadLaw === law && row.against === against);
    return {
      title: lawTitles[law],
      xTitle: against === 'devices' ? 'devices M, at ten servers' : 'servers E, for 90 devices',
      yTitle: 'mean latency of a task, ms',
      yScale: law === 'q16' ? 'log' : 'linear',
      yZero: false,
      lines: linesOf(styles, shown, ({ policy }) => policy, pointOf),
    };
  });
  return panelsFigure({
    title: 'Mean latency against the number of devices and of servers',
    subtitle: [
      `Preset paper, lambda 0.01 ${unit}, latency ${latencyNames.latencyMs}. Above on a logarithmic axis.`,
      `Interquartile means of ${seedCount} paired seeds; bands: 95 %. Dashed: equal shares; full: optimal shares.`,
    ],
    styles,
    panels,
    columns: 2,
  });
}

/** A row for each interpretation and kind of shares; a column for each baseline and for their mean. */
function reductionsFigure(reductions: readonly Reduction[], colors: Readonly<Record<string, string>>): Spec {
  const drawn = reductions.filter((one) => one.latency === 'latencyMs' && one.interpretation.mostQueued === 0);
  const columns = ['all three, mean', ...baselines.map((name) => `against ${name}`)];
  const dots = drawn.flatMap(({ method, interpretation, shares, mean, against }): Dot[] => {
    const row = `${interpretation.payloadLaw}, ${interpretation.lambdaUnit}, ${shares}`;
    return [mean, ...against].map((one, index) => {
      return estimateDot({ row, series: method, column: columns[index] as string }, one, 100);
    });
  });
  return dotsFigure({
    title: 'How much less latency than the baselines',
    subtitle: [
      'Rows: payload law, unit of lambda, shares of the baselines. Preset paper, mean over all sizes of Fig. 5.',
      `Bars: 95 %. The thin line is the claimed mean of ${claimedPercent}.`,
    ],
    columns: columns.map((name) => {
      return { name, xTitle: 'less latency, %', domain: [-20, 100], marker: 100 * claimedMean };
    }),
    colors,
    dots,
    labelWidth: 170,
  });
}

/** A panel for each payload law; a line for each method. The page has the other latency. */
function queuesFigure(reductions: readonly Reduction[], colors: Readonly<Record<string, string>>): Spec {
  const drawn = reductions.filter(({ interpretation, latency, shares }) => {
    return interpretation.lambdaUnit === 'per-ms' && latency === 'latencyMs' && shares === 'equal';
  });
  const styles = Object.entries(colors).map(([name, color]) => ({ name, color, dash: [], width: 2.5 }));
  const pointOf = ({ interpretation, mean }: Reduction) => estimatePoint(interpretation.mostQueued, mean, 100);
  const panels = payloadLaws.map((law): Panel => {
    const shown = drawn.filter(({ interpretation }) => interpretation.payloadLaw === law);
    return {
      title: lawTitles[law],
      xTitle: 'most slots of work that wait at a server (k from 0 to this)',
      yTitle: 'less latency, %',
      xTicks: [0, ...queueLaws],
      lines: linesOf(styles, shown, ({ method }) => method, pointOf),
    };
  });
  return panelsFigure({
    title: 'How much less latency than the baselines, against the work that waits',
    subtitle: [
      `Preset paper, lambda 0.01 per-ms, latency ${latencyNames.latencyMs}, mean of the three baselines with equal shares and of all sizes.`,
      `Claimed: ${claimedPercent}. Bands: 95 %. Trained policies were trained with empty queues.`,
    ],
    styles,
    panels,
    columns: 2,
  });
}
