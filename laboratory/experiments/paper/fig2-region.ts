// Which window is best for which drafts and which hardware: the plane of acceptance and of the ratio of the times of a target's step and of a draft.
// Acceptance is drawn, each draft independently, and beside it recorded: answers of real pairs, whose acceptance moves along the answer. Its claims:
// the printed windows, 25 for code and 15 for summaries, cost next to nothing against the best window.

import { estimate } from '../../../simulator/charts/bootstrap.ts';
import type { Drawing } from '../../../simulator/charts/drawing.ts';
import { levelsOf } from '../../../simulator/charts/heat-panels.ts';
import { findTraceFile, shippedTraceNames } from '../../../simulator/files/shipped-traces.ts';
import { hashTrace, readTrace } from '../../../simulator/files/trace-files.ts';
import { type DraftClaim, holds, onRange } from '../../../simulator/runner/claim.ts';
import { percent, pivotTable, rounded } from '../../../simulator/runner/markdown.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { combinations } from '../combinations.ts';
import {
  drawnTask,
  type Fig2Case,
  type Fig2Hardware,
  type Fig2World,
  fig2World,
  msPerToken,
  type PlayedCase,
  playCases,
  quickestCase,
  type TaskSource,
  tracedTask,
} from './fig2-sessions.ts';
import { claimMaker, type Drafted, type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

export interface RegionPlan {
  readonly source: TaskSource;
  /** Name of the trace; null: drawn. */
  readonly trace: string | null;
  readonly acceptance: number;
  /** Duration of a step of the target, in drafts. */
  readonly ratio: number;
  readonly answerTokens: number;
}

/** Tokens of an answer that are played, by shipped trace. */
const tracedTokens: Readonly<Record<string, number>> = {
  'coarse-greedy': 128,
  'draft-greedy': 128,
  'qwen-coder-greedy': 64,
  'long/coarse': 384,
  'long/draft': 384,
};

export const fig2Region: PaperExperiment = paperExperiment({
  figure: 'fig2-region',
  description: 'Fig. 2 by region: the best window for each acceptance and ratio of times',
  plan({ size }) {
    const { region, gammas, answerCount, answerTokens } = size;
    const { hardware, roundTripMs } = fig2World();
    const [{ draftMs, step }] = hardware as [Fig2Hardware];
    const uplinkMbps = Math.max(...size.uplinksMbps);
    const names = region.traces.filter((name) => shippedTraceNames().includes(name));
    const read = names.map((name) => ({ name, trace: readTrace(findTraceFile(name)) }));
    const plans = [...drawnPlans(size), ...read.flatMap(({ name, trace }) => tracedPlans(name, trace, size))];
    const traces = read.map(({ name, trace }) => `${name} ${hashTrace(trace)}`);
    const psd = gammas.map((window): Fig2Case => ({ mode: 'psd', window, uplinkMbps }));
    const cases: Fig2Case[] = [{ mode: 'ar', window: 0, uplinkMbps }, ...psd];
    // A row costs as little beside the step as on the preset's GPUs.
    const rowShare = step.perRowMs / step.fixedMs;
    const asked = { region, gammas, answerCount, answerTokens };
    return {
      settings: { ...asked, draftMs, rowShare, roundTripMs, uplinkMbps, traces },
      units: plans.map((plan) => ({
        key: [plan.trace ?? 'drawn', plan.source.kind, plan.acceptance, plan.ratio].join(' '),
        measure() {
          const fixedMs = plan.ratio * draftMs;
          const machine: Fig2Hardware = { name: 'preset', draftMs, step: { fixedMs, perRowMs: rowShare * fixedMs } };
          const conditions = { roundTripMs, bytesPerDraft: 0, answerTokens: plan.answerTokens };
          return playCases(plan.source, cases, machine, conditions);
        },
      })),
      conclude: (found: readonly (readonly PlayedCase[])[]) =>
        regionConclusion(plans, found, { draftMs, roundTripMs, hardware }),
    };
  },
});

function drawnPlans({ region, answerCount, answerTokens }: Size): RegionPlan[] {
  return combinations({ acceptance: region.acceptances, ratio: region.ratios }).map((one) => {
    return { ...one, source: drawnTask('code', one.acceptance, answerCount), trace: null, answerTokens };
  });
}

function tracedPlans(name: string, trace: Trace, { region, answerCount, answerTokens: usual }: Size): RegionPlan[] {
  const answerTokens = tracedTokens[name] ?? usual;
  return (['code', 'summarisation'] as const).flatMap((kind) => {
    const source = tracedTask(trace, kind, answerCount);
    if (source === null) return [];
    // The share of positions at which the draft is right.
    const right = source.replays.flatMap(({ session }) => [...session.rightUnits.slice(0, answerTokens)]);
    const acceptance = right.filter((units) => units > 0).length / right.length;
    return region.ratios.map((ratio) => ({ source, trace: name, acceptance, ratio, answerTokens }));
  });
}

/** A window with at most this loss against the best one is as good as the best. */
const littleLoss = 0.02;

/** The claimed window of each kind of task, and words for the kind. */
const claimedKinds = {
  code: { window: 25, name: 'windowLossCode', words: 'code' },
  summarisation: { window: 15, name: 'windowLossSummaries', words: 'summaries' },
} as const;

type Facts = Pick<Fig2World, 'hardware' | 'roundTripMs'> & Pick<Fig2Hardware, 'draftMs'>;
type Played = RegionPlan & { readonly cases: readonly PlayedCase[] };

const titles = {
  'fig2-region': 'Best window by acceptance (drawn independently) and time of a step',
  'fig2-traces': 'Best window of recorded answers',
};

export function regionConclusion(
  plans: readonly RegionPlan[],
  found: readonly (readonly PlayedCase[])[],
  facts: Facts,
): Drafted {
  const played = plans.map((plan, index): Played => ({ ...plan, cases: found[index] ?? [] }));
  const claims = played.flatMap(claimsOf);
  const cells = claims.filter(({ name }) => name === 'windowLossCode');
  const rows = played.map(rowOf);
  const parts = [...Map.groupBy(rows, ({ task }) => (task === null ? 'fig2-region' : 'fig2-traces'))];
  return {
    claims,
    rows,
    figures: Object.fromEntries(parts.map(([name, own]) => [name, figureOf(titles[name], own, facts)])),
    tables: Object.fromEntries(parts.map(([name, own]) => [titles[name], tableOf(own)])),
    figuresOfSummary: { windowRegionCells: cells.length, windowRegionHeldCode: cells.filter(holds).length },
  };
}

/** What the claimed window costs against the best one; recorded answers only. */
function claimsOf({ trace, ratio, source, cases }: Played): DraftClaim[] {
  if (trace === null || source.kind === 'chat') return [];
  const { window, name, words } = claimedKinds[source.kind];
  const windows = cases.filter(({ mode }) => mode === 'psd');
  const claimed = windows.find((one) => one.window === window);
  if (claimed === undefined) return [];
  const bestMs = (pick: readonly number[]): number => msPerToken(quickestCase(windows, pick), pick);
  const loss = estimate(claimed.ms.length, (pick) => msPerToken(claimed, pick) / bestMs(pick) - 1);
  const choices = { drafts: trace, 'time of a step, in drafts': `${ratio}` };
  const make = claimMaker({ figure: 'fig2-region', choices, isMain: trace === 'coarse-greedy' && ratio === 0.5 });
  const statement = `time per token with a window of ${window} for ${words} beyond that with the best window, share`;
  return [make(name, statement, 0, loss, onRange(0, littleLoss))];
}

type Row = ReturnType<typeof rowOf>;

function rowOf({ source, trace, acceptance, ratio, cases }: Played) {
  const windows = cases.filter(({ mode }) => mode === 'psd');
  const best = quickestCase(windows);
  const bestMs = msPerToken(best);
  const alone = cases.find(({ mode }) => mode === 'ar') as PlayedCase;
  const good = windows.filter((one) => msPerToken(one) <= (1 + littleLoss) * bestMs).map(({ window }) => window);
  return {
    drafts: trace ?? 'drawn',
    task: trace === null ? null : source.kind,
    acceptance,
    ratio,
    answers: best.ms.length,
    bestWindow: best.window,
    asGoodFrom: Math.min(...good),
    asGoodTo: Math.max(...good),
    msPerToken: bestMs,
    overEdgeAlone: bestMs / msPerToken(alone),
  };
}

function nameOf({ drafts, task, acceptance }: Row): string {
  if (task === null) return `right in ${percent(acceptance, acceptance > 0.98 ? 1 : 0)}`;
  return `${drafts}, ${task === 'chat' ? task : claimedKinds[task].words} (${percent(acceptance)})`;
}

function tableOf(rows: readonly Row[]): string {
  return pivotTable(rows, {
    corner: 'drafts',
    rowOf: nameOf,
    columnOf: ({ ratio }) => `a step takes ${ratio} drafts`,
    cellOf: ({ bestWindow, asGoodFrom, asGoodTo, overEdgeAlone }) =>
      `${bestWindow} [${asGoodFrom} to ${asGoodTo}], ${overEdgeAlone.toFixed(2)}`,
  });
}

const leastWindows = [5, 10, 15, 25];
const levels = levelsOf(['1 to 4', '5 to 9', '10 to 14', '15 to 24', '25 or more']);

function figureOf(title: string, rows: readonly Row[], facts: Facts): Drawing {
  const { draftMs, roundTripMs, hardware } = facts;
  const ratios = hardware.map((one) => `${one.name} ${rounded(one.step.fixedMs / one.draftMs)}`).join(', ');
  const cells = rows.map((row) => ({
    x: `${row.ratio}`,
    y: nameOf(row),
    level: leastWindows.filter((least) => row.bestWindow >= least).length,
    text: `${row.bestWindow}`,
    note: `(${row.overEdgeAlone.toFixed(2)})`,
  }));
  return {
    kind: 'heat',
    title,
    subtitle: [
      `Best window, and in brackets ms per token over that of the edge alone. A draft takes ${rounded(draftMs)} ms, round trip ${roundTripMs} ms, payload ids.`,
      `Paper's phones and GPUs: ${ratios}. GPT2-XL has 4 times the layers of GPT2.`,
    ],
    xTitle: 'time of a step of the target, in drafts',
    yTitle: '',
    levels,
    panels: [{ title: '', cells }],
  };
}
