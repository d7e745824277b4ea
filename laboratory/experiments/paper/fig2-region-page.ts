// Claims, rows, figures and page of the best window by acceptance and ratio of times.

import { heatFigure } from '../../../simulator/charts/heat-panels.ts';
import { type DraftClaim, verdictOnValue } from '../../../simulator/runner/claim.ts';
import type { Figure } from '../../../simulator/runner/experiment.ts';
import { estimate } from '../../../src/core/basics/bootstrap.ts';
import { markdownTable, percent, rounded } from '../../../src/core/basics/markdown.ts';
import type { Fig2World, TaskSource } from './fig2-sessions.ts';
import { msPerToken, type PlayedCase, quickestCase } from './fig2-windows.ts';
import { claimMaker, type Drafted } from './paper-experiment.ts';

export interface RegionPlan {
  readonly source: TaskSource;
  /** Name of the trace; null: drawn. */
  readonly trace: string | null;
  readonly acceptance: number;
  /** A step of the target takes so many drafts. */
  readonly ratio: number;
  readonly answerTokens: number;
}

interface Facts extends Pick<Fig2World, 'hardware' | 'roundTripMs'> {
  readonly draftMs: number;
  readonly uplinkMbps: number;
}

/** A plan and what came of it. */
interface Point extends RegionPlan {
  readonly best: PlayedCase;
  readonly bestMsPerToken: number;
  readonly aloneMsPerToken: number;
  readonly windows: readonly PlayedCase[];
}

/** A window that costs at most so much against the best one is as good as the best. */
const littleLoss = 0.02;
const claimedWindows = { code: 25, summarisation: 15 } as const;
type ClaimedKind = keyof typeof claimedWindows;

export function regionConclusion(
  plans: readonly RegionPlan[],
  found: readonly (readonly PlayedCase[])[],
  facts: Facts,
): Drafted {
  const points = plans.map((plan, index) => pointOf(plan, found[index] as readonly PlayedCase[]));
  const claims = points.flatMap(claimsOf);
  const cells = claims.filter(({ name }) => name === 'windowLossCode');
  const held = cells.filter(({ verdict }) => verdict === 'holds').length;
  return {
    claims,
    rows: points.map(rowOf),
    figures: figuresOf(points, facts),
    page: pageOf(points, facts),
    figuresOfSummary: { windowRegionCells: cells.length, windowRegionHeldCode: held },
  };
}

function pointOf(plan: RegionPlan, cases: readonly PlayedCase[]): Point {
  const windows = cases.filter(({ mode }) => mode === 'psd');
  const best = quickestCase(windows);
  const alone = cases.find(({ mode }) => mode === 'ar') as PlayedCase;
  const times = { bestMsPerToken: msPerToken(best), aloneMsPerToken: msPerToken(alone) };
  return { ...plan, best, ...times, windows };
}

/** What the claimed window costs against the best one; recorded answers only. */
function claimsOf(point: Point): DraftClaim[] {
  const { trace, ratio, source, windows } = point;
  const { kind } = source;
  const claimedWindow = claimedWindows[kind as ClaimedKind];
  const claimed = windows.find(({ window }) => window === claimedWindow);
  if (trace === null || claimed === undefined) return [];
  const loss = estimate(claimed.ms.length, (pick) => {
    return msPerToken(claimed, pick) / msPerToken(quickestCase(windows, pick), pick) - 1;
  });
  const choices = { drafts: trace, 'time of a step, in drafts': `${ratio}` };
  const isMain = trace === 'coarse-greedy' && ratio === 0.5;
  const make = claimMaker({ figure: 'fig2-region', choices, isMain });
  const name = kind === 'code' ? 'windowLossCode' : 'windowLossSummaries';
  const statement = `time per token with a window of ${claimedWindow} for ${kind === 'code' ? 'code' : 'summaries'} beyond that with the best window, share`;
  return [make(name, statement, 0, loss, verdictOnValue([0, littleLoss], loss.interval))];
}

function rowOf({ source, trace, acceptance, ratio, best, bestMsPerToken, aloneMsPerToken, windows }: Point) {
  const good = windowsAsGood(windows, bestMsPerToken);
  return {
    drafts: trace ?? 'drawn',
    task: trace === null ? null : source.kind,
    acceptance,
    ratio,
    answers: best.ms.length,
    bestWindow: best.window,
    asGoodFrom: good[0],
    asGoodTo: good.at(-1),
    msPerToken: bestMsPerToken,
    overEdgeAlone: bestMsPerToken / aloneMsPerToken,
  };
}

/** Ascending. */
function windowsAsGood(windows: readonly PlayedCase[], bestMs: number): number[] {
  const good = windows.filter((one) => msPerToken(one) <= (1 + littleLoss) * bestMs);
  return good.map(({ window }) => window).toSorted((one, other) => one - other);
}

