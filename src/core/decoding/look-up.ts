// Prompt look-up with a chance: how often matches of that length were right in this answer. Every committed token is a trial, with or
// without a draft there, so learning risks nothing. Pure and deterministic; the same on a device, on an edge and in the simulator.

import { chanceOf, deviationOf, type HitRate, noTrials, noteTrial, type Prior } from './hit-rate.ts';
import { NgramIndex, type NgramMatch } from './ngram-index.ts';
import { LastText, type TokenList } from './token-list.ts';

/** A token that may follow. */
export interface LookUpDraft {
  readonly token: number;
  /** Length of the match, in tokens. */
  readonly matchLength: number;
  /** The chance that it is right if all before it is; (0, 1). */
  readonly chance: number;
  /** The standard deviation of `chance`. */
  readonly deviation: number;
}

/** A chain with a smaller chance is not worth a row of any engine. */
export const leastLookUpChance = 0.02;

const shortestMatch = 2;
const longestMatch = 8;
/** An old pattern of the text is forgotten within about sixty tokens. */
const memoryTrials = 48;

/** By match length, from {@link shortestMatch}: average rates; docs/research/prompt-lookup.md has the measurement. */
const priors: readonly Prior[] = [0.45, 0.55, 0.65, 0.7, 0.75, 0.8, 0.9].map((chance) => ({ chance, weight: 4 }));

export class LookUp {
  readonly #index: NgramIndex;
  readonly #last = new LastText();
  /** The match at each position of the answer that is no trial yet, where there is one. */
  readonly #matches = new Map<number, NgramMatch>();
  readonly #rates: HitRate[] = priors.map(() => noTrials);
  #promptLength = 0;
  /** Positions below this have been trials. */
  #countedTo = 0;
  /** Whether the whole text of the last call is read. */
  #isComplete = false;

  /** @param hashSeed 32 bits; what is found does not depend on it. An edge draws it, so that no device can write a text that takes long. */
  constructor(hashSeed = 0) {
    this.#index = new NgramIndex(shortestMatch, longestMatch, hashSeed);
  }

  /** Tokens that are read. */
  get length(): number {
    return this.#index.length;
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  /**
   * Reads the present text; only the difference from the last call costs time, and in a {@link DraftedText} only that is compared.
   * @param committedLength number of committed tokens, prompt included
   * @param mostNew reads at most so many new tokens; until the text is complete, nothing is found
   * @returns the number of tokens that were known already and stay
   */
  follow(
    text: TokenList,
    promptLength: number,
    committedLength: number,
    mostNew: number = Number.POSITIVE_INFINITY,
  ): number {
    const known = this.#last.sharedWith(text);
    const shared = this.#index.sharedPrefix(text, known);
    if (promptLength !== this.#promptLength || shared < this.#countedTo) {
      this.#promptLength = promptLength;
      this.#countedTo = promptLength;
    }
    this.#truncate(shared);
    const until = Math.min(text.length, shared + mostNew);
    for (let position = shared; position < until; position++) {
      if (position >= promptLength) this.#noteMatch(position);
      this.#index.append(text.at(position) as number);
    }
    this.#isComplete = until === text.length;
    const triable = Math.min(committedLength, until);
    for (; this.#countedTo < triable; this.#countedTo++) this.#try(this.#countedTo, text);
    return Math.max(shared, known);
  }

  /** The next token, undefined without a match. */
  next(): LookUpDraft | undefined {
    const match = this.#isComplete ? this.#index.match() : undefined;
    if (match === undefined) return undefined;
    const at = match.length - shortestMatch;
    const [rate, prior] = [this.#rates[at] as HitRate, priors[at] as Prior];
    const known = { chance: chanceOf(rate, prior), deviation: deviationOf(rate, prior) };
    return { token: match.id, matchLength: match.length, ...known };
  }

  /** The next tokens, each after the ones before; at most `count`, as long as the chance of the whole chain is at least `leastChance`. */
  draft(count: number, leastChance: number): LookUpDraft[] {
    const length = this.#index.length;
    const drafts: LookUpDraft[] = [];
    let chance = 1;
    for (let one = this.next(); one !== undefined && drafts.length < count; one = this.next()) {
      chance *= one.chance;
      if (chance < leastChance) break;
      drafts.push(one);
      this.#index.append(one.token);
    }
    this.#index.truncate(length);
    return drafts;
  }

  /** Positions without a match are the many, and nothing is kept for them. */
  #noteMatch(position: number): void {
    const match = this.#index.match();
    if (match === undefined) this.#matches.delete(position);
    else this.#matches.set(position, match);
  }

  #truncate(length: number): void {
    for (let position = this.#index.length; position > length; position--) this.#matches.delete(position);
    this.#index.truncate(length);
  }

  #try(position: number, text: TokenList): void {
    const match = this.#matches.get(position);
    if (match === undefined) return;
    const at = match.length - shortestMatch;
    this.#rates[at] = noteTrial(this.#rates[at] as HitRate, match.id === text.at(position), memoryTrials);
    this.#matches.delete(position);
  }
}
