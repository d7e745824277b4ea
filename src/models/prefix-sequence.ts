// A sequence of a model together with the tokens that it holds, so that a text is evaluated only from where it differs.

import type { Candidates } from '../decoding/candidates.ts';
import type { TokenList } from '../decoding/token-list.ts';
import { appendTokens } from './append-tokens.ts';
import type { LanguageModel, ModelSequence } from './model.ts';

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

  release(): Promise<void> {
    return this.sequence.release();
  }
}
