// The engine's rows of key-value memory and who holds them. A turn that is over leaves its row behind, so that the next turn of
// the same conversation need not evaluate the whole prompt again; nobody else may reuse it.

import type { LanguageModel, ModelSequence } from '../models/model.ts';
import type { TokenText } from '../protocol/token-text.ts';

export interface Slot {
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

export class SequenceSlots {
  readonly #model: LanguageModel;
  readonly #slots: Slot[] = [];
  #uses = 0;

  constructor(model: LanguageModel) {
    this.#model = model;
  }

  /** Sessions that hold a row. */
  get heldCount(): number {
    return this.#slots.filter((slot) => slot.holder !== null).length;
  }

  /** A row for a session: the conversation's own, else an unused one, else the one that has been idle longest. */
  take(holder: number, owner: string): Slot | undefined {
    const idle = this.#slots.filter((slot) => slot.holder === null).sort((a, b) => a.lastUsed - b.lastUsed);
    const slot = idle.find((candidate) => candidate.owner === owner) ?? this.#unused() ?? idle[0];
    if (slot === undefined) return undefined;
    slot.holder = holder;
    slot.owner = owner;
    return slot;
  }

  #unused(): Slot | undefined {
    if (this.#slots.length >= this.#model.limits.maxSequences) return undefined;
    const sequence = this.#model.openSequence();
    const slot: Slot = {
      sequence,
      tokens: [],
      compared: null,
      comparedTo: 0,
      owner: '',
      holder: null,
      lastUsed: 0,
    };
    this.#slots.push(slot);
    return slot;
  }

  /** Gives all rows back to the engine, which outlives this edge. No evaluation may be in flight. */
  async close(): Promise<void> {
    for (const { sequence } of this.#slots.splice(0)) await sequence.release();
  }

  leave(slot: Slot): void {
    slot.holder = null;
    slot.lastUsed = ++this.#uses;
  }
}

/**
 * How many tokens of the text, from its start and at most `limit`, the row holds already. Every session is asked in every
 * step, so what was compared before is not compared again while the text only grows.
 */
export function heldPrefix(slot: Slot, text: TokenText, limit: number): number {
  const until = Math.min(slot.tokens.length, text.length, limit);
  const known = slot.compared?.isPrefixOf(text) === true ? slot.comparedTo : 0;
  let length = Math.min(known, until);
  while (length < until && slot.tokens[length] === text.at(length)) length += 1;
  slot.compared = text;
  slot.comparedTo = length;
  return length;
}

/** Makes the row hold exactly the first `length` of its tokens. */
export async function keepPrefix(slot: Slot, length: number): Promise<void> {
  if (slot.tokens.length === length) return;
  slot.tokens.length = length;
  slot.comparedTo = Math.min(slot.comparedTo, length);
  await slot.sequence.truncate(length);
}

/** After a step that failed nobody knows what the row holds. */
export async function emptySlot(slot: Slot): Promise<void> {
  slot.tokens.length = 0;
  slot.comparedTo = 0;
  await slot.sequence.truncate(0);
}
