// What one call of a client is, and the one driver of all calls: it asks, checks the answer, and gives its texts for comparison.

import type { Sampling } from '../../../src/core/decoding/sampling.ts';
import type { Message } from '../../../src/models/port/model.ts';

/** An endpoint as clients know it. */
export interface ApiPlace {
  /** Base URL of OpenAI's clients; it ends with "/v1". */
  readonly baseUrl: string;
  readonly key: string;
  /** The key of a scraper. */
  readonly metricsKey: string;
  /** The key that a drafting tab shows. */
  readonly tabKey: string;
  readonly model: string;
  /** The routes that it answers, as "GET /health". */
  readonly routes: readonly string[];
  /** The target's own text, written by itself. */
  readonly textOf: (asked: Asked) => Promise<string>;
}

/** Other clients than OpenAI's add "/v1" themselves. */
export function rootOf({ baseUrl }: ApiPlace): string {
  return baseUrl.replace(/\/v1$/, '');
}

/** What decides a text. Missing fields are neutral. */
export interface Asked extends Partial<Pick<Sampling, 'topP' | 'frequencyPenalty' | 'presencePenalty'>> {
  readonly prompt:
    | { readonly messages: readonly Message[] }
    | { readonly text: string }
    | { readonly ids: readonly number[] };
  readonly temperature: number;
  readonly logitBias?: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly maxTokens: number;
  /** The text ends before the first of them. */
  readonly stop?: readonly string[];
}

/** A text that a client received, and what it had asked for; null: the target alone can't be asked for it, so both places are compared. */
export interface ReceivedText {
  readonly asked: Asked | null;
  readonly text: string;
}

/** A call of a tool, as any client has it. */
export interface ToolCall {
  readonly name: string;
  /** JSON, or what was read from it. */
  readonly input: unknown;
}

/** An answer, as any client has it. Fields that a client does not give, or that no reader needs, are missing. */
export interface Answer {
  readonly text: string;
  /** The reason why it ended, in the client's word; or the stop text, where the client reports it. */
  readonly end?: string;
  readonly outputTokens?: number;
  readonly calls?: readonly ToolCall[];
  /** The value that the client read from JSON. */
  readonly parsed?: unknown;
  /** Log-probabilities of the tokens. */
  readonly logprobs?: unknown;
}

export interface ApiCall {
  readonly name: string;
  /** @throws Error when the client fails, or its answer lacks what it needs */
  run(place: ApiPlace): Promise<readonly ReceivedText[]>;
}

export interface ApiClient {
  readonly name: string;
  /** The version of its package; "recorded requests" where there is none. */
  readonly version: string;
  readonly calls: readonly ApiCall[];
}

/** The text to compare between both places. @throws Error for an answer that is wrong */
export type Read = (answer: Answer) => string;

/** Sends a request, by a method of the client. A method that receives several texts gives them instead of an answer. */
type Ask<Client, Own, Request> = (
  client: Client,
  request: Request,
  asked: Own,
  place: ApiPlace,
) => Promise<Answer | readonly ReceivedText[]>;

/** The reasons of an answer without calls and stop texts. */
const plainEnds = ['stop', 'length', 'end_turn', 'max_tokens'];
/** The stop text of a request that is to end by it: it is taken from the text that would come. */
export const stopFromText: readonly string[] = [];

/**
 * Makes the calls of a client to one route; each call is a line of the client's table.
 * @param open makes the client for a call at a place
 * @param fieldsOf the request for what is asked; `more` are the fields of a call beside them
 * @returns makes a call. Without `read` its text must be the target's own
 */
export function callsBy<Client, Own extends Asked, Request>(
  open: (place: ApiPlace) => Client,
  fieldsOf: (place: ApiPlace, asked: Own) => Request,
): (name: string, own: Own, ask: Ask<Client, Own, Request>, more?: Partial<Request>, read?: Read) => ApiCall {
  return (name, own, ask, more, read) => ({
    name,
    async run(place) {
      const stop = own.stop === stopFromText ? [await stopText(place, own)] : own.stop;
      const asked = stop === undefined ? own : { ...own, stop };
      const answer = await ask(open(place), { ...fieldsOf(place, asked), ...more }, asked, place);
      if (!('text' in answer)) return answer;
      const { text, end, outputTokens, logprobs } = answer;
      demand(outputTokens === undefined || outputTokens > 0, 'no usage');
      if (read !== undefined) return [{ asked: null, text: read(answer) }];
      const ends = stop === undefined ? plainEnds : ['stop', ...stop];
      demand(end === undefined || ends.includes(end), `the answer ended by ${end}, not by ${ends.join(' or ')}`);
      const whole = { asked, text };
      return logprobs === undefined ? [whole] : [whole, { asked: null, text: JSON.stringify(logprobs) }];
    },
  });
}

/** Three characters from the middle of the text that would come: they span tokens, and the answer ends before them. */
async function stopText(place: ApiPlace, asked: Asked): Promise<string> {
  const text = await place.textOf(asked);
  const stop = text.slice(text.length >> 1, (text.length >> 1) + 3);
  demand(stop !== '', 'the text is too short for a stop text');
  return stop;
}

/** @throws Error for what a client needs and has not got */
export function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** The parts of a stream as one text. */
export async function joined<Part>(
  stream: AsyncIterable<Part>,
  textIn: (part: Part) => string | null | undefined,
): Promise<string> {
  let text = '';
  for await (const part of stream) text += textIn(part) ?? '';
  return text;
}
