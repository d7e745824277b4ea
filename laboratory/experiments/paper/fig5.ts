// The paper's Fig. 5: mean latency against the number of devices and of servers, for every association with equal and with optimal shares,
// under every interpretation; and the claim that rests on it, 28.0 % less latency than the baselines at most and 23.7 % on average.

import { type Estimate, middleEstimate } from '../../../simulator/charts/bootstrap.ts';
import type { Drawing } from '../../../simulator/charts/drawing.ts';
import { estimateDot } from '../../../simulator/charts/interval-plot.ts';
import { estimatePoint, linesOf, type Panel } from '../../../simulator/charts/line-panels.ts';
import { dashes, lineWidths, palette } from '../../../simulator/charts/theme.ts';
import { type DraftClaim, onGain } from '../../../simulator/runner/claim.ts';
import { markdownTable, percentWithin, pivotTable, rounded } from '../../../simulator/runner/markdown.ts';
import { interquartileMean, mean } from '../../../src/core/basics/statistics.ts';
import { baselines, type FiguresByPolicy, type LatencyFigures } from '../allocation/latency.ts';
import { combinations } from '../combinations.ts';
import { seedsOf } from '../first-slots.ts';
import {
  type Cell,
  type CellFound,
  claimedMean,
  claimedMost,
  fig5Interpretations,
  type MeasuredCell,
  measureCell,
  policyOf,
  type Reduction,
  reductionsOf,
} from './fig5-reductions.ts';
import {
  interpretationName,
  interpretations,
  isMainInterpretation,
  type LambdaUnit,
  payloadLaws,
  queuedInterpretations,
  queueLaws,
} from './interpretations.ts';
import { claimMaker, type PaperExperiment, paperExperiment, type Tables } from './paper-experiment.ts';
import {
  findPolicies,
  keyOf,
  learnedPolicies,
  type PaperPolicy,
  policyNames,
  trainingGap,
  withGap,
} from './paper-policies.ts';
import type { Size } from './sizes.ts';

const fig5Policies: readonly string[] = [
  ...baselines.flatMap((name) => [`${name}+equal`, `${name}+optimal`]),
  'tma+equal',
  'tma+optimal',
  'best',
];

function cellsOf({ deviceCounts, serverCounts }: Size): Cell[] {
  return [
    ...deviceCounts.map((deviceCount): Cell => ({ deviceCount, serverCount: 10, against: 'devices' })),
    ...serverCounts.map((serverCount): Cell => ({ deviceCount: 90, serverCount, against: 'servers' })),
  ];
}

export const fig5: PaperExperiment = paperExperiment({
  figure: 'fig5',
  description: 'Fig. 5: mean latency against the number of devices and of servers',
  async plan({ size, policies: given }) {
    const { policies, own, notes } = await findPolicies(fig5Policies, learnedPolicies, given);
    const { seedCount, deviceCounts, serverCounts } = size;
    const cells = cellsOf(size);
    // With work that waits the baselines share equally only: how they share moves little beside k.
    const equal = policies.filter(({ name }) => !name.endsWith('+optimal'));
    const seeds = seedsOf(seedCount);
    return {
      settings: { seeds: seedCount, deviceCounts, serverCounts, queueLaws, policies: policyNames(policies) },
      units: cells.map((cell) => ({
        key: `${cell.against} ${cell.deviceCount} ${cell.serverCount}`,
        async measure(): Promise<CellFound> {
          const empty = await measureCell(cell, seeds, policies, interpretations);
          return { ...empty, ...(await measureCell(cell, seeds, equal, queuedInterpretations)) };
        },
      })),
      conclude(found: readonly CellFound[]) {
        const measured = cells.map((cell, index) => ({ ...cell, found: found[index] as CellFound }));
        const rows = rowsOf(measured, seedCount, policies);
        const reductions = reductionsOf(measured, seedCount, own).map((one) => {
          return { ...one, policy: policies.find(({ name }) => name === one.method) };
        });
        return {
          claims: reductions.flatMap(claimsOf),
          rows,
          figures: figuresOf(rows, reductions, seedCount),
          tables: tablesOf(reductions, rows),
          notes,
        };
      },
    };
  },
});

type Fig5Row = ReturnType<typeof rowsOf>[number];

