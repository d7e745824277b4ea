// Texts that a reader follows from call to call: a committed text with drafts after it, without a copy, and a memory of what the last call
// had read. So following costs as much as the change, not as the text.

import type { TokenCounts } from './token-counts.ts';
import { countsWithDrafts } from './token-counts.ts';
import type { TokenText } from './token-text.ts';

/** Tokens by index; an array is one. */
export interface TokenList {
  readonly length: number;
  at(index: number): number | undefined;
  slice(from?: number, to?: number): number[];
}

/** A committed text and the drafts after it: what a drafter continues. Immutable. */
export class DraftedText implements TokenList {
  readonly committed: TokenText;
  readonly drafts: readonly number[];
  readonly length: number;

  constructor(committed: TokenText, drafts: readonly number[] = []) {
    this.committed = committed;
    this.drafts = drafts;
    this.length = committed.length + drafts.length;
  }

  at(index: number): number | undefined {
    const { committed, drafts } = this;
    return index < committed.length ? committed.at(index) : drafts[index - committed.length];
  }

  slice(from = 0, to: number = this.length): number[] {
    const { committed, drafts } = this;
    const left = from < committed.length ? committed.slice(from, to) : [];
    const first = Math.max(0, from - committed.length);
    for (let index = first; index < to - committed.length && index < drafts.length; index += 1) {
      left.push(drafts[index] as number);
    }
    return left;
  }

  /** How often the text has each id from `start` on. */
  countsFrom(start: number): TokenCounts {
    return countsWithDrafts(this.committed.countsFrom(start), this.drafts, this.drafts.length);
  }
}

/** The first tokens of a text, and others after them, without a copy. */
export class BranchedText implements TokenList {
  readonly #text: TokenList;
  readonly #position: number;
  readonly #tokens: readonly number[];
  readonly length: number;

  /** @param position at most the text's length */
  constructor(text: TokenList, position: number, tokens: readonly number[]) {
    this.#text = text;
    this.#position = position;
    this.#tokens = tokens;
    this.length = position + tokens.length;
  }

  at(index: number): number | undefined {
    return index < this.#position ? this.#text.at(index) : this.#tokens[index - this.#position];
  }

  slice(from = 0, to: number = this.length): number[] {
    const position = this.#position;
    const first = from < position ? this.#text.slice(from, Math.min(to, position)) : [];
    return [...first, ...this.#tokens.slice(Math.max(0, from - position), Math.max(0, to - position))];
  }
}

/** Remembers the last text, so that the start that the next one shares with it is not compared again. */
export class LastText {
  #committed: TokenText | null = null;

  /** The number of tokens from the start that `text` shares with the text of the last call, as far as it is known without comparing drafts. */
  sharedWith(text: TokenList): number {
    const before = this.#committed;
    const now = text instanceof DraftedText ? text.committed : null;
    this.#committed = now;
    if (before === null || now === null) return 0;
    if (before.isPrefixOf(now)) return before.length;
    return now.isPrefixOf(before) ? now.length : 0;
  }
}
