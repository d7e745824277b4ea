// Edges with long texts, in this process: what a step costs outside the engine, how fast a prompt is read, and what a long prompt costs
// others. Where a real model's context is too short or its reading too slow, the model is a made one: two small layers of random weights,
// whose prompt tokens become dearer with the length of the text as those of any model with attention do.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModeName } from '../../../src/core/protocol/wire/mode.ts';
import { openModel } from '../../../src/models/engines/open-model.ts';
import { appendTokens } from '../../../src/models/port/append-tokens.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { createInMemoryNetwork } from '../../../src/network/transport/in-memory.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import { type Edge, startEdge } from '../../../src/processes/edge/edge.ts';
import { encodeModel, integer, withMetadata } from '../../trials/exactness/architectures/model-file.ts';
import { llama } from '../../trials/exactness/architectures/models.ts';
import { drawText } from './draw-text.ts';

/** An edge in this process. */
interface Served extends AsyncDisposable {
  readonly edge: Edge;
  readonly model: LanguageModel;
  /** Starts an answer, and resolves with its turn when the first token is here. */
  ask(prompt: readonly number[], maxAnswerTokens: number, mode?: ModeName): Promise<Answer>;
}

interface Answer {
  /** Tokens so far. */
  readonly tokens: () => number;
  readonly ended: Promise<unknown>;
  stop(): void;
}

async function serveHere(model: LanguageModel): Promise<Served> {
  const edge = await startEdge({ model });
  const network = createInMemoryNetwork(edge.accept);
  return {
    edge,
    model,
    async ask(prompt, maxAnswerTokens, mode = 'ar') {
      const { tokenizer } = model;
      const firstTokenWithinMs = 3_600_000;
      const turn = startTurn({
        connect: network.connect,
        tokenizer,
        drafter: null,
        prompt,
        mode,
        maxAnswerTokens,
        firstTokenWithinMs,
        sampling: { temperature: 1, repetitionPenalty: 1.05, seed: 1n },
      });
      let tokens = 0;
      const first = Promise.withResolvers<void>();
      const read = async (): Promise<void> => {
        for await (const emission of turn) {
          tokens += emission.tokens.length;
          first.resolve();
        }
        first.resolve();
      };
      const ended = read();
      ended.catch(first.reject);
      await first.promise;
      return { tokens: () => tokens, ended, stop: () => turn.stop() };
    },
    async [Symbol.asyncDispose]() {
      await edge.close();
      network.close();
      await model.close();
    },
  };
}

/** @returns the least over answers of the mean over their steps, ms: other work on the machine only adds to it */
export async function stepOverhead(textTokens: number, answers: number): Promise<number> {
  const answerTokens = 200;
  const contextLength = textTokens + answerTokens + 100;
  await using served = await serveHere(createToyModel({ seed: 1, role: 'target', contextLength, sequences: 2 }));
  const found: number[] = [];
  // The edge drafts by look-up, so that it has all the work beside the engine that there can be.
  for (let answer = 0; answer < answers; answer += 1) {
    const { ended } = await served.ask(drawText(textTokens, answer + 1), answerTokens, 'stream');
    const before = served.edge.status;
    await ended;
    const after = served.edge.status;
    const outsideMs = after.roundMs - before.roundMs - (after.busyMs - before.busyMs);
    found.push(outsideMs / Math.max(1, after.steps - before.steps));
  }
  return Math.min(...found);
}

export interface LongPrompt {
  readonly aloneTokensPerSecond: number;
  readonly besideTokensPerSecond: number;
  /** Time per token of the others, ms. */
  readonly othersAloneMs: number;
  /** Time per token of the others while the prompt is read, ms. */
  readonly othersBesideMs: number;
}

const others = 2;
const othersPrompt = 40;
const othersTokens = 400;
/** What the others write without the prompt, before it and after it. */
const windowTokens = 3000;

/**
 * A prompt that is read alone, and then beside answers of other sessions, at an edge with a made model. Times are processor time of this
 * process, in which edge, engine and devices take turns: other programs lengthen it little.
 */
