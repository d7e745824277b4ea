// The paper's Fig. 2: latency of PSD against the window, for each kind of task, and against the uplink's rate; and its claims: the best window is
// 25 for code and 15 for summaries, and more rate gains up to about 50 Mbit/s.

import type { Trace } from '../../traces/trace.ts';
import type { Part, WorkUnit } from '../experiment.ts';
import { fig2Pictures } from './fig2-figure.ts';
import { fig2Claims, fig2Page } from './fig2-page.ts';
import {
  drawnTask,
  type Fig2Case,
  type Fig2Hardware,
  fig2World,
  playAnswers,
  type TaskSource,
  taskSources,
} from './fig2-sessions.ts';
import { everyAnswer, type PlayedCase, type PlayedTask, paceOf } from './fig2-windows.ts';
import type { PayloadLaw } from './interpretations.ts';
import type { Size } from './sizes.ts';

/** Windows that would be on the air for longer would look like a lost connection. */
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

/** @param trace null: drafts are drawn with a stated acceptance @param traceHash names the trace in the record */
export function fig2Part(size: Size, trace: Trace | null, traceHash: string | null): Part<readonly PlayedCase[]> {
  const world = fig2World();
  const plans = plansOf(size, world, taskSources(trace, size.answerCount));
  const { roundTripMs, bytesPerDraft } = world;
  const { answerCount, answerTokens, gammas, uplinksMbps, acceptances } = size;
  return {
    name: 'fig2',
    title: 'Fig. 2: latency of PSD against the window and the uplink',
    settings: {
      figure: 'fig2',
      answerCount,
      answerTokens,
      gammas,
      uplinksMbps,
      acceptances,
      trace: traceHash,
      ...world,
    },
    units: plans.map(
      (plan): WorkUnit<readonly PlayedCase[]> => ({
        key: [plan.source.kind, plan.hardware.name, plan.law, plan.acceptance ?? ''].join(' ').trim(),
        measure: () =>
          plan.cases.map((one) => {
            const settings = { roundTripMs, bytesPerDraft: bytesPerDraft[plan.law], answerTokens };
            return { ...one, ...playAnswers(plan.source, one, plan.hardware, settings) };
          }),
      }),
    ),
    conclude(found) {
      const played = plans.map(({ source, hardware, law, acceptance }, index) => {
        const { kind, description } = source;
        const cases = found[index] as readonly PlayedCase[];
        return { kind, hardware: hardware.name, law, description, cases, acceptance };
      });
      const tasks = played.filter(({ acceptance }) => acceptance === null);
      const drawn = played.filter(({ acceptance }) => acceptance !== null);
      return {
        claims: fig2Claims(tasks),
        rows: played.flatMap(rowsOf),
        pictures: fig2Pictures(tasks),
        text: fig2Page(tasks, drawn as (PlayedTask & { readonly acceptance: number })[], world),
      };
    },
  };
}

function plansOf(size: Size, { hardware, bytesPerDraft }: ReturnType<typeof fig2World>, sources: TaskSource[]): Plan[] {
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
    const all = everyAnswer(one);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    return {
      task: acceptance === null ? kind : 'drawn',
      acceptance,
      hardware,
      payloadLaw: law,
      uplinkMbps: one.uplinkMbps,
      mode: one.mode,
      window: one.window,
      answers: all.length,
      msPerToken: paceOf(one, all),
      msPerAnswer: sum(one.ms) / all.length,
    };
  });
}
