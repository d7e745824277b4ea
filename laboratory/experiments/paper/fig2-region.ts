// Which window is best for which drafts and which hardware: the plane of acceptance and of the ratio of the times of a target's step and of a draft.
// Acceptance is drawn, each draft independently, and beside it recorded: answers of real pairs, whose acceptance moves along the answer. Its claims:
// the printed windows, 25 for code and 15 for summaries, cost next to nothing against the best window.

import { existsSync } from 'node:fs';
import { findTraceFile } from '../../../simulator/files/shipped-traces.ts';
import { hashTrace, readTrace } from '../../../simulator/files/trace-files.ts';
import { type RegionPlan, regionConclusion } from './fig2-region-page.ts';
import {
  drawnTask,
  type Fig2Case,
  type Fig2Hardware,
  fig2World,
  playAnswers,
  type TaskSource,
  taskSources,
} from './fig2-sessions.ts';
import type { PlayedCase } from './fig2-windows.ts';
import { type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

/** Shipped traces of code and summaries, and how many tokens of an answer are played. */
const traces: readonly { readonly name: string; readonly answerTokens: number }[] = [
  { name: 'coarse-greedy', answerTokens: 128 },
  { name: 'draft-greedy', answerTokens: 128 },
  { name: 'qwen-coder-greedy', answerTokens: 64 },
  { name: 'long/coarse', answerTokens: 384 },
  { name: 'long/draft', answerTokens: 384 },
];

export const fig2Region: PaperExperiment = paperExperiment({
  figure: 'fig2-region',
  description: 'Fig. 2 by region: the best window for each acceptance and ratio of times',
  plan({ size }) {
    const { region, gammas, answerCount, answerTokens } = size;
    const { hardware, roundTripMs } = fig2World();
    const [{ draftMs, step }] = hardware as [Fig2Hardware];
    const uplinkMbps = Math.max(...size.uplinksMbps);
    const found = region.traces.flatMap((name) => traces.filter((one) => one.name === name && isThere(name)));
    const read = found.map((one) => ({ ...one, trace: readTrace(findTraceFile(one.name)) }));
    const plans = [...drawnPlans(size), ...read.flatMap((one) => tracedPlans(one, size))];
    const hashes = read.map(({ name, trace }) => `${name} ${hashTrace(trace)}`);
    const cases = [
      { mode: 'ar' as const, window: 0, uplinkMbps },
      ...gammas.map((window): Fig2Case => ({ mode: 'psd', window, uplinkMbps })),
    ];
    // A row costs as little beside the step as on the preset's GPUs.
    const rowShare = step.perRowMs / step.fixedMs;
    return {
      settings: {
        region,
        gammas,
        answerCount,
        answerTokens,
        draftMs,
        rowShare,
        roundTripMs,
        uplinkMbps,
        traces: hashes,
      },
      units: plans.map((plan) => ({
        key: [plan.trace ?? 'drawn', plan.source.kind, plan.acceptance, plan.ratio].join(' '),
        measure() {
          const fixedMs = plan.ratio * draftMs;
          const machine: Fig2Hardware = { name: 'preset', draftMs, step: { fixedMs, perRowMs: rowShare * fixedMs } };
          const conditions = { roundTripMs, bytesPerDraft: 0, answerTokens: plan.answerTokens };
          return cases.map((one): PlayedCase => ({ ...one, ...playAnswers(plan.source, one, machine, conditions) }));
        },
      })),
      plans,
      facts: { draftMs, roundTripMs, uplinkMbps, hardware },
    };
  },
  conclude: (found, { plans, facts }) => regionConclusion(plans, found, facts),
});

/** The npm package may leave a trace out. */
function isThere(name: string): boolean {
  try {
    return existsSync(findTraceFile(name));
  } catch {
    return false;
  }
}

function drawnPlans({ region, answerCount, answerTokens }: Size): RegionPlan[] {
  return region.acceptances.flatMap((acceptance) =>
    region.ratios.map((ratio) => {
      const source = drawnTask('code', acceptance, answerCount);
      return { source, trace: null, acceptance, ratio, answerTokens };
    }),
  );
}

function tracedPlans(
  of: (typeof traces)[number] & { readonly trace: ReturnType<typeof readTrace> },
  { region, answerCount }: Size,
): RegionPlan[] {
  const sources = taskSources(of.trace, answerCount).filter(
    ({ kind, replays }) => kind !== 'chat' && replays.length > 0,
  );
  return sources
    .filter(({ description }) => description.includes('traced'))
    .flatMap((source) =>
      region.ratios.map((ratio) => {
        const { answerTokens } = of;
        return { source, trace: of.name, acceptance: acceptanceOf(source, answerTokens), ratio, answerTokens };
      }),
    );
}

/** Share of the positions of the answers at which the draft is right. */
function acceptanceOf({ replays }: TaskSource, answerTokens: number): number {
  let [right, all] = [0, 0];
  for (const { session } of replays) {
    const { rightUnits } = session;
    const played = rightUnits.slice(0, answerTokens);
    all += played.length;
    right += played.filter((units) => units > 0).length;
  }
  return right / all;
}