const levels = [
  { color: '#E3E3E3', label: '1 to 4' },
  { color: '#F6D9C4', label: '5 to 9' },
  { color: '#F0B98D', label: '10 to 14' },
  { color: '#9CCBE3', label: '15 to 24' },
  { color: '#57B894', label: '25 or more' },
];

function levelOf(window: number): number {
  return [5, 10, 15, 25].filter((least) => window >= least).length;
}

function ratioName(ratio: number): string {
  return `${ratio}`;
}

function figuresOf(points: readonly Point[], facts: Facts): Figure[] {
  const drawn = points.filter(({ trace }) => trace === null);
  const traced = points.filter(({ trace }) => trace !== null);
  const subtitle = [
    `Best window, and in brackets ms per token over that of the edge alone. A draft takes ${rounded(facts.draftMs)} ms, round trip ${facts.roundTripMs} ms, payload ids.`,
    `Paper's phones and GPUs: ${hardwareRatios(facts)}. GPT2-XL has 4 times the layers of GPT2.`,
  ];
  const of = (name: string, title: string, own: readonly Point[], nameOf: (one: Point) => string): Figure => ({
    name,
    caption: title,
    spec: heatFigure({
      title,
      subtitle,
      xTitle: 'time of a step of the target, in drafts',
      yTitle: '',
      xValues: [...new Set(own.map(({ ratio }) => ratioName(ratio)))],
      yValues: [...new Set(own.map(nameOf))],
      columns: 1,
      levels,
      panels: [
        {
          title: '',
          cells: own.map((one) => ({
            x: ratioName(one.ratio),
            y: nameOf(one),
            level: levelOf(one.best.window),
            text: `${one.best.window} (${(one.bestMsPerToken / one.aloneMsPerToken).toFixed(2)})`,
          })),
        },
      ],
      cellWidth: 84,
      labelWidth: 260,
    }),
  });
  const figures = [
    of('fig2-region', 'Best window by acceptance (drawn independently) and time of a step', drawn, (one) => {
      return `right in ${percent(one.acceptance, one.acceptance > 0.98 ? 1 : 0)}`;
    }),
  ];
  if (traced.length > 0) figures.push(of('fig2-traces', 'Best window of recorded answers', traced, traceName));
  return figures;
}

function traceName({ trace, source, acceptance }: Point): string {
  return `${trace}, ${source.kind === 'code' ? 'code' : 'summaries'} (${percent(acceptance)})`;
}

/** "preset 0.5, loaded edge 4.6, one machine 12.5" */
function hardwareRatios({ hardware }: Facts): string {
  return hardware.map(({ name, draftMs, step }) => `${name} ${rounded(step.fixedMs / draftMs)}`).join(', ');
}

function pageOf(points: readonly Point[], facts: Facts): string {
  const { draftMs, roundTripMs, uplinkMbps } = facts;
  const drawn = points.filter(({ trace }) => trace === null);
  const traced = points.filter(({ trace }) => trace !== null);
  return [
    `Which window is best depends on two numbers: how often drafts are right, and how many drafts one step of the target takes. Mode \`psd\`, payload law \`ids\`, ${uplinkMbps} Mbit/s, round trip ${roundTripMs} ms, a draft`,
    `takes ${rounded(draftMs)} ms. The paper's hardware, as this reproduction takes it: ${hardwareRatios(facts)}; GPT2-XL has 48 layers and GPT2 12, so where launches and not weights take the time, 4. Each cell: best window`,
    `[windows within ${percent(littleLoss, 0)} of it], and its time per token over that of the edge alone. Recorded answers are those of shipped traces; \`long/...\` has greedy answers of 384 tokens to plain prompts, which repeat`,
    'themselves more and more, as greedy GPT-2 does (`outrider trace show long/coarse --by position`). GPT2-XL and GPT2 were not measured: their weights lie on a hub only.',
    '',
    'Drafts drawn independently:',
    '',
    tableOf(drawn, ({ acceptance }) => `right in ${percent(acceptance)}`),
    ...(traced.length > 0 ? ['', 'Recorded drafts, with their acceptance:', '', tableOf(traced, traceName)] : []),
  ].join('\n');
}

function tableOf(points: readonly Point[], nameOf: (one: Point) => string): string {
  const ratios = [...new Set(points.map(({ ratio }) => ratio))];
  const rows = [...Map.groupBy(points, nameOf)].map(([name, own]) => [name, ...own.map(cellOf)]);
  return markdownTable(['drafts', ...ratios.map((ratio) => `a step takes ${ratioName(ratio)} drafts`)], rows);
}

function cellOf({ best, bestMsPerToken, aloneMsPerToken, windows }: Point): string {
  const good = windowsAsGood(windows, bestMsPerToken);
  return `${best.window} [${good[0]} to ${good.at(-1)}], ${(bestMsPerToken / aloneMsPerToken).toFixed(2)}`;
}
