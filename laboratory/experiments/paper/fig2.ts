// The paper's Fig. 2: latency of PSD against draft length for each kind of task, and against the uplink's rate. Its claims: the best draft length is
// 25 for code and 15 for summaries, and more rate gains up to about 50 Mbit/s.

import { hashTrace, readTrace } from '../../../simulator/files/trace-files.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { combinations } from '../combinations.ts';
import { fig2Claims, fig2Figures, fig2Tables } from './fig2-report.ts';
import {
  drawnTask,
  type Fig2Case,
  type Fig2Hardware,
  fig2World,
  type PlayedCase,
  playCases,
  type TaskSource,
  taskSources,
} from './fig2-sessions.ts';
import { msPerToken, type PlayedTask } from './fig2-windows.ts';
import { payloadLaws } from './interpretations.ts';
import { type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

/** Limit of a window's airtime: a longer one would look like a lost connection. */
const longestAirMs = 10_000;

export const fig2: PaperExperiment = paperExperiment({
  figure: 'fig2',
  description: 'Fig. 2: latency of PSD against the window and the uplink',
  plan({ size, tracePath }) {
    const trace = tracePath === null ? null : readTrace(tracePath);
    const world = fig2World();
    const plans = plansOf(size, world.hardware, taskSources(trace, size.answerCount));
    const { answerCount, answerTokens, gammas, uplinksMbps, acceptances } = size;
    const asked = { answerCount, answerTokens, gammas, uplinksMbps, acceptances, trace: trace && hashTrace(trace) };
    return {
      settings: { ...asked, ...world },
      units: plans.map(({ source, hardware, law, acceptance, ...plan }) => ({
        key: [source.kind, hardware.name, law, acceptance ?? ''].join(' ').trim(),
        measure() {
          const bytesPerDraft = world.bytesPerDraft[law];
          const conditions = { roundTripMs: world.roundTripMs, bytesPerDraft, answerTokens };
          return playCases(source, casesOf(gammas, plan.uplinksMbps, bytesPerDraft), hardware, conditions);
        },
      })),
      conclude(found: readonly (readonly PlayedCase[])[]) {
        const played = plans.map(({ source: { kind, description }, hardware, law, acceptance }, index): PlayedTask => {
          return { kind, hardware: hardware.name, law, description, cases: found[index] ?? [], acceptance };
        });
        const tasks = played.filter(({ acceptance }) => acceptance === null);
        const drawn = played.filter(({ acceptance }) => acceptance !== null);
        return {
          claims: fig2Claims(tasks),
          rows: played.flatMap(rowsOf),
          figures: fig2Figures(tasks),
          tables: fig2Tables(tasks, drawn),
        };
      },
    };
  },
});

/** Every kind of tasks with all uplinks; then drawn drafts at the fastest, to see what acceptance does. */
function plansOf(size: Size, hardware: readonly Fig2Hardware[], sources: readonly TaskSource[]) {
  const { uplinksMbps, acceptances, answerCount } = size;
  const recorded = combinations({ hardware, law: payloadLaws, source: sources });
  const drawn = combinations({ acceptance: acceptances, hardware, law: ['ids'] });
  return [
    ...recorded.map((one) => ({ ...one, uplinksMbps, acceptance: null })),
    ...drawn.map((one) => {
      const source = drawnTask('code', one.acceptance, answerCount);
      return { ...one, source, uplinksMbps: [Math.max(...uplinksMbps)] };
    }),
  ];
}

function casesOf(gammas: readonly number[], uplinks: readonly number[], bytesPerDraft: number): Fig2Case[] {
  return uplinks.flatMap((uplinkMbps) => [
    { mode: 'ar', window: 0, uplinkMbps },
    { mode: 'stream', window: 0, uplinkMbps },
    ...gammas
      .filter((window) => (8e-3 * bytesPerDraft * window) / uplinkMbps <= longestAirMs)
      .map((window): Fig2Case => ({ mode: 'psd', window, uplinkMbps })),
  ]);
}

function rowsOf({ kind, hardware, law, acceptance = null, cases }: PlayedTask) {
  return cases.map((one) => ({
    task: acceptance === null ? kind : 'drawn',
    acceptance,
    hardware,
    payloadLaw: law,
    uplinkMbps: one.uplinkMbps,
    mode: one.mode,
    window: one.window,
    answers: one.ms.length,
    msPerToken: msPerToken(one),
    msPerAnswer: mean(one.ms),
  }));
}
