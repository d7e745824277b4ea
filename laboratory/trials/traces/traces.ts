// Tries to break the promise of traces: a replay is the session that the live models would have decoded, round for round and token for
// token. Each session is decoded twice in the same virtual world: from a trace that went through its file format, and with the models.

import { setImmediate } from 'node:timers/promises';
import { encodeTrialPrompts, type TrialPrompt } from '../../../simulator/files/sample-prompts.ts';
import type { Conclusion, Experiment, Run } from '../../../simulator/runner/experiment.ts';
import { modelProgress } from '../../../simulator/runner/model-progress.ts';
import { parseTrace, writeTrace } from '../../../simulator/traces/trace-file.ts';
import { TraceRecorder } from '../../../simulator/traces/trace-recorder.ts';
import { traceStatistics } from '../../../simulator/traces/trace-statistics.ts';
import {
  runSourceSession,
  type SessionConditions,
  type SessionResult,
} from '../../../simulator/virtual-time/run-session.ts';
import { TraceReplay, traceSource } from '../../../simulator/virtual-time/trace-replay.ts';
import { gpuOption } from '../../../src/cli/options/gpu-option.ts';
import type { OptionsOf } from '../../../src/cli/options/options.ts';
import { namesOf, pairOption } from '../../../src/cli/options/pair-options.ts';
import { neutralSampling, type Sampling } from '../../../src/core/decoding/sampling.ts';
import { modeNames } from '../../../src/core/protocol/wire/mode.ts';
import { type OpenModelOptions, openModel } from '../../../src/models/engines/open-model.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { LiveModels } from './live-models.ts';

const options = {
  pair: pairOption as typeof pairOption,
  target: { flag: '--target <model>', help: "instead of the pair's: a name, a path or toy:SEED" },
  draft: { flag: '--draft <model>', help: "instead of the pair's; also ngram" },
  gpu: gpuOption as typeof gpuOption,
  promptCount: { flag: '--prompts <count>', help: 'only the first so many prompts', whole: [1, 1000], default: 4 },
  tokens: { flag: '--tokens <count>', help: 'tokens per text', whole: [1, 1024], default: 48 },
  temperatures: { flag: '--temperature <number,...>', help: 'temperatures', numbers: [0, 10], default: [0, 0.8] },
  roundTripsMs: { flag: '--rtt <ms,...>', help: 'round-trip times', numbers: [0, 10_000], default: [0, 10, 60] },
  minChainConfidences: {
    flag: '--confidence <share,...>',
    help: 'chains are cut below this',
    numbers: [0, 1],
    default: [0, 0.3],
  },
  maxAhead: { flag: '--ahead <count>', help: 'drafts beyond the committed text', whole: [1, 256], default: 24 },
  wrongDepth: {
    flag: '--wrong-depth <count>',
    help: 'tokens of a recorded wrong chain; default: as --ahead',
    whole: [1, 256],
  },
  /** Open models in place of those that are named; both need two sequences. */
  models: { default: null as TracedModels | null },
  /** What is replayed; a test changes the replay here, so that the trial must fail. */
  tamper: { default: ((replay) => replay) as (replay: TraceReplay) => TraceReplay },
} as const;

type TracesOptions = OptionsOf<typeof options>;

interface TracedModels {
  readonly target: LanguageModel;
  readonly draft: LanguageModel;
}

/** A session. `isHelped`: the edge uses lookup, and the device moves its cut. */
interface Row
  extends Pick<SessionConditions, 'mode' | 'roundTripMs'>,
    Readonly<Record<'temperature' | 'minChainConfidence' | 'tokens' | 'rounds' | 'acceptedDrafts', number>>,
    Readonly<Record<'isHelped' | 'sameRounds' | 'identical', boolean>> {
  readonly prompt: string;
}

interface TracesConclusion extends Conclusion<Row, Readonly<Record<string, number>>> {
  /** For each session that differs, what differs first. */
  readonly differences: readonly string[];
}

interface Found {
  readonly models: { readonly target: string; readonly draft: string };
  readonly rows: readonly Row[];
  readonly differences: readonly string[];
  readonly modelAnswers: number;
  readonly acceptance: number;
}

const seed = 20_261_124;
const lookUpTokens = 4;
/** Rates and jitter, so that the size of every frame and its order count. */
const link = { jitterMs: 2, uplinkBitsPerSecond: 250_000, downlinkBitsPerSecond: 1_000_000 };
const pace = { draftMs: 10, step: { fixedMs: 40, perRowMs: 1 } };

