// Honest readers of trial abuse, as devices and over HTTP: each asks for one short answer after the other, and every text is compared with the
// toy's own.

import { ModelDrafter } from '../../../src/models/port/drafter.ts';
import type { LanguageModel, Message } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { connectWebSocket } from '../../../src/network/transport-node/websocket-client.ts';
import { streamChat } from '../../measuring/chat-stream.ts';
import { closedLoop, ids, readTask, type ToyTask, toyTasks } from '../../readers/toy-reader.ts';
import { Reference } from '../api/reference.ts';
import { toySeed } from '../hostile/raw-device.ts';
import { pause } from './floods.ts';

const answerTokens = 24;
const taskCount = 8;
const shortContextLength = 512;
/** After a refusal, ms. */
const restMs = 100;
/** An answer takes a second at most beside ordinary use, ms. */
const longestMs = 5000;

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

export type OnAnswer = (answer: Answer) => void;

export function makeTasks(): Promise<readonly ToyTask[]> {
  const prompts = Array.from({ length: taskCount }, (_, number) => ids(16 + number, 1000 + 50 * number));
  return toyTasks(toySeed, prompts, answerTokens);
}

/** @returns two sequences for each reader, so that it hedges */
export function createDraftModel(readers: number): LanguageModel {
  return createToyModel({ seed: toySeed, role: 'draft', agreement: 0.8, sequences: 2 * readers });
}

export interface DeviceSettings {
  readonly url: string;
  readonly key: string;
  readonly tasks: readonly ToyTask[];
  readonly model: LanguageModel;
  readonly onAnswer: OnAnswer;
}

/** Reads as a device until the signal aborts. @param number the task that it begins with */
export async function readAsDevice(settings: DeviceSettings, number: number, until: AbortSignal): Promise<void> {
  const { url, key, tasks, model, onAnswer } = settings;
  await using drafter = new ModelDrafter(model);
  const asked = { connect: connectWebSocket(url), tokenizer: model.tokenizer, drafter, maxAhead: 8, credentials: key };
  await closedLoop(tasks, number, until, async (task) => {
    const { report, startMs, endMs, isRight, end } = await readTask(task, { ...asked, signal: until });
    // At the end of the trial an answer may be under way, but not for long.
    if (until.aborted && endMs - startMs < longestMs) return;
    const { length } = report.tokens;
    const fault = isRight ? null : `${length} of ${answerTokens} tokens, ${end}`;
    const isRefused = report.outcome.kind !== 'ended';
    onAnswer({ way: 'device', startMs, endMs, msPerToken: (endMs - startMs) / Math.max(1, length), fault, isRefused });
    if (isRefused) await pause(restMs);
  });
}

export interface Chat {
  readonly messages: readonly Message[];
  readonly reference: string;
}

/** @returns gives a conversation the text of {@link answerTokens} tokens that the toy writes alone. @param contextLength that it needs, tokens */
export function chatWriter(contextLength: number): (messages: readonly Message[]) => Promise<Chat> {
  const { textOf } = new Reference(createToyModel({ seed: toySeed, role: 'target', sequences: 1, contextLength }));
  return async (messages) => {
    const reference = await textOf({ prompt: { messages }, temperature: 0, seed: 0, maxTokens: answerTokens });
    return { messages, reference };
  };
}

export function makeChats(): Promise<readonly Chat[]> {
  const questions = Array.from({ length: taskCount }, (_, number) => `Which is the question with number ${number}?`);
  const write = chatWriter(shortContextLength);
  return Promise.all(questions.map((content) => write([{ role: 'user', content }])));
}

export interface HttpSettings {
  /** Ends with "/v1". */
  readonly baseUrl: string;
  readonly key: string;
  readonly onAnswer: OnAnswer;
}

/** Asks once over HTTP, and rests after a refusal. */
export async function readChat(
  settings: HttpSettings,
  { messages, reference }: Chat,
  signal: AbortSignal,
): Promise<void> {
  const { baseUrl, key, onAnswer } = settings;
  const body = { model: `toy:${toySeed}`, messages, temperature: 0, max_tokens: answerTokens };
  const startMs = performance.now();
  const { fault, tokens } = await streamChat({ baseUrl, key, body, signal }).then(
    ({ text, completionTokens }) => ({ fault: text === reference ? null : 'another text', tokens: completionTokens }),
    (error: Error) => ({ fault: describe(error), tokens: 0 }),
  );
  // It was aborted before it was whole.
  if (signal.aborted) return;
  const endMs = performance.now();
  const isRefused = fault !== null && tokens === 0;
  onAnswer({ way: 'http', startMs, endMs, msPerToken: (endMs - startMs) / Math.max(1, tokens), fault, isRefused });
  if (isRefused) await pause(restMs);
}

function describe({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
