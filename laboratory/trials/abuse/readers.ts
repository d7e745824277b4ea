// Honest readers of trial abuse over WebSocket: each asks for one short answer after the other, and every text is compared with the toy's own.

import { neutralSampling } from '../../../src/core/decoding/sampling.ts';
import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { writeToyText } from '../../../src/models/port/toy-text.ts';
import type { Connect } from '../../../src/network/transport/transport.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { startTurn } from '../../../src/processes/device/turn.ts';
import { ids, pause, toySeed } from './intruder.ts';

export const answerTokens = 24;
export const taskCount = 8;
/** After a refusal, ms. */
export const restMs = 100;
/** An answer takes a second at most beside ordinary use, ms. */
const longestMs = 5000;

interface Task {
  readonly prompt: readonly number[];
  readonly reference: readonly number[];
}

/** How an honest reader asks: as a device over WebSocket, or over HTTP. */
export const ways = ['device', 'http'] as const;
export type Way = (typeof ways)[number];

/** One answer of an honest reader. Times in ms on the clock of the process. */
export interface Answer {
  readonly way: Way;
  readonly startMs: number;
  readonly endMs: number;
  /** From the question to the last token, over the tokens. */
  readonly msPerToken: number;
  /** What is wrong with it; null: nothing. */
  readonly fault: string | null;
  /** Nothing came, or not to its end: it was refused, or cut. */
  readonly isRefused: boolean;
}

export async function makeTasks(): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  for (let number = 0; number < taskCount; number += 1) {
    const prompt = ids(16 + number, 1000 + 50 * number);
    tasks.push({ prompt, reference: await writeToyText(toySeed, prompt, neutralSampling, answerTokens) });
  }
  return tasks;
}

export interface ReaderSettings {
  readonly url: string;
  readonly key: string;
  readonly tasks: readonly Task[];
  /** The draft model; two sequences for each reader, so that it hedges. */
  readonly model: LanguageModel;
  readonly onAnswer: (answer: Answer) => void;
}

export function createDraftModel(readers: number): LanguageModel {
  return createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8, sequences: 2 * readers });
}

/** Reads until the signal aborts. @param number the task that it begins with */
export async function read(settings: ReaderSettings, number: number, until: AbortSignal): Promise<void> {
  const { url, key, tasks, model, onAnswer } = settings;
  await using drafter = new ModelDrafter(model);
  const connect: Connect = connectWebSocket(url);
  for (let turn = number; !until.aborted; turn += 1) {
    const task = tasks[turn % tasks.length];
    if (task === undefined) return;
    const startMs = performance.now();
    const { outcome, tokens } = await startTurn({
      connect,
      tokenizer: model.tokenizer,
      drafter,
      prompt: task.prompt,
      maxAnswerTokens: answerTokens,
      maxAhead: 8,
      credentials: key,
      signal: until,
    }).report;
    const endMs = performance.now();
    // At the end of the trial an answer may be under way, but not for long.
    if (until.aborted && endMs - startMs < longestMs) return;
    const isRight = outcome.kind === 'ended' && tokens.join() === task.reference.join();
    const how = outcome.kind === 'failed' ? `failed as ${outcome.code}: ${outcome.cause}` : outcome.kind;
    const fault = isRight ? null : `${tokens.length} of ${answerTokens} tokens, ${how}`;
    const msPerToken = (endMs - startMs) / Math.max(1, tokens.length);
    const isRefused = outcome.kind !== 'ended';
    onAnswer({ way: 'device', startMs, endMs, msPerToken, fault, isRefused });
    if (isRefused) await pause(restMs);
  }
}