/** A row for each size, interpretation and policy: interquartile means over seeds, with 95 % intervals. */
function rowsOf(cells: readonly MeasuredCell[], seedCount: number, policies: readonly PaperPolicy[]) {
  const cases = combinations({ cell: cells, interpretation: fig5Interpretations, policy: policies });
  return cases.flatMap(({ cell, interpretation, policy }) => {
    const figures = cell.found[interpretationName(interpretation)] as FiguresByPolicy;
    const own = figures[policy.name];
    if (own === undefined) return [];
    const best = figures['best'] as LatencyFigures;
    const latency = middleEstimate(own.latencyMs);
    const overBest = middleEstimate(own.latencyMs.map((ms, seed) => ms - (best.latencyMs[seed] as number)));
    const row = {
      against: cell.against,
      devices: cell.deviceCount,
      servers: cell.serverCount,
      ...interpretation,
      policy: policy.name,
      seeds: seedCount,
      latencyMs: latency.value,
      latencyLowMs: latency.interval[0],
      latencyHighMs: latency.interval[1],
      /** Plain mean over seeds. */
      latencyMeanMs: mean(own.latencyMs),
      latencyMiddleMs: interquartileMean(own.latencyMiddleMs),
      latencyP95Ms: interquartileMean(own.latencyP95Ms),
      serialMs: interquartileMean(own.serialMs),
      costMs: interquartileMean(own.costMs),
      /** The differences of each seed to `best`. */
      overBestMs: overBest.value,
      overBestLowMs: overBest.interval[0],
      overBestHighMs: overBest.interval[1],
      /** Empty: the weights were trained for this, or the policy has none. */
      trainingGap: trainingGap(policy, interpretation),
    };
    return [row];
  });
}

type MethodReduction = Reduction & { readonly policy: PaperPolicy | undefined };

const latencyNames = { latencyMs: 'max(D^MD, d/R) + D^ES', serialMs: 'D^MD + D^ES' } as const;

function claimsOf(reduction: MethodReduction): DraftClaim[] {
  const { method, policy, interpretation, shares, latency, mean, most } = reduction;
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
  const claimOf = (part: string, than: string, claimed: number, one: Estimate): DraftClaim => {
    const name = `${keyOf(method)}${part}`;
    const statement = `${withGap(method, policy, interpretation)}: latency less than ${than}, share`;
    return { ...make(name, statement, claimed, one, onGain(claimed)), summaryName: `${name}${suffix ?? ''}` };
  };
  return [
    claimOf('ReductionMean', 'the baselines, on average', claimedMean, mean),
    claimOf('ReductionMost', 'a baseline, at most', claimedMost, most),
  ];
}

/** Methods whose other headline interpretations go into the summary as well. */
const headlineMethods: readonly string[] = ['best', 'tma-masac'];

/** Ending of the name in the summary; null: not in the summary. The headline has both payload laws, both latencies, and a law of k. */
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
function tablesOf(reductions: readonly MethodReduction[], rows: readonly Fig5Row[]): Tables {
  const head = ['interpretation, shares', 'mean', 'at most', ...baselines.map((name) => `against \`${name}\``)];
  const groups = Map.groupBy(reductions, ({ latency, method }) => `${method}, less ${latencyNames[latency]}`);
  const tables = [...groups].map(([name, own]) => {
    const cells = own.map(({ policy, interpretation, shares, mean, most, against }) => {
      const words = `${interpretationName(interpretation)}, ${shares}`;
      return [withGap(words, policy, interpretation), ...[mean, most, ...against].map(percentWithin)];
    });
    return [name, markdownTable(head, cells)];
  });
  const [{ devices, servers, against }] = rows as [Fig5Row];
  const first = rows.filter((row) => row.devices === devices && row.servers === servers && row.against === against);
  const latencies = pivotTable(
    first.filter(({ mostQueued }) => mostQueued === 0),
    {
      corner: 'policy',
      rowOf: ({ policy }) => policy,
      columnOf: interpretationName,
      cellOf: (row) => [row.latencyMs, row.latencyMiddleMs, row.latencyP95Ms].map((ms) => rounded(ms)).join(' / '),
    },
  );
  const heading = `Latency in ms of ${devices} devices and ${servers} servers: mean / mean of the middle half of the tasks / 95th percentile`;
  return { ...Object.fromEntries(tables), [heading]: latencies };
}

const { grey, blue, purple, green, ochre, sky, orange } = palette;
const policyStyles = [
  ...Object.entries({ random: grey, 'max-compute': purple, 'max-sinr': blue, tma: green }).flatMap(([name, color]) => [
    { name: `${name}+equal`, color, dash: dashes.dashed },
    { name: `${name}+optimal`, color, dash: dashes.full },
  ]),
  { name: 'tma-masac', color: ochre, dash: dashes.full },
  { name: 'masac-association', color: sky, dash: dashes.full },
  { name: 'best', color: orange, dash: dashes.full, width: lineWidths.main },
];

