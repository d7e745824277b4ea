// A text that an answer is expected to repeat, with changes ("predicted outputs"): follows the answer through it and proposes the next
// tokens. Where the answer leaves it, the place is found again within a few tokens, and a change that was made once is expected wherever
// its old words stand. It proposes tokens only, so it can't change a text. Pure and deterministic.

import { chanceOf, deviationOf, type HitRate, noTrials, noteTrial, type Prior } from './hit-rate.ts';
import { TextEdits } from './text-edits.ts';
import { LastText, type TokenList } from './token-list.ts';

export interface PredictedToken {
  readonly token: number;
  /** The chance that it is right if all before it is; (0, 1). */
  readonly chance: number;
  /** The standard deviation of `chance`. */
  readonly deviation: number;
}

/** Where the answer stands in the predicted text, after some tokens of it. Immutable. */
interface Place {
  /** Index of the next token; behind a change it is a guess. */
  readonly at: number;
  /** Tokens in a row that were as predicted. */
  readonly run: number;
  /** Where the answer was last known to follow, in the predicted text and in the answer. */
  readonly anchor: number;
  readonly since: number;
  /** The change that is expected here, and how much of it was written; -1: none. */
  readonly edit: number;
  readonly written: number;
}

/** After so many tokens in a row the place is taken for the right one. */
const settledRun = 3;
/** The place is searched among so many tokens behind the last one that was right. */
const nearTokens = 96;
/** After so many tokens elsewhere, it is searched in the whole text, by this many tokens in a row; so many occurrences are tried. */
const farAfter = 4;
const farRun = 4;
const farTries = 64;
const longestSuffix = 8;
const memoryTrials = 64;

/** What a proposal rests on, and how often such a one is right before there are trials. */
const priors = {
  start: { chance: 0.7, weight: 4 },
  guess: { chance: 0.4, weight: 4 },
  lost: { chance: 0.15, weight: 4 },
  found: { chance: 0.6, weight: 4 },
  settled: { chance: 0.85, weight: 4 },
  known: { chance: 0.95, weight: 4 },
  sure: { chance: 0.985, weight: 4 },
  editing: { chance: 0.9, weight: 4 },
} as const satisfies Readonly<Record<string, Prior>>;
type Ground = keyof typeof priors;

export class PredictedText {
  readonly #ids: readonly number[];
  /** Places of each id, ascending. */
  readonly #places: ReadonlyMap<number, readonly number[]>;
  readonly #edits: TextEdits;
  readonly #rates = new Map<Ground, HitRate>();
  readonly #last = new LastText();
  #promptLength = -1;
  /** The answer as it was read, and the place after each of its tokens; one more for its beginning. */
  readonly #answer: number[] = [];
  readonly #path: Place[] = [];
  /** Answer tokens below this have been trials. */
  #countedTo = 0;

  constructor(ids: readonly number[]) {
    this.#ids = ids;
    this.#edits = new TextEdits(ids);
    const places = new Map<number, number[]>();
    for (const [index, id] of ids.entries()) {
      const known = places.get(id);
      if (known === undefined) places.set(id, [index]);
      else known.push(index);
    }
    this.#places = places;
  }

