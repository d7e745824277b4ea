// The paper's Fig. 2: latency of PSD against draft length for each kind of task, and against the uplink's rate. Its claims: the best draft length is
// 25 for code and 15 for summaries, and more rate gains up to about 50 Mbit/s.

import { hashTrace, readTrace } from '../../../simulator/files/trace-files.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import { fig2Figures } from './fig2-figure.ts';
import { fig2Claims, fig2Page } from './fig2-page.ts';
import {
  drawnTask,
  type Fig2Case,
  type Fig2Hardware,
  type Fig2World,
  fig2World,
  playAnswers,
  type TaskSource,
  taskSources,
} from './fig2-sessions.ts';
import { msPerToken, type PlayedCase, type PlayedTask } from './fig2-windows.ts';
import type { PayloadLaw } from './interpretations.ts';
import { type PaperExperiment, paperExperiment } from './paper-experiment.ts';
import type { Size } from './sizes.ts';

/** Limit of a window's airtime: a longer one would look like a lost connection. */
const longestAirMs = 10_000;
const laws: readonly PayloadLaw[] = ['q16', 'ids'];

interface Plan {
  readonly source: TaskSource;
  readonly hardware: Fig2Hardware;
  readonly law: PayloadLaw;
  readonly cases: readonly Fig2Case[];
  /** Set where drafts are drawn to see what acceptance does. */
  readonly acceptance: number | null;
}

export const fig2: PaperExperiment = paperExperiment({
  figure: 'fig2',
  description: 'Fig. 2: latency of PSD against the window and the uplink',
  plan({ size, tracePath }) {
    const trace = tracePath === null ? null : readTrace(tracePath);
    const world = fig2World();
    const { roundTripMs, bytesPerDraft } = world;
    const plans = plansOf(size, world, taskSources(trace, size.answerCount));
    const { answerCount, answerTokens, gammas, uplinksMbps, acceptances } = size;
    const asked = { answerCount, answerTokens, gammas, uplinksMbps, acceptances, trace: trace && hashTrace(trace) };
    return {
      settings: { ...asked, ...world },
      units: plans.map(({ source, hardware, law, cases, acceptance }) => ({
        key: [source.kind, hardware.name, law, acceptance ?? ''].join(' ').trim(),
        measure() {
          const conditions = { roundTripMs, bytesPerDraft: bytesPerDraft[law], answerTokens };
          return cases.map((one): PlayedCase => ({ ...one, ...playAnswers(source, one, hardware, conditions) }));
        },
      })),
      plans,
      world,
    };
  },
  conclude(found, { plans, world }) {
    const played = plans.map(({ source: { kind, description }, hardware, law, acceptance }, index) => {
      const cases = found[index] as readonly PlayedCase[];
      return { kind, hardware: hardware.name, law, description, cases, acceptance };
    });
    const tasks = played.filter(({ acceptance }) => acceptance === null);
    const drawn = played.filter((one): one is PlayedTask & { acceptance: number } => one.acceptance !== null);
    return {
      claims: fig2Claims(tasks),
      rows: played.flatMap(rowsOf),
      figures: fig2Figures(tasks),
      page: fig2Page(tasks, drawn, world),
    };
  },
});

function plansOf(size: Size, { hardware, bytesPerDraft }: Fig2World, sources: TaskSource[]): Plan[] {
  const top = Math.max(...size.uplinksMbps);
  const plans: Plan[] = hardware.flatMap((one) =>
    laws.flatMap((law) =>
      sources.map((source) => ({
        source,
        hardware: one,
        law,
        cases: casesOf(size.gammas, size.uplinksMbps, bytesPerDraft[law]),
        acceptance: null,
      })),
    ),
  );
  const drawn: Plan[] = size.acceptances.flatMap((acceptance) =>
    hardware.map((one) => ({
      source: drawnTask('code', acceptance, size.answerCount),
      hardware: one,
      law: 'ids' as const,
      cases: casesOf(size.gammas, [top], bytesPerDraft.ids),
      acceptance,
    })),
  );
  return [...plans, ...drawn];
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

function rowsOf({ kind, hardware, law, acceptance, cases }: PlayedTask & { readonly acceptance: number | null }) {
  return cases.map((one) => {
    return {
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
    };
  });
}