export const tracesTrial: Experiment<typeof options, Found, TracesConclusion> = {
  name: 'trial traces',
  lasts: '2 minutes',
  description: 'check that a replayed trace is the session that the models would have decoded, in every mode',
  options,
  async measure(given, run) {
    if (given.models !== null) return compareSessions(given.models, given, run);
    const { target: targetName, draft: draftName } = namesOf(given);
    // The draft is exact as well: its answer must not depend on how far it was read before.
    const shape = { sequences: 2, contextLength: 2048, gpu: given.gpu, exact: true };
    const open = (name: string, how: Pick<OpenModelOptions, 'role' | 'tokenizer'>): Promise<LanguageModel> =>
      openModel(name, { ...how, ...shape, ...modelProgress(run, name) });
    await using target = await open(targetName, { role: 'target' });
    await using draft = await open(draftName, { role: 'draft', tokenizer: target.tokenizer });
    return await compareSessions({ target, draft }, given, run);
  },
  conclude({ models, rows, differences, modelAnswers, acceptance }, given) {
    const summary = {
      sessions: rows.length,
      identical: rows.length - differences.length,
      sameRounds: rows.filter(({ sameRounds }) => sameRounds).length,
      rounds: rows.reduce((sum, row) => sum + row.rounds, 0),
      tokens: rows.reduce((sum, row) => sum + row.tokens, 0),
      modelAnswers,
      acceptance,
    };
    const { tokens, promptCount, temperatures, roundTripsMs, minChainConfidences, maxAhead } = given;
    const { wrongDepth = maxAhead } = given;
    const asked = { tokens, promptCount, temperatures, roundTripsMs, minChainConfidences, wrongDepth, maxAhead };
    const params = { ...models, ...asked, ...pace, link, lookUpTokens };
    const remarks = differences.slice(0, 5);
    return { rows, summary, params, seed, differences, remarks, passed: differences.length === 0 };
  },
};

async function compareSessions(given: TracedModels, options: TracesOptions, run: Run): Promise<Found> {
  const { target, draft } = given;
  const prompts = encodeTrialPrompts(target.tokenizer, options.promptCount);
  const cells = prompts.flatMap((prompt, index) =>
    options.temperatures.map((temperature) => ({ prompt, index, temperature })),
  );
  const conditions = conditionsOf(options);
  const total = cells.length * conditions.length;
  const rows: Row[] = [];
  const differences: string[] = [];
  const sums = { answers: 0, right: 0, positions: 0 };
  for (const { prompt, index, temperature } of cells) {
    run.onProgress('sessions', rows.length, total);
    const sampling = samplingOf(temperature, index);
    const replay = await record(given, prompt, sampling, options);
    const statistics = traceStatistics([replay.session]);
    sums.right += statistics.right;
    sums.positions += statistics.answerTokens;
    const source = traceSource(options.tamper(replay));
    await using live = new LiveModels(target, draft, { prompt: prompt.ids, sampling, maxAnswerTokens: options.tokens });
    for (const condition of conditions) {
      const replayed = orFailure(() => runSourceSession(condition, source));
      const decoded = await live.run(condition);
      const difference = firstDifference(replayed, decoded);
      rows.push(rowOf(prompt, temperature, condition, decoded, difference));
      if (difference !== null)
        differences.push(`${prompt.name} at ${temperature}, ${condition.mode}: ${difference.words}`);
      run.onProgress('sessions', rows.length, total);
      // Ctrl-C ends the trial between two sessions.
      await setImmediate();
      run.signal.throwIfAborted();
    }
    sums.answers += live.answerCount;
  }
  const models = { target: target.identity.name, draft: draft.identity.name };
  return { models, rows, differences, modelAnswers: sums.answers, acceptance: sums.right / sums.positions };
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
  { target, draft }: TracedModels,
  { name, task, ids }: TrialPrompt,
  sampling: Sampling,
  { tokens: answerTokens, maxAhead, wrongDepth = maxAhead }: TracesOptions,
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
    // Text, and time, tokens and accepted drafts of every round.
    sameRounds: difference?.isOfRounds !== true,
    // Bytes, rows and counts as well.
    identical: difference === null,
  };
}
