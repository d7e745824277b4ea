// What the trial asks for, and the fields of a request for it on each route.

import type OpenAI from 'openai';
import type { Message } from '../../../src/models/port/model.ts';
import type { ApiPlace, Asked } from './call.ts';

/** What is asked for by a conversation. */
export type ChatAsked = Asked & { readonly prompt: { readonly messages: readonly Message[] } };

/** What is asked for by a text to continue, or by the ids of its tokens. */
export type TextAsked = Asked & { readonly prompt: { readonly text: string } | { readonly ids: readonly number[] } };

export type ChatRequest = Omit<OpenAI.Chat.ChatCompletionCreateParamsNonStreaming, 'stream'>;
export type TextRequest = Omit<OpenAI.CompletionCreateParamsNonStreaming, 'stream'>;
export type ResponseRequest = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'stream'>;

export const instructions = 'Be brief.';
export const question: { role: 'user'; content: string } = {
  role: 'user',
  content: 'Why is the sky blue? Answer in two sentences.',
};

/** A conversation with parameters of its own for each number, so that not all calls ask for the same text. */
export function chatAsked(number: number, changes: Partial<Asked> = {}): ChatAsked {
  const temperature = number % 4 === 0 ? 0 : 0.8;
  const common = { temperature, topP: number % 3 === 0 ? 0.9 : 1, seed: 100 + number, maxTokens: 32, ...changes };
  return { ...common, prompt: { messages: [{ role: 'system', content: instructions }, question] } };
}

/** The same, with enough tokens for an answer that has a form, whatever the tokens. */
export function formAsked(number: number): ChatAsked {
  return chatAsked(number, { maxTokens: 160 });
}

/** A continuation. */
export function textAsked(number: number): Asked & { readonly prompt: { readonly text: string } } {
  return { ...chatAsked(number), prompt: { text: 'Once upon a time there was a' } };
}

/** The fields that say how text is chosen, on OpenAI's routes for chat and texts. */
function sampled({ temperature, topP: top_p = 1, seed, maxTokens: max_tokens, stop }: Asked) {
  const fields = { temperature, top_p, seed, max_tokens };
  return stop === undefined ? fields : { ...fields, stop: [...stop] };
}

export function chatFields({ model }: ApiPlace, asked: ChatAsked): ChatRequest {
  return { model, messages: [...asked.prompt.messages], ...sampled(asked) };
}

export function textFields({ model }: ApiPlace, asked: TextAsked): TextRequest {
  const { prompt } = asked;
  return { model, prompt: 'text' in prompt ? prompt.text : [...prompt.ids], ...sampled(asked) };
}

/** The types of the clients have no seed; the endpoint takes one on every route. */
export function responseFields({ model }: ApiPlace, asked: ChatAsked): ResponseRequest & { readonly seed: number } {
  const { temperature, top_p, seed, max_tokens: max_output_tokens } = sampled(asked);
  return { model, instructions, input: [question], temperature, top_p, max_output_tokens, seed };
}