/** The colours of these methods by name; policies that were given by hand take what is left. */
function colorsOf(names: readonly string[]): Readonly<Record<string, string>> {
  const left = [purple, grey, blue];
  const known = names.map((name) => policyStyles.find((style) => style.name === policyOf(name, 'equal'))?.color);
  const own = names.filter((_, index) => known[index] === undefined);
  const colorOf = (name: string): string => left[own.indexOf(name) % left.length] as string;
  return Object.fromEntries(names.map((name, index) => [name, known[index] ?? colorOf(name)]));
}

const lawTitles = { q16: 'payload q16: 0.8 Mbit a draft', ids: 'payload ids: 16 bit a draft' } as const;
const claimedPercent = `${(100 * claimedMean).toFixed(1)} %`;

function figuresOf(rows: readonly Fig5Row[], reductions: readonly Reduction[], seedCount: number) {
  const colors = colorsOf([...new Set(reductions.map(({ method }) => method))]);
  return {
    'fig5-lambda-per-ms': latencyFigure(rows, 'per-ms', seedCount),
    'fig5-lambda-per-s': latencyFigure(rows, 'per-s', seedCount),
    'fig5-reductions': reductionsFigure(reductions, colors),
    'fig5-queues': queuesFigure(reductions, colors),
  };
}

function latencyFigure(rows: readonly Fig5Row[], unit: LambdaUnit, seedCount: number): Drawing {
  const drawn = rows.filter(({ lambdaUnit, mostQueued }) => lambdaUnit === unit && mostQueued === 0);
  const names = [...new Set(drawn.map(({ policy }) => policy))];
  const own = names.filter((name) => !policyStyles.some((style) => style.name === name));
  const styles = [
    ...policyStyles.filter(({ name }) => names.includes(name)),
    ...Object.entries(colorsOf(own)).map(([name, color]) => ({ name, color, dash: dashes.dotted })),
  ];
  const pointOf = ({ against, latencyMs: value, latencyLowMs, latencyHighMs, ...row }: Fig5Row) =>
    estimatePoint(row[against], { value, interval: [latencyLowMs, latencyHighMs] });
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
  return {
    kind: 'panels',
    title: 'Mean latency against the number of devices and of servers',
    subtitle: [
      `Preset paper, lambda 0.01 ${unit}, latency ${latencyNames.latencyMs}. Above on a logarithmic axis.`,
      `Interquartile means of ${seedCount} paired seeds; bands: 95 %. Dashed: equal shares; full: optimal shares.`,
    ],
    styles,
    panels,
    columns: 2,
  };
}

/** A row for each interpretation and kind of shares; a column for each baseline and for their mean. */
function reductionsFigure(reductions: readonly Reduction[], colors: Readonly<Record<string, string>>): Drawing {
  const drawn = reductions.filter((one) => one.latency === 'latencyMs' && one.interpretation.mostQueued === 0);
  const columns = ['all three, mean', ...baselines.map((name) => `against ${name}`)];
  const dots = drawn.flatMap(({ method: series, interpretation, shares, mean, against }) => {
    const row = `${interpretation.payloadLaw}, ${interpretation.lambdaUnit}, ${shares}`;
    const found = [mean, ...against];
    return columns.map((column, index) => estimateDot({ row, series, column }, found[index] as Estimate, 100));
  });
  return {
    kind: 'dots',
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
  };
}

/** A panel for each payload law; a line for each method. The page has the other latency. */
function queuesFigure(reductions: readonly Reduction[], colors: Readonly<Record<string, string>>): Drawing {
  const drawn = reductions.filter(({ interpretation, latency, shares }) => {
    return interpretation.lambdaUnit === 'per-ms' && latency === 'latencyMs' && shares === 'equal';
  });
  const styles = Object.entries(colors).map(([name, color]) => ({ name, color, dash: dashes.full }));
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
  return {
    kind: 'panels',
    title: 'How much less latency than the baselines, against the work that waits',
    subtitle: [
      `Preset paper, lambda 0.01 per-ms, latency ${latencyNames.latencyMs}, mean of the three baselines with equal shares and of all sizes.`,
      `Claimed: ${claimedPercent}. Bands: 95 %. Trained policies were trained with empty queues.`,
    ],
    styles,
    panels,
    columns: 2,
  };
}
