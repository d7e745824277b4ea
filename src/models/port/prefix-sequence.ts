// A sequence of a model together with the tokens that it holds, so that a text is evaluated only from where it differs.

import type { Candidates } from '../../core/decoding/candidates.ts';
import type { TokenList } from '../../core/decoding/token-list.ts';
import { appendTokens } from './append-tokens.ts';
import type { LanguageModel, ModelSequence } from './model.ts';

/** Tokens for one sequence. */
export interface SequencePart {
  readonly into: PrefixSequence;
  readonly tokens: readonly number[];
}

/** One caller at a time. */
export class PrefixSequence {
  readonly sequence: ModelSequence;
  readonly #model: LanguageModel;
  readonly #tokens: number[] = [];

  /** @throws OutriderError `edge-full` when the model has no sequence left */
  constructor(model: LanguageModel) {
    this.#model = model;
    this.sequence = model.openSequence();
  }

  /** How many tokens from the start of `text` are held, at most `limit`. @param known so many are known to be equal */
  sharedLength(text: Pick<TokenList, 'length' | 'at'>, limit: number, known = 0): number {
    const until = Math.min(this.#tokens.length, text.length, limit);
    let length = Math.min(known, until);
    while (length < until && this.#tokens[length] === text.at(length)) length += 1;
    return length;
  }

  /** Keeps the first `length` tokens only. */
  async truncate(length: number): Promise<void> {
    if (length === this.#tokens.length) return;
    this.#tokens.length = length;
    await this.sequence.truncate(length);
  }

  /** Appends tokens in as few calls as the model allows. @returns the candidates after each of the last `rows` of them */
  async append(tokens: readonly number[], rows: number): Promise<Candidates[]> {
    try {
      return await appendTokens(this.#model, this.sequence, tokens, { rows });
    } finally {
      const appended = this.sequence.length - this.#tokens.length;
      for (let index = 0; index < appended; index += 1) this.#tokens.push(tokens[index] as number);
    }
  }

  /**
   * Makes the sequence hold exactly `text`, one token or more.
   * @param known so many of its first tokens are those of the last text
   * @returns the candidates after the last token
   */
  async follow(text: TokenList, known = 0): Promise<Candidates> {
    const shared = this.sharedLength(text, text.length - 1, known);
    await this.truncate(shared);
    const [last] = await this.append(text.slice(shared), 1);
    return last as Candidates;
  }

  /** All of {@link follow} but its last call. @returns the tokens of that call, for {@link appendTogether} */
  async approach(text: TokenList, known = 0): Promise<number[]> {
    const shared = this.sharedLength(text, text.length - 1, known);
    await this.truncate(shared);
    const rest = text.slice(shared);
    const before = Math.max(0, rest.length - this.#model.limits.maxItemTokens);
    if (before > 0) await this.append(rest.slice(0, before), 0);
    return rest.slice(before);
  }

  /**
   * Holds the first `length` tokens of the other from now on.
   * @returns false: the engine can't copy, or has failed to; then this sequence is empty if it has failed, else unchanged
   */
  async copy(other: PrefixSequence, length: number): Promise<boolean> {
    const { sequence } = this;
    if (sequence.copyFrom === undefined) return false;
    this.#tokens.length = 0;
    try {
      await sequence.copyFrom(other.sequence, length);
    } catch {
      // A copy only saves time. What the sequence holds now is not known.
      await sequence.truncate(0);
      return false;
    }
    for (let index = 0; index < sequence.length; index += 1) this.#tokens.push(other.#tokens[index] as number);
    return true;
  }

  /** One call of the model for several sequences of it. @returns the candidates after the last token of each part */
  static async appendTogether(model: LanguageModel, parts: readonly SequencePart[]): Promise<Candidates[]> {
    try {
      const found = await model.evaluate(
        parts.map(({ into, tokens }) => ({ sequence: into.sequence, tokens, rows: 1 })),
      );
      return found.map(([last]) => last as Candidates);
    } finally {
      for (const { into, tokens } of parts) {
        const appended = into.sequence.length - into.#tokens.length;
        into.#tokens.push(...tokens.slice(0, appended));
      }
    }
  }

  release(): Promise<void> {
    return this.sequence.release();
  }
}
