// What a prompt has to fit into: the context of the edges, and a refusal of texts that can't, before they are encoded.

import { setTimeout } from 'node:timers/promises';
import { OutriderError } from '../../core/basics/errors.ts';
import { contextFull } from '../../core/protocol/edge/edge-registry.ts';
import { limits } from '../../core/protocol/wire/limits.ts';
import type { HelloMessage } from '../../core/protocol/wire/messages.ts';
import type { Tokenizer } from '../../models/port/model.ts';
import type { EdgeList } from '../device/edge-list.ts';
import { probeEdge } from '../device/probe-edge.ts';
import type { CompletionRequest } from './completion-port.ts';

/** How long the context length counts without being asked again, ms. */
const contextKnownMs = 60_000;
/** How long edges may answer after the first one, ms. */
const othersWithinMs = 500;
/** A shorter text is encoded in milliseconds, whatever is in it. */
const shortCharacters = 16_384;

/** The least context length of the edges that answer: whichever takes an answer up, it fits. */
export class KnownContext {
  readonly #edges: EdgeList;
  readonly #nowMs: () => number;
  #known: { readonly tokens: number; readonly atMs: number } | null = null;
  #asking: Promise<number> | null = null;

  constructor(edges: EdgeList, nowMs: () => number) {
    this.#edges = edges;
    this.#nowMs = nowMs;
  }

  /** Tokens, as it was known last; undefined: no edge has said. */
  get known(): number | undefined {
    return this.#known?.tokens;
  }

  /** An edge has greeted: with a smaller context than the others, or as the only one that is known. */
  learn({ contextLength }: Pick<HelloMessage, 'contextLength'>): void {
    const known = this.#fresh?.tokens ?? Number.POSITIVE_INFINITY;
    if (contextLength <= known) this.#known = { tokens: contextLength, atMs: this.#nowMs() };
  }

  /** Most tokens of an answer. @throws OutriderError `edge-unreachable`, `context-full` */
  async room({ maxTokens }: Pick<CompletionRequest, 'maxTokens'>, promptTokens: number): Promise<number> {
    if (maxTokens !== null && promptTokens < limits.textTokens) return maxTokens;
    // A frame holds no longer text.
    const tokens = Math.min(await this.tokens(), limits.textTokens);
    if (promptTokens >= tokens) throw contextFull(`the prompt has ${promptTokens} tokens`, tokens);
    return tokens - promptTokens;
  }

  get #fresh() {
    return this.#known !== null && this.#nowMs() - this.#known.atMs < contextKnownMs ? this.#known : null;
  }

  /** @throws OutriderError `edge-unreachable` */
  tokens(): Promise<number> {
    const known = this.#fresh;
    if (known !== null) return Promise.resolve(known.tokens);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<number> {
    const lengths: number[] = [];
    const probes = [...this.#edges.edges.values()].map(async ({ connect }) => {
      lengths.push((await probeEdge(connect)).hello.contextLength);
    });
    if (probes.length === 0) throw new OutriderError('edge-unreachable', 'no edge is known', 'try again later');
    try {
      await Promise.any(probes);
    } catch (error) {
      throw (error as AggregateError).errors[0];
    }
    await Promise.race([Promise.allSettled(probes), setTimeout(othersWithinMs, undefined, { ref: false })]);
    const tokens = Math.min(...lengths);
    this.#known = { tokens, atMs: this.#nowMs() };
    return tokens;
  }
}

/**
 * Refuses a text that can't fit, however it is divided into tokens: to encode it would keep everybody else waiting for seconds.
 * @throws OutriderError `context-full`
 */
export async function demandRoomFor(
  prompt: CompletionRequest['prompt'],
  tokenizer: Tokenizer,
  context: Pick<KnownContext, 'tokens'>,
): Promise<void> {
  if (workOf(prompt) <= shortCharacters) return;
  // Without an edge the answer fails later, or a draft model writes it.
  const contextTokens = await context.tokens().catch(() => limits.textTokens);
  // A character is a byte or more, and the template adds the role of each message.
  const messages = prompt.kind === 'chat' ? prompt.messages.length : 0;
  const leastTokens = messages + Math.ceil(charactersOf(prompt) / longestToken(tokenizer));
  if (leastTokens < contextTokens) return;
  throw contextFull(`the prompt has at least ${leastTokens} tokens`, contextTokens);
}

/** Long texts are encoded one at a time, and whatever else is to be done comes between. */
export class EncodingTurns {
  #last: Promise<void> = Promise.resolve();

  mine(prompt: CompletionRequest['prompt']): Promise<void> {
    if (workOf(prompt) <= shortCharacters) return Promise.resolve();
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}

/** A message costs as much to encode as so many characters. */
const messageCharacters = 16;

/** What it costs to encode, in characters. */
function workOf(prompt: CompletionRequest['prompt']): number {
  return charactersOf(prompt) + (prompt.kind === 'chat' ? messageCharacters * prompt.messages.length : 0);
}

function charactersOf(prompt: CompletionRequest['prompt']): number {
  if (prompt.kind === 'chat') return prompt.messages.reduce((sum, { content }) => sum + content.length, 0);
  return prompt.kind === 'text' ? prompt.text.length : 0;
}

const longest = new WeakMap<Tokenizer, number>();

function longestToken(tokenizer: Tokenizer): number {
  const known = longest.get(tokenizer);
  if (known !== undefined) return known;
  let most = 1;
  for (let id = 0; id < tokenizer.vocabularySize; id += 1) most = Math.max(most, tokenizer.bytes(id).length);
  longest.set(tokenizer, most);
  return most;
}
