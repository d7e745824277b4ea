// Prompt look-up with a chance: how often matches of that length were right in this answer. Every committed token is a trial, with or
// without a draft there, so learning risks nothing. Pure and deterministic; the same on a device, on an edge and in the simulator.

import { chanceOf, deviationOf, type HitRate, noTrials, noteTrial, type Prior } from './hit-rate.ts';
import { NgramIndex, type NgramMatch } from './ngram-index.ts';

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

/** By match length, from {@link shortestMatch}: average rates; docs/prompt-lookup.md has the measurement. */
const priors: readonly Prior[] = [0.45, 0.55, 0.65, 0.7, 0.75, 0.8, 0.9].map((chance) => ({ chance, weight: 4 }));

export class LookUp {
  readonly #index = new NgramIndex(shortestMatch, longestMatch);
  /** The match at each position of the answer. */
  readonly #matches = new Map<number, NgramMatch | undefined>();
  readonly #rates: HitRate[] = priors.map(() => noTrials);
  #promptLength = 0;
  /** Positions below this have been trials. */
  #countedTo = 0;

  /**
   * Reads the present text; only the difference from the last call costs time.
   * @param committedLength number of committed tokens, prompt included
   * @returns the number of tokens that were known already and stay
   */
  follow(text: readonly number[], promptLength: number, committedLength: number): number {
    const shared = this.#index.sharedPrefix(text);
    if (promptLength !== this.#promptLength || shared < this.#countedTo) {
      this.#promptLength = promptLength;
      this.#countedTo = promptLength;
    }
    this.#truncate(shared);
    for (let position = shared; position < text.length; position++) {
      if (position >= promptLength) this.#matches.set(position, this.#index.match());
      this.#index.append(text[position] as number);
    }
    for (; this.#countedTo < committedLength; this.#countedTo++) this.#try(this.#countedTo, text);
    return shared;
  }

  /** The next token, undefined without a match. */
  next(): LookUpDraft | undefined {
    const match = this.#index.match();
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

  #truncate(length: number): void {
    for (let position = this.#index.length; position > length; position--) this.#matches.delete(position);
    this.#index.truncate(length);
  }

  #try(position: number, text: readonly number[]): void {
    const match = this.#matches.get(position);
    if (match === undefined) return;
    const at = match.length - shortestMatch;
    this.#rates[at] = noteTrial(this.#rates[at] as HitRate, match.id === text[position], memoryTrials);
    this.#matches.delete(position);
  }
}
