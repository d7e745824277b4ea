// Sessions of the paper's Fig. 2 in virtual time: PSD with every window and uplink, on traces or drawn drafts; and their results: time per
// token by draft length and uplink, the best draft length, the useful uplink.

import { type Estimate, estimate } from '../../../simulator/charts/bootstrap.ts';
import { readPreset } from '../../../simulator/scenario/presets.ts';
import { buildWorld } from '../../../simulator/simulation/build-world.ts';
import { draftTimesMs, stepLaws } from '../../../simulator/simulation/token-hardware.ts';
import { drawnSource } from '../../../simulator/simulation/token-source.ts';
import type { Trace } from '../../../simulator/traces/trace.ts';
import { runSourceSession } from '../../../simulator/virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../../simulator/virtual-time/trace-replay.ts';
import type { TaskKind } from '../../../simulator/world/workload-lengths.ts';
import { findModelShape, payloadBitsPerToken } from '../../../simulator/world/workload-models.ts';
import { mean } from '../../../src/core/basics/statistics.ts';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { quickest } from '../best-draft-length.ts';
import type { PayloadLaw } from './interpretations.ts';

/** Devices of one server: M/E. */
const loadedDevices = 90 / 10;

export interface Fig2Hardware {
  readonly name: 'preset' | 'loaded edge' | 'one machine';
  readonly draftMs: number;
  readonly step: { readonly fixedMs: number; readonly perRowMs: number };
}

export interface Fig2World {
  readonly hardware: readonly Fig2Hardware[];
  readonly roundTripMs: number;
  readonly bytesPerDraft: Readonly<Record<PayloadLaw, number>>;
}

/**
 * `preset`: phones draft and GPUs verify with the means of the three phones and of the three GPUs of preset `paper`. `loaded edge`: the
 * same, and each device has the share z = E/M of a server that equal shares give it in Fig. 5's middle, 90 devices and ten servers (eq. 6).
 * `one machine`: the same draft, and a target whose step is longer in proportion to its size: both read their weights equally fast, as
 * where PSD was first measured on one GPU.
 */
export function fig2World(): Fig2World {
  const scenario = readPreset('paper', [
    { path: ['devices', 'count'], value: 3 },
    { path: ['servers', 'placement', 'count'], value: 3 },
  ]);
  const parts = buildWorld(scenario, 1, undefined);
  const laws = stepLaws(scenario, parts);
  const fixedMs = mean(laws.map((law) => law.fixedMs));
  const perRowMs = mean(laws.map((law) => law.perRowMs));
  const draftMs = mean([...draftTimesMs(scenario, parts)]);
  const target = findModelShape(scenario.workload.target);
  const draft = findModelShape(scenario.workload.draft);
  const ratio = target.activeParameters / draft.activeParameters;
  const loaded = { fixedMs: loadedDevices * fixedMs, perRowMs: loadedDevices * perRowMs };
  return {
    hardware: [
      { name: 'preset', draftMs, step: { fixedMs, perRowMs } },
      { name: 'loaded edge', draftMs, step: loaded },
      { name: 'one machine', draftMs, step: { fixedMs: ratio * draftMs, perRowMs } },
    ],
    roundTripMs: mean([...parts.roundTripMs]),
    // Ids are the default of the protocol.
    bytesPerDraft: { q16: payloadBitsPerToken(draft, 'q16') / 8, ids: 0 },
  };
}

export interface TaskSource {
  readonly kind: TaskKind;
  /** Description for people: "12 traced answers", "drawn, each draft right in 74 %". */
  readonly description: string;
  readonly replays: readonly TraceReplay[];
}

/** MT-Bench's eight categories, as Spec-Bench names them. */
const chatTasks = new Set(['writing', 'roleplay', 'reasoning', 'math', 'coding', 'extraction', 'stem', 'humanities']);

const tasksOfKind: Readonly<Record<TaskKind, (task: string, id: string) => boolean>> = {
  code: (_, id) => id.startsWith('humaneval/'),
  summarisation: (task) => task === 'summarization',
  chat: (task, id) => id.startsWith('spec-bench/') && chatTasks.has(task),
};

/**
 * Values without a trace: results of `outrider trace record` for `smollm2-135m-short` on the first five HumanEval prompts, five of
 * Spec-Bench's summaries and one of each of five MT-Bench categories, 96 tokens each.
 */
const statedAcceptance: Readonly<Record<TaskKind, number>> = { code: 0.87, summarisation: 0.74, chat: 0.74 };

/** Answers of each kind; kinds that the trace lacks are drawn. */
export function taskSources(trace: Trace | null, answerCount: number): TaskSource[] {
  return (['code', 'summarisation', 'chat'] as const).map((kind) => {
    const traced = trace && tracedTask(trace, kind, answerCount);
    return traced ?? drawnTask(kind, statedAcceptance[kind], answerCount);
  });
}

/** Null: the trace has no such answers. */
export function tracedTask({ header, sessions }: Trace, kind: TaskKind, answerCount: number): TaskSource | null {
  const own = sessions.filter(({ task, id }) => tasksOfKind[kind](task, id)).slice(0, answerCount);
  if (own.length === 0) return null;
  const replays = own.map((session) => new TraceReplay(header, session));
  return { kind, description: `${own.length} traced answers, draft ${header.draft.name}`, replays };
}

export function drawnTask(kind: TaskKind, acceptance: number, answerCount: number): TaskSource {
  const { workload } = readPreset('paper');
  const tasks = workload.tasks.filter((task) => task.kind === kind);
  const { replays } = drawnSource({ ...workload, tasks }, acceptance, 1);
  const description = `drawn, each draft right in ${Math.round(100 * acceptance)} %`;
  return { kind, description, replays: replays.slice(0, answerCount) };
}

