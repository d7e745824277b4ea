// The page of Fig. 5: reductions by interpretation, and the latencies behind them.

import { markdownTable, percentWithin, rounded } from '../../../src/core/basics/markdown.ts';
import { interquartileMean } from '../../../src/core/basics/statistics.ts';
import { baselines, type FiguresByPolicy, type LatencyFigures } from '../allocation/latency.ts';
import type { Latency, MeasuredCell, Reduction } from './fig5-reductions.ts';
import { type Interpretation, interpretationName, interpretations } from './interpretations.ts';
import { type PaperPolicy, trainingGap } from './paper-policies.ts';

const methodWords: Readonly<Record<string, string>> = {
  best: '`best`, what we recommend, always with optimal shares',
  tma: "`tma`, the paper's association, with the baselines' way of sharing",
  'tma-masac': "`tma-masac`, the paper's whole method: trained shares",
  'masac-association': '`masac-association`, trained association with optimal shares',
};

interface PageFacts {
  readonly seedCount: number;
  readonly notes: readonly string[];
  readonly policies: readonly PaperPolicy[];
}

export function fig5Page(
  reductions: readonly Reduction[],
  cells: readonly MeasuredCell[],
  { seedCount, notes, policies }: PageFacts,
): string {
  const gapOf: GapOf = (method, interpretation) => {
    const policy = policies.find(({ name }) => name === method);
    return policy === undefined ? '' : trainingGap(policy, interpretation);
  };
  const methods = [...new Set(reductions.map(({ method }) => method))];
  return [
    `Claimed: 28.0 % less latency than the baselines at most, 23.7 % on average. Here: the first slot of ${seedCount} worlds for each size, the same for every`,
    'policy; reductions are of interquartile means over the seeds, in brackets 95 % from seeds drawn again; sizes, then the three baselines, weigh equally.',
    'No queue builds up in this preset, so later slots differ by the tasks drawn only. "k 0 to 2": each server has that many slots of work waiting, drawn uniformly. Policies decide by',
    "the paper's objective, not by what is felt.",
    ...notes.map((sentence) => `\n${sentence}`),
    '',
    ...methods.map((method) => tableOf(reductions, method, 'latencyMs', gapOf)),
    'The same of D^MD + D^ES, the latency that the objective names, which leaves sending out:',
    '',
    ...methods.map((method) => tableOf(reductions, method, 'serialMs', gapOf)),
    latencyTable(cells),
  ].join('\n');
}

type GapOf = (method: string, interpretation: Interpretation) => string;

function tableOf(reductions: readonly Reduction[], method: string, latency: Latency, gapOf: GapOf): string {
  const own = reductions.filter((one) => one.method === method && one.latency === latency);
  const head = ['payload, lambda, k, shares', 'mean', 'at most', ...baselines.map((name) => `against \`${name}\``)];
  const rows = own.map(({ interpretation, shares, mean, most, against }) => {
    const { payloadLaw, lambdaUnit, mostQueued } = interpretation;
    const gap = gapOf(method, interpretation);
    const k = mostQueued === 0 ? '0' : `0 to ${mostQueued}`;
    const words = `\`${payloadLaw}\`, ${lambdaUnit}, k ${k}, ${shares}${gap === '' ? '' : ` (${gap})`}`;
    return [words, ...[mean, most, ...against].map(percentWithin)];
  });
  return `${methodWords[method] ?? `\`${method}\`, given with --policy`}:\n\n${markdownTable(head, rows)}\n`;
}

/** Latencies of the first size, the base of the percentages. */
function latencyTable(cells: readonly MeasuredCell[]): string {
  const [cell] = cells;
  if (cell === undefined) return '';
  const of = (policy: string, figures: FiguresByPolicy): string => {
    const { latencyMs, latencyMiddleMs, latencyP95Ms } = figures[policy] as LatencyFigures;
    return [latencyMs, latencyMiddleMs, latencyP95Ms].map((all) => rounded(interquartileMean(all))).join(' / ');
  };
  const found = interpretations.map(
    (interpretation) => cell.found[interpretationName(interpretation)] as FiguresByPolicy,
  );
  const rows = Object.keys(found[0] ?? {}).map((policy) => [
    `\`${policy}\``,
    ...found.map((figures) => of(policy, figures)),
  ]);
  return [
    `Latency in ms of ${cell.deviceCount} devices and ${cell.serverCount} servers: mean over tasks / mean of the middle half of the tasks / 95th percentile.`,
    '',
    markdownTable(['policy', ...interpretations.map(interpretationName)], rows),
  ].join('\n');
}