export async function readLongPrompt(promptTokens: number): Promise<LongPrompt> {
  const directory = await mkdtemp(join(tmpdir(), 'outrider-context-'));
  try {
    const path = join(directory, 'long.gguf');
    const context = promptTokens + 1024;
    await writeFile(path, encodeModel(withMetadata(llama(1), { 'llama.context_length': integer(context) })));
    const shape = { sequences: others + 1, contextLength: context, cacheDirectory: directory, exact: true };
    await using served = await serveHere(await openModel(path, { role: 'target', ...shape }));
    return await measurePrompt(served, promptTokens);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function measurePrompt(served: Served, promptTokens: number): Promise<LongPrompt> {
  const { vocabularySize } = served.model.tokenizer;
  // Ids from 5 on are no control tokens in a made vocabulary.
  const textOf = (length: number, seed: number): number[] =>
    drawText(length, seed).map((id) => 5 + (id % (vocabularySize - 5)));
  const readPrompt = (seed: number) => async (): Promise<void> => {
    const { ended } = await served.ask(textOf(promptTokens, seed), 1);
    await ended;
  };
  const aloneMs = await processorMs(readPrompt(1));
  const crowd = keepAsking(served, textOf);
  const othersBefore = await crowd.during(() => crowd.write(windowTokens));
  const beside = await crowd.during(readPrompt(2));
  const othersAfter = await crowd.during(() => crowd.write(windowTokens));
  await crowd.stop();
  return {
    aloneTokensPerSecond: (1000 * promptTokens) / aloneMs,
    besideTokensPerSecond: (1000 * promptTokens) / beside.ms,
    // The first time has work that is done once.
    othersAloneMs: Math.min(othersBefore.msPerToken, othersAfter.msPerToken),
    othersBesideMs: beside.msPerToken,
  };
}

async function processorMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Sessions that begin another answer as soon as one has ended. */
function keepAsking(served: Served, textOf: (length: number, seed: number) => number[]) {
  let isOver = false;
  const running: (Answer | null)[] = new Array(others).fill(null);
  let endedTokens = 0;
  const readers = running.map(async (_, reader) => {
    for (let seed = 1; !isOver; seed += 1) {
      const answer = await served.ask(textOf(othersPrompt, 100 * reader + seed), othersTokens);
      running[reader] = answer;
      await answer.ended;
      running[reader] = null;
      endedTokens += answer.tokens();
    }
  });
  const written = (): number => running.reduce((sum, one) => sum + (one?.tokens() ?? 0), endedTokens);
  return {
    /** The time of some work, and a reader's time per token meanwhile. */
    async during(work: () => Promise<unknown>): Promise<{ readonly ms: number; readonly msPerToken: number }> {
      const before = written();
      const ms = await processorMs(work);
      return { ms, msPerToken: (others * ms) / Math.max(1, written() - before) };
    },
    /** Resolves when they have written so many tokens more. */
    async write(tokens: number): Promise<void> {
      const until = written() + tokens;
      while (written() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async stop(): Promise<void> {
      isOver = true;
      for (const answer of running) answer?.stop();
      await Promise.all(readers);
    },
  };
}

export interface PrefillRate {
  readonly contextTokens: number;
  readonly rowsPerCall: number;
  readonly tokensPerSecond: number;
}

const sampledCalls = 2;

/**
 * How fast a target reads a prompt of this length in the calls that its law allows. Between a few lengths, where calls are timed, the text
 * is read in the engine's largest calls, without a law: they are quicker, and the time of a call depends on how much is held alone. One
 * thread; times are processor time.
 */
export async function prefillRate(target: string, wantedTokens: number): Promise<PrefillRate> {
  const rowsPerCall = await callOf(target, wantedTokens);
  const shape = { sequences: 1, contextLength: wantedTokens, exact: false, threads: 1 };
  await using model = await openModel(target, { role: 'target', ...shape });
  const contextTokens = model.limits.contextLength;
  const text = drawText(contextTokens, 1).map((id) => id % model.tokenizer.vocabularySize);
  const sequence = model.openSequence();
  const sampled = rowsPerCall * sampledCalls;
  const places = [0, 1 / 4, 1 / 2, 1].map((part) => Math.floor(part * (contextTokens - sampled)));
  const times: number[] = [];
  for (const place of places) {
    await appendTokens(model, sequence, text.slice(sequence.length, place));
    const part = text.slice(place, place + sampled);
    times.push((await processorMs(() => appendTokens(model, sequence, part, { callSize: rowsPerCall }))) / sampled);
    await sequence.truncate(place);
  }
  // The time of a token grows with the length of the text along a line.
  const parts = places.slice(1).map((place, index) => {
    const before = places[index] as number;
    return ((place - before) * ((times[index] as number) + (times[index + 1] as number))) / 2;
  });
  const wholeMs = parts.reduce((sum, ms) => sum + ms, sampled * (times.at(-1) as number));
  return { contextTokens, rowsPerCall, tokensPerSecond: (1000 * contextTokens) / wholeMs };
}

async function callOf(target: string, contextLength: number): Promise<number> {
  await using model = await openModel(target, { role: 'target', sequences: 1, contextLength, exact: true });
  return model.limits.maxItemTokens;
}
