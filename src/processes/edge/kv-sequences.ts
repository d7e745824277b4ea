// The engine's KV sequences and the sessions that hold them; which tokens a sequence has.

import type { TokenText } from '../../core/decoding/token-text.ts';
import type { LanguageModel, ModelSequence } from '../../models/port/model.ts';
import { type Asker, type Overlap, type Owned, OwnedPool, unowned } from './owned-pool.ts';

export interface KvSequence extends Owned {
  readonly sequence: ModelSequence;
  /** The tokens whose keys and values the sequence has. */
  readonly tokens: number[];
  /** The text with which `tokens` was last compared, and the length of the common prefix. */
  compared: TokenText | null;
  comparedTo: number;
  /** The engine failed with it, and may still hold keys and values that `tokens` does not name. */
  isUnknown: boolean;
}

export class KvSequences {
  readonly #pool: OwnedPool<KvSequence>;

  constructor(model: LanguageModel) {
    this.#pool = new OwnedPool((count) => {
      if (count >= model.limits.maxSequences) return undefined;
      return {
        ...unowned,
        sequence: model.openSequence(),
        tokens: [],
        compared: null,
        comparedTo: 0,
        isUnknown: false,
      };
    });
  }

  get all(): readonly KvSequence[] {
    return this.#pool.all;
  }

  /** A sequence for a text; undefined: all are taken. @param most first tokens of the text that need not be evaluated */
  take(asker: Asker, text: TokenText, most: number): KvSequence | undefined {
    return this.#pool.take(asker, (kv) => overlapOf(kv, text, most));
  }

  /** Tokens of a text that the engine would not evaluate if the text got a sequence now. */
  saved(asker: Asker, text: TokenText, most: number): number {
    return this.#pool.saved(asker, (kv) => overlapOf(kv, text, most));
  }

  leave(kv: KvSequence): void {
    this.#pool.leave(kv);
  }

  /** Releases all sequences; the engine outlives this edge. No evaluation may be in progress. */
  async close(failed: (error: unknown) => void): Promise<void> {
    for (const { sequence } of this.#pool.clear()) {
      try {
        await sequence.release();
      } catch (error) {
        failed(error);
      }
    }
  }
}

function overlapOf({ tokens }: KvSequence, text: TokenText, most: number): Overlap {
  return { shared: text.sharedWith(tokens, most), held: tokens.length };
}

/**
 * Length of the common prefix of the sequence and the text, at most `limit`; 0 if another owner has filled the sequence. Called for every
 * session in every step, so it does not compare again what it compared before, as long as the text only grows.
 */
export function heldPrefix(kv: KvSequence, text: TokenText, limit: number): number {
  if (kv.filledBy !== kv.owner) return 0;
  const known = kv.compared?.isPrefixOf(text) === true ? kv.comparedTo : 0;
  const length = text.sharedWith(kv.tokens, limit, known);
  kv.compared = text;
  kv.comparedTo = length;
  return length;
}

/** Truncates the sequence to its first `length` tokens. */
export async function keepPrefix(kv: KvSequence, length: number): Promise<void> {
  if (kv.tokens.length === length && !kv.isUnknown) return;
  kv.tokens.length = length;
  kv.comparedTo = Math.min(kv.comparedTo, length);
  await kv.sequence.truncate(length);
  kv.isUnknown = false;
}

/** After a failed step the contents of the sequence are unknown, so they are removed; until that succeeds, no step uses them. */
export async function emptySequence(kv: KvSequence): Promise<void> {
  kv.tokens.length = 0;
  kv.comparedTo = 0;
  kv.isUnknown = true;
  await kv.sequence.truncate(0);
  kv.isUnknown = false;
}
