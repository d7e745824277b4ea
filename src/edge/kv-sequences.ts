// The engine's rows of key-value memory and who holds them. A turn that is over leaves its row behind, so that the next turn of
// the same conversation need not evaluate the whole prompt again; nobody else may reuse it.

import type { LanguageModel, ModelSequence } from '../models/model.ts';
import type { TokenText } from '../protocol/token-text.ts';

export interface KvSequence {
  readonly sequence: ModelSequence;
  /** What the row holds, token by token. */
  readonly tokens: number[];
  /** The text that the row was last compared with, and how far the two are equal. */
  compared: TokenText | null;
  comparedTo: number;
  /** Conversation and credentials: only the same may reuse the row. */
  owner: string;
  /** The session that uses it now. */
  holder: number | null;
  lastUsed: number;
}

export class KvSequences {
  readonly #model: LanguageModel;
  readonly #kvSequences: KvSequence[] = [];
  #uses = 0;

  constructor(model: LanguageModel) {
    this.#model = model;
  }

  /** Sessions that hold a row. */
  get heldCount(): number {
    return this.#kvSequences.filter((kv) => kv.holder !== null).length;
  }

  /** A row for a session: the conversation's own, else an unused one, else the one that has been idle longest. */
  take(holder: number, owner: string): KvSequence | undefined {
    const idle = this.#kvSequences.filter((kv) => kv.holder === null).sort((a, b) => a.lastUsed - b.lastUsed);
    const kv = idle.find((candidate) => candidate.owner === owner) ?? this.#unused() ?? idle[0];
    if (kv === undefined) return undefined;
    kv.holder = holder;
    kv.owner = owner;
    return kv;
  }

  #unused(): KvSequence | undefined {
    if (this.#kvSequences.length >= this.#model.limits.maxSequences) return undefined;
    const sequence = this.#model.openSequence();
    const kv: KvSequence = {
      sequence,
      tokens: [],
      compared: null,
      comparedTo: 0,
      owner: '',
      holder: null,
      lastUsed: 0,
    };
    this.#kvSequences.push(kv);
    return kv;
  }

  /** Gives all rows back to the engine, which outlives this edge. No evaluation may be in flight. */
  async close(): Promise<void> {
    for (const { sequence } of this.#kvSequences.splice(0)) await sequence.release();
  }

  leave(kv: KvSequence): void {
    kv.holder = null;
    kv.lastUsed = ++this.#uses;
  }
}

/**
 * How many tokens of the text, from its start and at most `limit`, the row holds already. Every session is asked in every
 * step, so what was compared before is not compared again while the text only grows.
 */
export function heldPrefix(kv: KvSequence, text: TokenText, limit: number): number {
  const until = Math.min(kv.tokens.length, text.length, limit);
  const known = kv.compared?.isPrefixOf(text) === true ? kv.comparedTo : 0;
  let length = Math.min(known, until);
  while (length < until && kv.tokens[length] === text.at(length)) length += 1;
  kv.compared = text;
  kv.comparedTo = length;
  return length;
}

/** Makes the row hold exactly the first `length` of its tokens. */
export async function keepPrefix(kv: KvSequence, length: number): Promise<void> {
  if (kv.tokens.length === length) return;
  kv.tokens.length = length;
  kv.comparedTo = Math.min(kv.comparedTo, length);
  await kv.sequence.truncate(length);
}

/** After a step that failed nobody knows what the row holds. */
export async function emptySequence(kv: KvSequence): Promise<void> {
  kv.tokens.length = 0;
  kv.comparedTo = 0;
  await kv.sequence.truncate(0);
}
