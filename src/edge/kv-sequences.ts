// The engine's KV sequences and the sessions that hold them. A finished turn leaves its sequence behind, so that the next turn of the
// same conversation does not evaluate the whole prompt again; no other conversation may use its contents.

import type { LanguageModel, ModelSequence } from '../models/model.ts';
import type { TokenText } from '../protocol/token-text.ts';

export interface KvSequence {
  readonly sequence: ModelSequence;
  /** The tokens whose keys and values the sequence has. */
  readonly tokens: number[];
  /** The text with which `tokens` was last compared, and the length of the common prefix. */
  compared: TokenText | null;
  comparedTo: number;
  /** Conversation and credentials of the session that held it last. */
  owner: string;
  /** The session that holds it now. */
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

  /** Number of sequences that sessions hold. */
  get heldCount(): number {
    return this.#kvSequences.filter((kv) => kv.holder !== null).length;
  }

  /** Takes a sequence for a session: the conversation's last one, otherwise a new one, otherwise the one that has been idle longest. */
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

  /** Releases all sequences; the engine outlives this edge. No evaluation may be in progress. */
  async close(): Promise<void> {
    for (const { sequence } of this.#kvSequences.splice(0)) await sequence.release();
  }

  leave(kv: KvSequence): void {
    kv.holder = null;
    kv.lastUsed = ++this.#uses;
  }
}

/**
 * Length of the common prefix of the sequence and the text, at most `limit`. Called for every session in every step, so it does not
 * compare again what it compared before, as long as the text only grows.
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

/** Truncates the sequence to its first `length` tokens. */
export async function keepPrefix(kv: KvSequence, length: number): Promise<void> {
  if (kv.tokens.length === length) return;
  kv.tokens.length = length;
  kv.comparedTo = Math.min(kv.comparedTo, length);
  await kv.sequence.truncate(length);
}

/** After a failed step the contents of the sequence are unknown, so they are removed. */
export async function emptySequence(kv: KvSequence): Promise<void> {
  kv.tokens.length = 0;
  kv.comparedTo = 0;
  await kv.sequence.truncate(0);
}
