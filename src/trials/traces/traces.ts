// Tries to break the promise of traces: a replay is the session that the live models would have decoded, round for round and token for
// token. Each session is decoded twice in the same virtual world: from a trace that went through its file format, and with the models.

import { neutralSampling, type Sampling } from '../../decoding/sampling.ts';
import type { Result } from '../../files/document.ts';
import { encodeTrialPrompts, type TrialPrompt } from '../../files/sample-prompts.ts';
import type { LanguageModel } from '../../models/model.ts';
import { TraceRecorder } from '../../models/trace-recorder.ts';
import { type ModeName, modeNames } from '../../protocol/mode.ts';
import { parseTrace, writeTrace } from '../../traces/trace-file.ts';
import { traceStatistics } from '../../traces/trace-statistics.ts';
import { runSourceSession, type SessionConditions, type SessionResult } from '../../virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../virtual-time/trace-replay.ts';
import { LiveModels } from './live-models.ts';

export interface TracesOptions {
  readonly tokens: number;
  readonly promptCount: number;
  readonly temperatures: readonly number[];
  readonly roundTripsMs: readonly number[];
  readonly minChainConfidences: readonly number[];
  /** Tokens of a recorded wrong chain. */
  readonly wrongDepth: number;
  readonly maxAhead: number;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  /** For tests: what is replayed instead of what was recorded. */
  readonly tamper?: (replay: TraceReplay) => TraceReplay;
}

interface Row {
  readonly prompt: string;
  readonly temperature: number;
  readonly mode: ModeName;
  /** The edge looks up, and the device moves its cut. */
  readonly isHelped: boolean;
  readonly roundTripMs: number;
  readonly minChainConfidence: number;
  readonly tokens: number;
  readonly rounds: number;
  readonly acceptedDrafts: number;
  /** Text, and time, tokens and accepted drafts of every round. */
  readonly sameRounds: boolean;
  /** Bytes, rows and counts as well. */
  readonly identical: boolean;
}

export interface TracesResult extends Result {
  readonly rows: readonly Row[];
  /** For each session that differs, what differs first. */
  readonly differences: readonly string[];
}

const seed = 20_261_124;
const lookUpTokens = 4;
/** Rates and jitter, so that the size of every frame and its order count. */
const link = { jitterMs: 2, uplinkBitsPerSecond: 250_000, downlinkBitsPerSecond: 1_000_000 };
const pace = { draftMs: 10, step: { fixedMs: 40, perRowMs: 1 } };

/** Target and draft need two sequences each. */
export async function trialTraces(
  target: LanguageModel,
  draft: LanguageModel,
  options: TracesOptions,
): Promise<TracesResult> {
  const prompts = encodeTrialPrompts(target.tokenizer, options.promptCount);
  const cells = prompts.flatMap((prompt, index) =>
    options.temperatures.map((temperature) => ({ prompt, index, temperature })),
  );
  const conditions = conditionsOf(options);
  const total = cells.length * conditions.length;
  const rows: Row[] = [];
  const differences: string[] = [];
  let answers = 0;
  let right = 0;
  let positions = 0;
  for (const { prompt, index, temperature } of cells) {
    options.onProgress?.('sessions', rows.length, total);
    const sampling = samplingOf(temperature, index);
    const replay = await record(target, draft, prompt, sampling, options);
    const statistics = traceStatistics([replay.session]);
    right += statistics.right;
    positions += statistics.answerTokens;
    const source = traceSource(options.tamper?.(replay) ?? replay);
    await using live = new LiveModels(target, draft, { prompt: prompt.ids, sampling, maxAnswerTokens: options.tokens });
    for (const condition of conditions) {
      const replayed = orFailure(() => runSourceSession(condition, source));
      const decoded = await live.run(condition);
      const difference = firstDifference(replayed, decoded);
      rows.push(rowOf(prompt, temperature, condition, decoded, difference));
      if (difference !== null)
        differences.push(`${prompt.name} at ${temperature}, ${condition.mode}: ${difference.words}`);
      options.onProgress?.('sessions', rows.length, total);
    }
    answers += live.answerCount;
  }
  const summary = {
    sessions: rows.length,
    identical: rows.length - differences.length,
    sameRounds: rows.filter(({ sameRounds }) => sameRounds).length,
    rounds: rows.reduce((sum, row) => sum + row.rounds, 0),
    tokens: rows.reduce((sum, row) => sum + row.tokens, 0),
    modelAnswers: answers,
    acceptance: right / positions,
  };
  const { onProgress: _progress, tamper: _tamper, ...params } = options;
  const models = { target: target.identity.name, draft: draft.identity.name };
  return { rows, summary, params: { ...models, ...params, ...pace, link, lookUpTokens }, seed, differences };
}

