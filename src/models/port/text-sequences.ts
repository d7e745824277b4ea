// Several texts that share their beginnings, followed in one call of a model: a text and its alternatives. Each text takes the sequence
// that already holds most of it, so an alternative that becomes the text is not evaluated again.

import { isOutriderError } from '../../core/basics/errors.ts';
import type { Candidates } from '../../core/decoding/candidates.ts';
import type { TokenList } from '../../core/decoding/token-list.ts';
import type { LanguageModel } from './model.ts';
import { PrefixSequence, type SequencePart } from './prefix-sequence.ts';

/** A text that is this far behind is copied where the engine can copy, tokens. Copying costs llama.cpp about as much as they do. */
const leastCopied = 3;
/** Where it can't be copied: a text that is further behind is left out, tokens. */
const mostBehind = 16;

export interface FollowedTexts {
  /** After each text, the first one first; null: left out. */
  readonly candidates: readonly [Candidates, ...(Candidates | null)[]];
  /** How many tokens of the first text were evaluated. */
  readonly tokens: number;
  /** Whether the sequence of a further text had to be copied; null: the text was left out. */
  readonly isCopied: readonly (boolean | null)[];
}

/** One caller at a time. */
export class TextSequences {
  readonly #model: LanguageModel;
  readonly #sequences: PrefixSequence[];
  readonly #mostSequences: number;
  /** The engine has no further sequence. */
  #isFull = false;
  /** Whether the engine can copy sequences, and has not failed to. */
  #copies: boolean;

  /** @param mostSequences opened as they are needed @throws OutriderError `edge-full` when the model has no sequence left */
  constructor(model: LanguageModel, mostSequences: number) {
    this.#model = model;
    this.#mostSequences = mostSequences;
    const first = new PrefixSequence(model);
    this.#sequences = [first];
    this.#copies = first.sequence.copyFrom !== undefined;
  }

  /**
   * @param text one token or more
   * @param known so many of its first tokens are those of the last text
   * @param others further texts; as many of them as there are sequences for are followed, the first ones first
   */
  async follow(text: TokenList, known: number, others: readonly TokenList[]): Promise<FollowedTexts> {
    const { main, shared } = this.#choose(text, known);
    const tokens = text.length - main.sharedLength(text, text.length - 1, shared);
    if (others.length === 0) return { candidates: [await main.follow(text, shared)], tokens, isCopied: [] };
    const parts: SequencePart[] = [{ into: main, tokens: await main.approach(text, shared) }];
    const places: (number | null)[] = [];
    const isCopied: (boolean | null)[] = [];
    for (const other of others) {
      const part = await this.#prepare(other, main, parts);
      places.push(part === null ? null : parts.push(part) - 1);
      isCopied.push(part?.isCopied ?? null);
    }
    const [first, ...rest] = await PrefixSequence.appendTogether(this.#model, parts);
    const beside = places.map((place) => (place === null ? null : (rest[place - 1] as Candidates)));
    return { candidates: [first as Candidates, ...beside], tokens, isCopied };
  }

  /** All of {@link follow} but its last call, for one text. */
  async approach(text: TokenList, known: number): Promise<SequencePart> {
    const { main, shared } = this.#choose(text, known);
    return { into: main, tokens: await main.approach(text, shared) };
  }

  /** The sequence that holds most of the text, which then comes first, and how many of its tokens are known to be the text's. */
  #choose(text: TokenList, known: number): { readonly main: PrefixSequence; readonly shared: number } {
    const last = this.#sequences[0] as PrefixSequence;
    const main = this.#sequences.length === 1 ? last : closest(text, this.#sequences, last);
    this.#toFront(main);
    // Only the sequence of the last text is known to hold it.
    return { main, shared: main === last ? known : 0 };
  }

  /** The sequence that a text would take: the length of their common prefix, and of what the sequence holds; tokens. */
  overlapWith(text: TokenList): { readonly shared: number; readonly held: number } {
    const best = closest(text, this.#sequences, this.#sequences[0] as PrefixSequence);
    return { shared: best.sharedLength(text, text.length - 1), held: best.sequence.length };
  }

  async forget(): Promise<void> {
    for (const sequence of this.#sequences) await sequence.truncate(0);
  }

  async release(): Promise<void> {
    for (const sequence of this.#sequences) await sequence.release();
  }

  async #prepare(
    text: TokenList,
    main: PrefixSequence,
    parts: readonly SequencePart[],
  ): Promise<(SequencePart & { readonly isCopied: boolean }) | null> {
    const free = this.#sequences.filter((one) => !parts.some(({ into }) => into === one));
    const own = free[0] === undefined ? this.#openAnother() : closest(text, free, free[0]);
    if (own === null) return null;
    const held = own.sharedLength(text, text.length - 1);
    const inMain = main.sharedLength(text, text.length - 1);
    const isCopied = this.#copies && inMain - held >= leastCopied && (await own.copy(main, inMain));
    if (this.#copies && inMain - held >= leastCopied) this.#copies = isCopied;
    if (!this.#copies && text.length - own.sharedLength(text, text.length - 1) > mostBehind) return null;
    return { into: own, tokens: await own.approach(text), isCopied };
  }

  #toFront(sequence: PrefixSequence): void {
    this.#sequences.splice(this.#sequences.indexOf(sequence), 1);
    this.#sequences.unshift(sequence);
  }

  #openAnother(): PrefixSequence | null {
    if (this.#isFull || this.#sequences.length >= this.#mostSequences) return null;
    try {
      const opened = new PrefixSequence(this.#model);
      this.#sequences.push(opened);
      return opened;
    } catch (error) {
      if (!isOutriderError(error)) throw error;
      this.#isFull = true;
      return null;
    }
  }
}

/** The sequence that holds most of the text; among equal ones the first. */
function closest(text: TokenList, among: readonly PrefixSequence[], first: PrefixSequence): PrefixSequence {
  let best = first;
  let most = -1;
  for (const one of among) {
    const shared = one.sharedLength(text, text.length);
    if (shared > most) [best, most] = [one, shared];
  }
  return best;
}
