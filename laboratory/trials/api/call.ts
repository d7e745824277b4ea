// What one call of a client is: what it asks for, what it heard, and the text that the target alone writes for the same.

import type { Message } from '../../../src/models/port/model.ts';

/** An endpoint as clients know it. */
export interface ApiPlace {
  /** Base URL of OpenAI's clients; it ends with "/v1". */
  readonly baseUrl: string;
  readonly key: string;
  readonly model: string;
  /** "GET /health": what it says that it answers. */
  readonly routes: readonly string[];
  /** The target's own text, written by itself. */
  readonly textOf: (asked: Asked) => Promise<string>;
}

/** What decides a text. Fields as in OpenAI's API; missing ones are neutral, but for the temperature, which is 1. */
export interface Asked {
  readonly prompt:
    | { readonly messages: readonly Message[] }
    | { readonly text: string }
    | { readonly ids: readonly number[] };
  readonly temperature: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly logitBias?: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly maxTokens: number;
  /** The text ends before the first of them. */
  readonly stop?: readonly string[];
}

/** A text that a client got, and what it had asked for; null: nothing that the target alone can be asked, so both places are compared. */
export interface Heard {
  readonly asked: Asked | null;
  readonly text: string;
}

export interface ApiCall {
  readonly name: string;
  /** @throws Error when the client fails, or what it got is not what it needs */
  run(place: ApiPlace): Promise<readonly Heard[]>;
}

export interface ApiClient {
  readonly name: string;
  /** Of the package; of recorded requests, what was recorded. */
  readonly version: string;
  readonly calls: readonly ApiCall[];
}

const question: readonly Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Why is the sky blue? Answer in two sentences.' },
];

/** A conversation. */
export type ChatAsked = Asked & { readonly prompt: { readonly messages: readonly Message[] } };

/** A conversation with parameters of its own for each number, so that not all calls ask for the same text. */
export function chatAsked(number: number, changes: Partial<Asked> = {}): ChatAsked {
  const temperature = number % 4 === 0 ? 0 : 0.8;
  const common = { temperature, topP: number % 3 === 0 ? 0.9 : 1, seed: 100 + number, maxTokens: 32, ...changes };
  return { ...common, prompt: { messages: question } };
}

/** A continuation. */
export function textAsked(
  number: number,
  changes: Partial<Asked> = {},
): Asked & { readonly prompt: { readonly text: string } } {
  return { ...chatAsked(number, changes), prompt: { text: 'Once upon a time there was a' } };
}

/** Fields of a request that say how text is chosen. */
export interface SampledFields {
  temperature: number;
  top_p: number;
  seed: number;
  max_tokens: number;
  stop?: string[];
}

/** The fields of a request of OpenAI's chat or text route. */
export function sampled({ temperature, topP = 1, seed, maxTokens, stop }: Asked): SampledFields {
  const fields = { temperature, top_p: topP, seed, max_tokens: maxTokens };
  return stop === undefined ? fields : { ...fields, stop: [...stop] };
}

/** @throws Error for what a client needs and has not got */
export function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Three characters from the middle of the text that would come: they span tokens, and the answer ends before them. */
export async function withStop(place: ApiPlace, asked: Asked): Promise<string> {
  const text = await place.textOf(asked);
  const stop = text.slice(text.length >> 1, (text.length >> 1) + 3);
  demand(stop !== '', 'the text is too short for a stop text');
  return stop;
}