function conditionsOf({ roundTripsMs, minChainConfidences, maxAhead }: TracesOptions): SessionConditions[] {
  const modes = [...modeNames.map((mode) => ({ mode, isHelped: false })), { mode: 'stream' as const, isHelped: true }];
  return modes.flatMap(({ mode, isHelped }) =>
    roundTripsMs.flatMap((roundTripMs) =>
      minChainConfidences.map((minChainConfidence) => ({
        mode,
        seed,
        roundTripMs,
        link,
        ...pace,
        edgeDraft: { tokenMs: 5 },
        lookUpTokens: isHelped ? lookUpTokens : 0,
        cutsChains: isHelped,
        turn: { maxAhead, minChainConfidence },
      })),
    ),
  );
}

/** Sampled texts differ in their parameters, so that truncation and penalties are tried as well. */
function samplingOf(temperature: number, promptIndex: number): Sampling {
  if (temperature === 0) return neutralSampling;
  const shaped = [{}, { topP: 0.95, frequencyPenalty: 0.3 }, { minP: 0.05, repetitionPenalty: 1.1 }];
  return { ...neutralSampling, ...shaped[promptIndex % shaped.length], temperature, seed: BigInt(seed + promptIndex) };
}

/** Recorded, written, and read again. */
async function record(
  target: LanguageModel,
  draft: LanguageModel,
  { name, task, ids }: TrialPrompt,
  sampling: Sampling,
  { tokens: answerTokens, wrongDepth }: TracesOptions,
): Promise<TraceReplay> {
  await using recorder = new TraceRecorder(target, draft, { sampling, answerTokens, wrongDepth });
  const session = await recorder.record({ id: name, task, ids });
  const header = { ...recorder.header, source: 'trial', licence: 'none' };
  const trace = parseTrace(writeTrace({ header, sessions: [session] }));
  return new TraceReplay(trace.header, trace.sessions[0] ?? session);
}

/** A replay may fail at its own invariants: that is a difference, not the end of the trial. */
function orFailure(run: () => SessionResult): SessionResult | string {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Difference {
  readonly words: string;
  readonly isOfRounds: boolean;
}

/** Everything counts: text, times, rounds, bytes, rows. Null: nothing differs. */
function firstDifference(replayed: SessionResult | string, decoded: SessionResult): Difference | null {
  if (typeof replayed === 'string') return { words: `the replay failed: ${replayed}`, isOfRounds: true };
  for (const [index, round] of decoded.emissions.entries()) {
    const other = replayed.emissions[index];
    if (JSON.stringify(other) !== JSON.stringify(round)) {
      const words = `round ${index} is ${JSON.stringify(other)} in the replay, ${JSON.stringify(round)} live`;
      return { words, isOfRounds: true };
    }
  }
  for (const key of Object.keys(decoded) as (keyof SessionResult)[]) {
    const [one, other] = [JSON.stringify(replayed[key]), JSON.stringify(decoded[key])];
    if (one === other) continue;
    const words = `${key} is ${one.slice(0, 200)} in the replay, ${other.slice(0, 200)} live`;
    return { words, isOfRounds: key === 'emissions' || key === 'ids' };
  }
  return null;
}

function rowOf(
  prompt: TrialPrompt,
  temperature: number,
  condition: SessionConditions,
  decoded: SessionResult,
  difference: Difference | null,
): Row {
  return {
    prompt: prompt.name,
    temperature,
    mode: condition.mode,
    isHelped: condition.cutsChains === true,
    roundTripMs: condition.roundTripMs,
    minChainConfidence: condition.turn?.minChainConfidence ?? 0,
    tokens: decoded.answerTokens,
    rounds: decoded.emissions.length,
    acceptedDrafts: decoded.emissions.reduce((sum, { acceptedCount }) => sum + acceptedCount, 0),
    sameRounds: difference?.isOfRounds !== true,
    identical: difference === null,
  };
}