export interface Fig2Case {
  readonly mode: ModeName;
  /** Draft length (gamma); 0: the mode has no window. */
  readonly window: number;
  readonly uplinkMbps: number;
}

export interface PlayedCase extends Fig2Case {
  readonly ms: readonly number[];
  readonly tokens: readonly number[];
}

/** @param answerTokens most tokens of an answer */
export function playCases(
  { replays }: TaskSource,
  cases: readonly Fig2Case[],
  { draftMs, step }: Fig2Hardware,
  { answerTokens, ...network }: { roundTripMs: number; bytesPerDraft: number; answerTokens: number },
): PlayedCase[] {
  return cases.map((one) => {
    const { mode, window, uplinkMbps } = one;
    // While two windows wait for their verdicts, a third may be drafted.
    const maxAhead = Math.max(24, 4 * window);
    const session = {
      mode,
      ...network,
      link: { uplinkBitsPerSecond: 1e6 * uplinkMbps },
      draftMs,
      step,
      limits: { maxRows: maxAhead + 1, usefulRows: maxAhead + 1, prefillChunk: 512 },
      turn: { maxAhead, ...(window === 0 ? {} : { draftLength: window }) },
    };
    const results = replays.map((replay, index) => {
      const source = traceSource(replay, Math.min(answerTokens, replay.header.answerTokens));
      return runSourceSession({ ...session, seed: 1 + index }, source);
    });
    return {
      ...one,
      ms: results.map(({ durationMs }) => durationMs),
      tokens: results.map((result) => result.answerTokens),
    };
  });
}

/** All draft lengths and uplinks of one kind of answers. */
export interface PlayedTask {
  readonly kind: TaskKind;
  readonly hardware: Fig2Hardware['name'];
  readonly law: PayloadLaw;
  readonly description: string;
  readonly cases: readonly PlayedCase[];
  /** Set where each draft is drawn to be right with this chance. */
  readonly acceptance?: number | null;
}

/** ms per token of the answers in `pick`; default: all answers. */
export function msPerToken(
  { ms, tokens }: Pick<PlayedCase, 'ms' | 'tokens'>,
  pick: readonly number[] = [...ms.keys()],
): number {
  const sum = (values: readonly number[]): number =>
    pick.reduce((total, answer) => total + (values[answer] as number), 0);
  return sum(ms) / sum(tokens);
}

/** PSD with each draft length at one uplink. */
export function windowedCases({ cases }: PlayedTask, uplinkMbps: number): PlayedCase[] {
  return cases.filter((one) => one.mode === 'psd' && one.uplinkMbps === uplinkMbps);
}

export function uplinksOf(tasks: readonly PlayedTask[]): number[] {
  return [...new Set(tasks.flatMap(({ cases }) => cases.map(({ uplinkMbps }) => uplinkMbps)))];
}

/** The quickest draft length for the answers in `pick`; default: all answers. */
export function quickestCase(cases: readonly PlayedCase[], pick?: readonly number[]): PlayedCase {
  return quickest(cases, (one) => msPerToken(one, pick));
}

/** The best draft length, with a 95 % bootstrap interval over answers. */
export function bestWindow(task: PlayedTask, uplinkMbps: number): Estimate {
  const cases = windowedCases(task, uplinkMbps);
  return estimate(cases[0]?.ms.length ?? 0, (pick) => quickestCase(cases, pick).window);
}

/** The difference between the best draft lengths of two kinds. */
export function windowDifference(larger: PlayedTask, smaller: PlayedTask, uplinkMbps: number): Estimate {
  const one = windowedCases(larger, uplinkMbps);
  const other = windowedCases(smaller, uplinkMbps);
  const count = Math.min(one[0]?.ms.length ?? 0, other[0]?.ms.length ?? 0);
  return estimate(count, (pick) => quickestCase(one, pick).window - quickestCase(other, pick).window);
}

/** A gain of latency below this share is little. */
const littleGain = 0.05;

/**
 * The uplink from which latency, at the best draft length for each uplink and over all kinds of answers, is within {@link littleGain} of
 * that at the fastest uplink; between two uplinks by a straight line over the logarithm.
 */
export function rateThatSuffices(tasks: readonly PlayedTask[]): Estimate {
  const uplinks = uplinksOf(tasks).toSorted((one, other) => one - other);
  const count = Math.min(...tasks.map(({ cases }) => cases[0]?.ms.length ?? 0));
  const cases = uplinks.map((uplink) => tasks.map((task) => windowedCases(task, uplink)));
  return estimate(count, (pick) => {
    const quickestMs = (own: readonly PlayedCase[]): number => msPerToken(quickestCase(own, pick), pick);
    const times = cases.map((byTask) => byTask.reduce((sum, own) => sum + quickestMs(own), 0));
    return crossing(uplinks, times);
  });
}

/** @param uplinks ascending */
export function crossing(uplinks: readonly number[], times: readonly number[]): number {
  const limit = (times.at(-1) as number) * (1 + littleGain);
  let index = times.length - 1;
  while (index > 0 && (times[index - 1] as number) <= limit) index--;
  const high = uplinks[index] as number;
  const low = uplinks[index - 1];
  const slowMs = times[index - 1];
  if (low === undefined || slowMs === undefined) return high;
  const share = (slowMs - limit) / (slowMs - (times[index] as number));
  return Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low)));
}
