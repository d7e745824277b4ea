// Asks an endpoint of OpenAI's shape for a streamed answer, with nothing but fetch, and notes when its text comes.

import { defined } from '../../src/core/basics/defined.ts';
import { OutriderError } from '../../src/core/basics/errors.ts';

export interface StreamedAnswer {
  readonly text: string;
  /** From the request to the first text, and to the end of the stream, ms. */
  readonly firstTextMs: number;
  readonly ms: number;
  readonly completionTokens: number;
  readonly acceptedTokens: number;
  readonly rejectedTokens: number;
}

/** What an event of a stream holds. */
export interface Chunk {
  readonly error?: { readonly message: string };
  readonly choices?: readonly { readonly delta: { readonly content?: string } }[];
  readonly usage?: {
    readonly completion_tokens: number;
    readonly completion_tokens_details?: {
      readonly accepted_prediction_tokens?: number;
      readonly rejected_prediction_tokens?: number;
    };
  } | null;
}

export interface ChatAsk {
  /** Ends with "/v1". */
  readonly baseUrl: string;
  readonly key?: string;
  /** The body for /v1/chat/completions, but for `stream` and its options. */
  readonly body: object;
  readonly signal?: AbortSignal;
  /** Called with each text, before the next one is read. */
  readonly onText?: (text: string) => void;
}

let strangers = 0;

/** A key that no request of this process has shown before: an endpoint that asks for no key reuses nothing for it. */
export function strangersKey(): string {
  strangers += 1;
  return `stranger-${process.pid}-${strangers}`;
}

/** @throws OutriderError `internal` for an answer that is not 200 or fails in its middle */
export async function streamChat({ baseUrl, key, body, signal, onText }: ChatAsk): Promise<StreamedAnswer> {
  const startMs = performance.now();
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    ...defined({ signal }),
  });
  if (response.status !== 200 || response.body === null)
    throw failed(`status ${response.status}: ${(await response.text()).slice(0, 300)}`);
  let text = '';
  let firstTextMs: number | null = null;
  let usage: Chunk['usage'] = null;
  const reader = new ChunkReader();
  for await (const bytes of response.body) {
    for (const chunk of reader.read(bytes)) {
      if (chunk.error !== undefined) throw failed(chunk.error.message);
      const piece = textOf(chunk);
      usage = chunk.usage ?? usage;
      if (piece === '') continue;
      firstTextMs ??= performance.now() - startMs;
      text += piece;
      onText?.(piece);
    }
  }
  const ms = performance.now() - startMs;
  return {
    text,
    firstTextMs: firstTextMs ?? ms,
    ms,
    completionTokens: usage?.completion_tokens ?? 0,
    acceptedTokens: usage?.completion_tokens_details?.accepted_prediction_tokens ?? 0,
    rejectedTokens: usage?.completion_tokens_details?.rejected_prediction_tokens ?? 0,
  };
}

const dataField = 'data: ';

/** Splits the bytes of a stream into its chunks. */
export class ChunkReader {
  readonly #decoder = new TextDecoder();
  #rest = '';
  /** The stream has said that it is complete. */
  isDone = false;

  read(bytes: Uint8Array): Chunk[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    const data = lines.filter((line) => line.startsWith(dataField)).map((line) => line.slice(dataField.length));
    this.isDone ||= data.includes('[DONE]');
    return data.filter((text) => text !== '[DONE]').map((text) => JSON.parse(text) as Chunk);
  }
}

export function textOf({ choices }: Chunk): string {
  return choices?.[0]?.delta.content ?? '';
}

function failed(detail: string): OutriderError {
  return new OutriderError('internal', `the endpoint has failed: ${detail}`, 'its own message says why');
}
