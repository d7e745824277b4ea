// Sessions of the paper's Fig. 2 in virtual time: PSD with every window and uplink, on traces or drawn drafts. It concludes nothing.

import { readPreset } from '../../../simulator/scenario/presets.ts';
import type { Override } from '../../../simulator/scenario/read-scenario.ts';
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
import type { PayloadLaw } from './interpretations.ts';

/** Devices of one server: M/E. */
const loadedDevices = 90 / 10;

/** Times of a draft and of a step. */
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
 * `preset`: phones draft and GPUs verify as preset `paper` has them, the mean of its three phones and of its three GPUs. `loaded edge`: the same, and
 * each device has the share z = E/M of a server that equal shares give it in Fig. 5's middle, 90 devices and ten servers (eq. 6). `one machine`:
 * the same draft, and a target that is as much slower as it is larger: both read their weights equally fast, as where PSD was first
 * measured on one GPU.
 *
 * @param overrides set over the preset
 */
export function fig2World(overrides: readonly Override[] = []): Fig2World {
  const scenario = readPreset('paper', [
    { path: ['devices', 'count'], value: 3 },
    { path: ['servers', 'placement', 'count'], value: 3 },
    ...overrides,
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
    roundTripMs: scenario.token.roundTripMs,
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
 * Values without a trace: results of `outrider trace record` for `smollm2-135m-short` on the first five HumanEval prompts, five of Spec-Bench's
 * summaries and one of each of five MT-Bench categories, 96 tokens each.
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

/** One mode, window and uplink. */
export interface Fig2Case {
  readonly mode: ModeName;
  /** Draft length (gamma); 0: the mode has no window. */
  readonly window: number;
  readonly uplinkMbps: number;
}

/** A case with duration and tokens of each answer. */
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
