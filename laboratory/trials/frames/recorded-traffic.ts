// Recorded traffic of an honest device and an honest edge, which the trial damages; and honest turns that run beside the attack.

import { createRandom, type Random } from '../../../src/core/basics/philox.ts';
import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { DeviceCodec, EdgeCodec } from '../../../src/core/protocol/wire/codec.ts';
import { announcedStepMs } from '../../../src/core/protocol/wire/edge-timing.ts';
import { type DeviceMessage, type EdgeMessage, protocolVersion } from '../../../src/core/protocol/wire/messages.ts';
import { linearStepTime } from '../../../src/core/scheduling/step-time.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { ModelIdentity, Tokenizer } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import type { Connect } from '../../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import type { TurnOptions } from '../../../src/processes/device/turn-options.ts';
import { closedLoop, ids, type ReadAnswer, readTask, type ToyTask, toyTask } from '../../readers/toy-reader.ts';
import type { Frames } from './mutations.ts';

/** One honest turn's frames. */
export interface Recording {
  readonly up: Frames;
  readonly down: Frames;
}

export const toySeed = 11;

const promptLengths: readonly number[] = [1, 5, 40];
export const answerTokens = 40;

export function honestTasks(): Promise<ToyTask[]> {
  const tasks = promptLengths.flatMap((length, index) =>
    [0, 0.8].map((temperature) => {
      const sampling = { ...neutralSampling, temperature, seed: 5n };
      return toyTask(toySeed, ids(length, 100 * (index + 1)), answerTokens, sampling);
    }),
  );
  return Promise.all(tasks);
}

/** The key of honest devices, at an edge that distinguishes keys. */
export const honestKey = 'honest';

/** An honest answer, with alternatives. @param more overrides the options of the turn */
export async function writeHonestly(
  connect: Connect,
  task: ToyTask,
  more: Partial<TurnOptions> = {},
): Promise<ReadAnswer> {
  await using model = createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8, sequences: 2 });
  await using drafter = new ModelDrafter(model);
  const asked = { connect, tokenizer: model.tokenizer, drafter, maxAnswerTokens: answerTokens };
  return await readTask(task, { ...asked, credentials: honestKey, ...more });
}

/**
 * What device and edge send to each other when each waits for the other, so that a case can be repeated from its number alone.
 * The window is small: what an attacker leaves behind costs the edge little.
 */
export function compose(
  seed: number,
  tasks: readonly ToyTask[],
  tokenizer: Tokenizer,
  model: ModelIdentity,
): Recording[] {
  const kinds: readonly Drafting[] = [
    { rate: 0.8, scores: true },
    { rate: 0.8 },
    { rate: 0 },
    { rate: 0.8, hedges: true },
  ];
  return kinds.flatMap((drafting) =>
    tasks.map((task, index) => {
      const random = createRandom(seed, 2 ** 32 - 1 - index);
      return composeOne(random, drafting, task, tokenizer, model);
    }),
  );
}

interface Drafting {
  /** Share of steps with drafts: without any, a real device takes every commit. */
  readonly rate: number;
  /** Whether a wrong draft has an alternative beside it, which the edge takes. */
  readonly hedges?: true;
  /** Whether the device asks for logprobs of its prompt. */
  readonly scores?: true;
}

/** Tokens of the target that the frames of a taken alternative carry. */
const hedgedTokens = 5;

/** Both sides of a turn, and what they have sent. */
class Pair {
  readonly recording: Recording = { up: [], down: [] };
  readonly #device = new DeviceCodec();
  readonly #edge = new EdgeCodec();

  /** The device sends a message. */
  up(message: DeviceMessage): void {
    const bytes = this.#device.encode(message);
    this.#edge.decode(bytes);
    this.recording.up.push(bytes);
  }

  /** The edge sends a message. */
  down(message: EdgeMessage): void {
    const bytes = this.#edge.encode(message);
    this.#device.decode(bytes);
    this.recording.down.push(bytes);
  }

  /** The edge has read the prompt, in two steps. */
  score(prompt: readonly number[]): void {
    const half = prompt.length >> 1;
    for (const [from, to] of [
      [1, half],
      [Math.max(1, half), prompt.length],
    ] as const) {
      const logprobs = prompt.slice(from, to).map((id) => ({ logprob: -1, top: [{ id, logprob: -1 }] }));
      if (logprobs.length > 0) this.down({ kind: 'prompt-scored', first: from, logprobs });
    }
  }

  /** The right tokens follow a wrong draft as an alternative. @returns the newest branch */
  hedge(base: number, newest: number, first: number, wrongAt: number, right: readonly number[]): number {
    const branch = newest + 1;
    const at = first + wrongAt;
    this.up({ kind: 'alternative', branch, base, first: at, tokens: right.slice(0, 1) });
    this.up({ kind: 'alternative', branch, base, first: at + 1, tokens: right.slice(1, 2) });
    // Beside the first draft, which the target does not have there.
    const other = right.slice(0, 2).map((id) => id + 2);
    this.up({ kind: 'alternative', branch: branch + 1, base, first, tokens: other });
    this.up({ kind: 'alternative', branch, base, first: at + 2, tokens: right.slice(2, 3) });
    this.down({ kind: 'commit', first, branch, accepted: wrongAt + 1, tokens: [] });
    this.up({ kind: 'draft', branch, first: at + 3, tokens: right.slice(3, 4) });
    this.down({ kind: 'commit', first: at + 1, branch, accepted: 3, tokens: right.slice(4) });
    return branch + 1;
  }
}

