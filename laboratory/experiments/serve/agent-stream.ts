// A streamed answer as an agent reads it: text or a call of a tool. It asks for log-probabilities, since a stream shows each token by them,
// also those of a call that has no name yet.

import { ChunkReader } from '../../measuring/chat-stream.ts';
import type { AgentSaid } from './agent-task.ts';

export interface AgentAnswer {
  readonly said: AgentSaid;
  /** Text and call, to be compared. */
  readonly text: string;
  /** The bytes of each token. */
  readonly tokens: readonly Uint8Array[];
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** From the request, ms. */
  readonly firstTokenMs: number;
}

interface AgentChunk {
  readonly error?: { readonly message: string };
  readonly choices?: readonly {
    readonly delta: {
      readonly content?: string | null;
      readonly tool_calls?: readonly {
        readonly id?: string;
        readonly function: { readonly name?: string; readonly arguments: string };
      }[];
    };
    readonly logprobs?: { readonly content: readonly { readonly bytes: readonly number[] | null }[] } | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number };
  } | null;
}

/** @throws Error for an answer that is not 200, fails in its middle, or has several calls */
export async function askAsAgent(asked: {
  readonly baseUrl: string;
  readonly key: string;
  readonly body: object;
}): Promise<AgentAnswer> {
  const { baseUrl, key, body } = asked;
  const startMs = performance.now();
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ ...body, logprobs: true, stream: true, stream_options: { include_usage: true } }),
  });
  if (response.status !== 200 || response.body === null)
    throw new Error(`status ${response.status}: ${(await response.text()).slice(0, 300)}`);
  const read = { content: '', id: '', name: '', arguments: '', calls: 0 };
  const tokens: Uint8Array[] = [];
  let firstTokenMs: number | null = null;
  let usage: AgentChunk['usage'] = null;
  const reader = new ChunkReader();
  for await (const bytes of response.body) {
    for (const chunk of reader.read(bytes) as readonly AgentChunk[]) {
      if (chunk.error !== undefined) throw new Error(chunk.error.message);
      usage = chunk.usage ?? usage;
      const choice = chunk.choices?.[0];
      const named = choice?.logprobs?.content ?? [];
      if (named.length > 0) firstTokenMs ??= performance.now() - startMs;
      for (const one of named) tokens.push(Uint8Array.from(one.bytes ?? []));
      read.content += choice?.delta.content ?? '';
      for (const { id, function: called } of choice?.delta.tool_calls ?? []) {
        if (id !== undefined) Object.assign(read, { id, name: called.name, calls: read.calls + 1 });
        read.arguments += called.arguments;
      }
    }
  }
  if (!reader.isDone || usage === null || read.calls > 1) throw new Error('the stream was cut off, or has two calls');
  const { content, calls, id, name, arguments: json } = read;
  return {
    said: { content, call: calls === 0 ? null : { id, name, arguments: json } },
    text: JSON.stringify([content, name, json]),
    tokens,
    promptTokens: usage.prompt_tokens,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    firstTokenMs: firstTokenMs ?? performance.now() - startMs,
  };
}
