// Requests of OpenAI's client for what the trial asks.

import type OpenAI from 'openai';
import { type ApiCall, type ApiPlace, type ChatAsked, type Heard, type SampledFields, sampled } from './call.ts';

/** A call that has a client of its own for each place. */
export type MakeCall = (name: string, run: (client: OpenAI, place: ApiPlace) => Promise<readonly Heard[]>) => ApiCall;

interface Said {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ChatFields extends SampledFields {
  model: string;
  messages: Said[];
}

/** A request of the chat route. */
export function chatFields({ model }: ApiPlace, asked: ChatAsked): ChatFields {
  return { model, messages: asked.prompt.messages.map((message) => ({ ...message })), ...sampled(asked) };
}

export interface ResponseFields {
  model: string;
  instructions: string;
  input: Said[];
  temperature: number;
  top_p: number;
  max_output_tokens: number;
  /** Not in the client's types; the endpoint takes one, here as elsewhere. */
  seed: number;
}

/** A request of the route for responses. */
export function responseFields({ model }: ApiPlace, asked: ChatAsked): ResponseFields {
  const { temperature, topP: top_p = 1, maxTokens: max_output_tokens, seed, prompt } = asked;
  const [system, ...input] = prompt.messages.map((message) => ({ ...message }));
  return { model, instructions: system?.content ?? '', input, temperature, top_p, max_output_tokens, seed };
}