function composeOne(
  random: Random,
  { rate, hedges, scores }: Drafting,
  { prompt, sampling, reference }: ToyTask,
  tokenizer: Tokenizer,
  model: ModelIdentity,
): Recording {
  const pair = new Pair();
  const { hash: tokenizerHash, vocabularySize } = tokenizer;
  const version = protocolVersion;
  const { name, fingerprint } = model;
  const timing = { stepMs: announcedStepMs(linearStepTime(40, 0.4)), edgeDraftMs: 5 };
  const identity = { model: name, fingerprint, tokenizerHash, vocabularySize, contextLength: 4096 };
  pair.down({ kind: 'hello', version, ...identity, timing });
  const id = '00'.repeat(16);
  const ids = { session: id, conversation: id, attempt: 1, credentials: '', padding: 0, tokenizerHash };
  const rules = {
    mode: 'stream',
    sampling,
    stopStrings: [],
    maxAnswerTokens: answerTokens,
    flowControlWindow: 16,
    maxAhead: 24,
  } as const;
  const asked = scores === true ? { promptLogprobs: 1 } : {};
  pair.up({ kind: 'open', version, ...ids, ...rules, ...asked, prompt, answer: [] });
  pair.down({ kind: 'held', tokens: 0 });
  if (scores === true) pair.score(prompt);
  pair.up({ kind: 'ping', stamp: 1000 });
  let steps = 0;
  let draftRows = 0;
  let acceptedRows = 0;
  let newest = 0;
  for (let written = 0; written < reference.length; steps += 1) {
    const first = prompt.length + written;
    const room = Math.min(6, reference.length - written - 1);
    const count = random.uniform() < rate ? random.integer(room + 1) : 0;
    const tokens = reference.slice(written, written + count).map((id) => (random.uniform() < 0.8 ? id : id + 1));
    if (count > 0) newest += 1;
    const branch = newest;
    for (const [index, id] of tokens.entries()) pair.up({ kind: 'draft', branch, first: first + index, tokens: [id] });
    const wrongAt = tokens.findIndex((id, index) => id !== reference[written + index]);
    const accepted = wrongAt === -1 ? count : wrongAt;
    const right = reference.slice(written + accepted, written + accepted + hedgedTokens);
    if (hedges === true && wrongAt !== -1 && right.length === hedgedTokens) {
      newest = pair.hedge(branch, newest, first, wrongAt, right);
      written += hedgedTokens - 1;
    } else pair.down({ kind: 'commit', first, branch: accepted > 0 ? branch : 0, accepted, tokens: right.slice(0, 1) });
    written += accepted + 1;
    draftRows += count;
    acceptedRows += accepted;
    if (steps % 4 === 3) pair.up({ kind: 'ack', length: prompt.length + written });
    if (steps % 8 === 5) pair.down({ kind: 'ping', stamp: 2000 + steps });
  }
  pair.down({
    kind: 'end',
    reason: 'length',
    length: prompt.length + reference.length,
    account: { steps, draftRows, acceptedRows, edgeDraftRows: 0, acceptedEdgeDraftRows: 0 },
  });
  pair.up({ kind: 'bye' });
  return pair.recording;
}

export interface HonestCount {
  texts: number;
  wrong: number;
  /** Right as far as they go, and ended by a failure of the engine. */
  cut: number;
  /** What the first wrong ones were like. */
  readonly reports: string[];
}

/** Writes one text after the other until the signal, and compares each with the reference. */
export function keepWriting(
  port: number,
  tasks: readonly ToyTask[],
  worker: number,
  count: HonestCount,
  until: AbortSignal,
): Promise<void> {
  const connect = connectWebSocket(`ws://127.0.0.1:${port}`);
  return closedLoop(tasks, worker, until, async (task) => {
    judge(await writeHonestly(connect, task), task, count);
    await new Promise((resolve) => setTimeout(resolve, 20));
  });
}

/** Starts as many turns at once as the edge has places. @returns the number of refused ones */
export async function fillPlaces(
  port: number,
  tasks: readonly ToyTask[],
  places: number,
  count: HonestCount,
): Promise<number> {
  const connect = connectWebSocket(`ws://127.0.0.1:${port}`);
  const turns = Array.from({ length: places }, async (_, number): Promise<number> => {
    const task = tasks[number % tasks.length] as ToyTask;
    const answer = await writeHonestly(connect, task);
    const { outcome } = answer.report;
    if (outcome.kind === 'failed' && outcome.code === 'edge-full') return 1;
    judge(answer, task, count);
    return 0;
  });
  return (await Promise.all(turns)).reduce((sum, missing) => sum + missing, 0);
}

function judge({ report, isPrefix, isRight, end }: ReadAnswer, { reference }: ToyTask, count: HonestCount): void {
  const { outcome, tokens } = report;
  count.texts += 1;
  if (isPrefix && outcome.kind === 'failed' && outcome.cause === 'the engine failed') count.cut += 1;
  else if (!isRight) {
    count.wrong += 1;
    const at = tokens.findIndex((id, index) => id !== reference[index]);
    if (count.reports.length < 5)
      count.reports.push(
        `an honest text of ${tokens.length} tokens is wrong from token ${at} on; it ended with ${end}`,
      );
  }
}