  /** Reads the present text and learns from its committed tokens. @param committedLength prompt included */
  follow(text: TokenList, promptLength: number, committedLength: number): void {
    const known = this.#last.sharedWith(text);
    if (promptLength !== this.#promptLength) this.#restart(promptLength);
    const answer = this.#answer;
    const length = text.length - promptLength;
    let shared = Math.max(0, Math.min(known - promptLength, answer.length, length));
    while (shared < answer.length && shared < length && answer[shared] === text.at(promptLength + shared)) shared += 1;
    answer.length = shared;
    this.#path.length = shared + 1;
    this.#countedTo = Math.min(this.#countedTo, shared);
    for (let index = shared; index < length; index++) {
      answer.push(text.at(promptLength + index) as number);
      this.#path.push(this.#after(this.#path[index] as Place, index));
    }
    const committed = Math.min(committedLength - promptLength, length);
    for (; this.#countedTo < committed; this.#countedTo++) this.#learn(this.#countedTo);
  }

  /** The next token; undefined behind the end of the predicted text. */
  next(): PredictedToken | undefined {
    const place = this.#path.at(-1);
    const token = place === undefined ? undefined : this.#tokenAt(place);
    if (place === undefined || token === undefined) return undefined;
    if (place.edit >= 0 && place.written === 0) return { token, ...this.#edits.chanceOf(place.edit) };
    const [rate, prior] = [this.#rates.get(groundOf(place)) ?? noTrials, priors[groundOf(place)]];
    return { token, chance: chanceOf(rate, prior), deviation: deviationOf(rate, prior) };
  }

  /** So many tokens of the answer have come since it was last known to follow; 0: it follows. */
  get tokensAway(): number {
    const place = this.#path.at(-1);
    return place === undefined || isSettled(place) ? 0 : this.#answer.length - place.since;
  }

  #restart(promptLength: number): void {
    this.#promptLength = promptLength;
    this.#answer.length = 0;
    this.#path.length = 0;
    this.#path.push({ at: 0, run: 0, anchor: 0, since: 0, edit: -1, written: 0 });
    this.#countedTo = 0;
  }

  #tokenAt({ at, edit, written }: Place): number | undefined {
    return edit < 0 ? this.#ids[at] : this.#edits.tokensOf(edit)[written];
  }

  /** The place behind the token of the answer at `index`. */
  #after(place: Place, index: number): Place {
    const token = this.#answer[index] as number;
    const { at, edit, run } = place;
    if (edit >= 0 && token === this.#tokenAt(place)) {
      const written = place.written + 1;
      if (written < this.#edits.tokensOf(edit).length) return { ...place, written };
      return this.#settled(at + this.#edits.oldLengthOf(edit), Math.max(run, settledRun), index + 1);
    }
    // A change that has begun and is another one began where its old words stand.
    const left = edit >= 0 ? { ...place, since: index - place.written, edit: -1, written: 0 } : place;
    if (place.written === 0 && this.#ids[at] === token) return this.#found(left, at + 1, run + 1, index + 1);
    return this.#search(left, token, index);
  }

  #found(place: Place, at: number, run: number, length: number): Place {
    if (run >= settledRun) return this.#settled(at, run, length);
    return { ...place, at, run, edit: -1, written: 0 };
  }

  #settled(at: number, run: number, length: number): Place {
    return { at, run, anchor: at, since: length, edit: this.#edits.at(at), written: 0 };
  }

  #search(place: Place, token: number, index: number): Place {
    const { anchor, since } = place;
    const away = index + 1 - since;
    let best = { at: -1, run: 0 };
    const until = Math.min(this.#ids.length, anchor + nearTokens);
    for (let at = anchor; at < until; at++) {
      const run = this.#suffixAt(at, index, Math.min(away, at - anchor + 1));
      if (run > best.run) best = { at, run };
    }
    if (away > farAfter && best.run < farRun) best = this.#searchFar(token, index, anchor) ?? best;
    if (best.run > 0) return this.#found(place, best.at + 1, best.run, index + 1);
    // As many words as there were before, perhaps.
    return { ...place, at: Math.min(this.#ids.length, anchor + away), run: 0, edit: -1, written: 0 };
  }

  #searchFar(token: number, index: number, anchor: number): { at: number; run: number } | null {
    const places = this.#places.get(token) ?? [];
    const from = Math.max(0, Math.min(lowerBound(places, anchor) - farTries / 2, places.length - farTries));
    let best = null;
    for (const at of places.slice(from, from + farTries)) {
      const run = this.#suffixAt(at, index, longestSuffix);
      if (run >= farRun && run > (best?.run ?? 0)) best = { at, run };
    }
    return best;
  }

  /** So many tokens are the same, backwards from both. */
  #suffixAt(at: number, index: number, most: number): number {
    const longest = Math.min(most, longestSuffix);
    let run = 0;
    while (run < longest && this.#ids[at - run] !== undefined && this.#ids[at - run] === this.#answer[index - run])
      run += 1;
    return run;
  }

  #learn(index: number): void {
    const [before, after] = [this.#path[index] as Place, this.#path[index + 1] as Place];
    const predicted = this.#tokenAt(before);
    if (predicted !== undefined) {
      const isHit = predicted === this.#answer[index];
      if (before.edit >= 0 && before.written === 0) this.#edits.note(before.edit, isHit);
      else {
        const ground = groundOf(before);
        this.#rates.set(ground, noteTrial(this.#rates.get(ground) ?? noTrials, isHit, memoryTrials));
      }
    }
    if (isSettled(before) || !isSettled(after)) return;
    const fresh = this.#answer.slice(before.since, index + 1 - after.run);
    if (!this.#edits.learn(before.anchor, after.at - after.run, fresh)) return;
    // What comes next is looked up with the new change.
    const end = this.#path.at(-1) as Place;
    if (isSettled(end) && end.written === 0)
      this.#path[this.#path.length - 1] = { ...end, edit: this.#edits.at(end.at) };
  }
}

function isSettled({ at, anchor }: Place): boolean {
  return at === anchor;
}

function groundOf({ at, run, anchor, since, edit }: Place): Ground {
  if (edit >= 0) return 'editing';
  if (since === 0 && at === 0) return 'start';
  if (run === 0) return at === anchor + 1 ? 'guess' : 'lost';
  if (run < settledRun) return 'found';
  if (run < 8) return 'settled';
  return run < 32 ? 'known' : 'sure';
}

/** Index of the first element that is not below `value`. */
function lowerBound(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
