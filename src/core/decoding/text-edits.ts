// Changes that a text has made to one that it repeats: the old words and the new ones. The same change is expected wherever the old words
// occur again, for example where a name is replaced throughout. Pure.

import { chanceOf, deviationOf, type HitRate, noTrials, noteTrial, type Prior } from './hit-rate.ts';

interface Edit {
  readonly old: readonly number[];
  readonly tokens: readonly number[];
  rate: HitRate;
}

/** Longest change that is expected to occur again, in tokens. */
const longestEdit = 12;
const mostEdits = 64;
/** The chance that a change occurs again, before any was seen to. */
const prior: Prior = { chance: 0.65, weight: 3 };
const memoryTrials = 16;
const leastChance = 0.4;

export class TextEdits {
  readonly #ids: readonly number[];
  readonly #edits: Edit[] = [];
  /** Numbers of edits by the first old token, the longest old words first. */
  readonly #byFirst = new Map<number, number[]>();

  /** @param ids the text with the old words */
  constructor(ids: readonly number[]) {
    this.#ids = ids;
  }

  /** Number of the change whose old words stand there and that is likely; -1: none. */
  at(index: number): number {
    const known = this.#byFirst.get(this.#ids[index] ?? -1);
    const found = known?.find((number) => {
      const { old, rate } = this.#edits[number] as Edit;
      return chanceOf(rate, prior) >= leastChance && old.every((id, offset) => this.#ids[index + offset] === id);
    });
    return found ?? -1;
  }

  tokensOf(edit: number): readonly number[] {
    return (this.#edits[edit] as Edit).tokens;
  }

  oldLengthOf(edit: number): number {
    return (this.#edits[edit] as Edit).old.length;
  }

  /** The chance that the change is made at such a place. */
  chanceOf(edit: number): { readonly chance: number; readonly deviation: number } {
    const { rate } = this.#edits[edit] as Edit;
    return { chance: chanceOf(rate, prior), deviation: deviationOf(rate, prior) };
  }

  note(edit: number, isHit: boolean): void {
    const one = this.#edits[edit] as Edit;
    one.rate = noteTrial(one.rate, isHit, memoryTrials);
  }

  /** The words from `from` up to `to` were replaced by these. @returns whether a change was learned; an insertion has no old words */
  learn(from: number, to: number, written: readonly number[]): boolean {
    let same = 0;
    while (from + same < to && this.#ids[from + same] === written[same]) same += 1;
    const old = this.#ids.slice(from + same, to);
    const tokens = written.slice(same);
    const [first] = old;
    if (first === undefined || tokens.length === 0 || old.length > longestEdit || tokens.length > longestEdit)
      return false;
    const known = this.#byFirst.get(first) ?? [];
    const isKnown = known.some((number) => {
      const edit = this.#edits[number] as Edit;
      return isSame(edit.old, old) && isSame(edit.tokens, tokens);
    });
    if (isKnown || this.#edits.length >= mostEdits) return false;
    // The newest of equally long ones comes first.
    const order = [this.#edits.length, ...known];
    this.#edits.push({ old, tokens, rate: noTrials });
    this.#byFirst.set(
      first,
      order.toSorted((one, other) => this.oldLengthOf(other) - this.oldLengthOf(one)),
    );
    return true;
  }
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}
