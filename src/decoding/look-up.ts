// Looking back for what comes next, with the chance that it is right: how often matches of that length have held in this answer.
// Every committed token is a trial, whether or not anything was drafted there, so nothing has to be risked to learn. Pure and
// deterministic; the same on a device, on an edge and in the simulator.

import { chanceOf, deviationOf, type HitRate, noTrials, noteTrial, type Prior } from './hit-rate.ts';
import { NgramIndex, type NgramMatch } from './ngram-index.ts';

/** A token that may follow. */
export interface LookUpDraft {
  readonly token: number;
  /** Tokens that are alike there and here. */
  readonly matchLength: number;
  /** That it is right if all before it is; (0, 1). */
  readonly chance: number;
  /** How far `chance` may be off: a standard deviation. */
  readonly deviation: number;
}

/** A chain that holds with less chance than this is not worth a row of any engine. */
export const leastLookUpChance = 0.02;

const shortestMatch = 2;
const longestMatch = 8;
/** A habit of the text that has ended is forgotten within some sixty tokens. */
const memoryTrials = 48;

/** By match length, from {@link shortestMatch}: what holds on average; docs/prompt-lookup.md has the measurement. */
const priors: readonly Prior[] = [0.45, 0.55, 0.65, 0.7, 0.75, 0.8, 0.9].map((chance) => ({ chance, weight: 4 }));

export class LookUp {
  readonly #index = new NgramIndex(shortestMatch, longestMatch);
  /** For each position of the answer what the text before it gave. */
  readonly #matches = new Map<number, NgramMatch | undefined>();
  readonly #rates: HitRate[] = priors.map(() => noTrials);
  #promptLength = 0;
  /** Positions below this have been trials. */
  #countedTo = 0;

  /**
   * Reads the text as it is now; only what differs from last time costs anything.
   * @param committedLength tokens of it that are final, prompt included
   * @returns how many tokens were known already and stay
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

  /** The next token, undefined where nothing is alike. */
  next(): LookUpDraft | undefined {
    const match = this.#index.match();
    if (match === undefined) return undefined;
    const at = match.length - shortestMatch;
    const [rate, prior] = [this.#rates[at] as HitRate, priors[at] as Prior];
    const known = { chance: chanceOf(rate, prior), deviation: deviationOf(rate, prior) };
    return { token: match.id, matchLength: match.length, ...known };
  }

  /** The next tokens, each after the ones before; at most `count`, and while the chance that all hold is at least `leastChance`. */
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
