// Honest readers of trial abuse over HTTP: each asks for one streamed chat after the other, and every text is compared with the toy's own.

import type { Message } from '../../../src/models/port/model.ts';
import { createToyModel } from '../../../src/models/port/toy.ts';
import { streamChat } from '../../measuring/chat-stream.ts';
import { Reference } from '../api/reference.ts';
import { pause, toySeed } from './intruder.ts';
import { type Answer, answerTokens, restMs, taskCount } from './readers.ts';

const shortContextLength = 512;

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

export interface HttpReaderSettings {
  /** Ends with "/v1". */
  readonly baseUrl: string;
  readonly key: string;
  readonly onAnswer: (answer: Answer) => void;
}

/** Asks for one chat after the other until there is none, or the signal aborts. */
export async function readChats(
  settings: HttpReaderSettings,
  chatAt: (turn: number) => Promise<Chat | undefined>,
  until: AbortSignal,
): Promise<void> {
  for (let turn = 0; !until.aborted; turn += 1) {
    const chat = await chatAt(turn);
    const answer = chat === undefined ? null : await askFor(settings, chat, until);
    if (answer === null) return;
    settings.onAnswer(answer);
    if (answer.isRefused) await pause(restMs);
  }
}

/** @returns null: the signal aborted before it was whole */
async function askFor(
  { baseUrl, key }: HttpReaderSettings,
  { messages, reference }: Chat,
  signal: AbortSignal,
): Promise<Answer | null> {
  const body = { model: `toy:${toySeed}`, messages, temperature: 0, max_tokens: answerTokens };
  const startMs = performance.now();
  const told = await streamChat({ baseUrl, key, body, signal }).then(
    ({ text, completionTokens }) => ({ fault: text === reference ? null : 'another text', tokens: completionTokens }),
    (error: Error) => ({ fault: describe(error), tokens: 0 }),
  );
  if (signal.aborted) return null;
  const endMs = performance.now();
  const { fault, tokens } = told;
  const msPerToken = (endMs - startMs) / Math.max(1, tokens);
  return { way: 'http', startMs, endMs, msPerToken, fault, isRefused: fault !== null && tokens === 0 };
}

function describe({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
