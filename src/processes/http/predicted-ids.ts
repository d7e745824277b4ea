// Tokens of predictions: encoded in pieces, so that others are answered meanwhile, and once for all choices of a request.

import type { Tokenizer } from '../../models/port/model.ts';
import type { CompletionRequest } from './completion-port.ts';

/** A longer prediction is used up to here. */
export const mostPredicted: number = 524_288;
/** Characters of a prediction for each token of the context: an answer comes to no more. */
const charactersPerToken = 16;
/** To encode so many takes about 20 ms. Where pieces meet, a draft may be wrong. */
const pieceCharacters = 8192;

/** The predictions of the requests of one endpoint. */
export class PredictedIds {
  readonly #tokenizer: Pick<Tokenizer, 'encode'>;
  readonly #contextTokens: () => number | undefined;
  /** By the prompt, which all choices share. */
  readonly #known = new WeakMap<object, Promise<readonly number[]>>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param contextTokens most tokens of a text; undefined: not known yet */
  constructor(tokenizer: Pick<Tokenizer, 'encode'>, contextTokens: () => number | undefined) {
    this.#tokenizer = tokenizer;
    this.#contextTokens = contextTokens;
  }

  /** Null: the request has no prediction. */
  async idsOf({
    prompt,
    prediction = '',
    signal,
  }: Pick<CompletionRequest, 'prompt' | 'prediction' | 'signal'>): Promise<readonly number[] | null> {
    if (prediction === '') return null;
    const most = Math.min(mostPredicted, charactersPerToken * (this.#contextTokens() ?? mostPredicted));
    const ids = this.#known.get(prompt) ?? this.#inTurn(prediction.slice(0, most), signal);
    this.#known.set(prompt, ids);
    return ids;
  }

  /** Long ones one after the other: pieces of many at once would be as long as one whole. */
  #inTurn(text: string, signal: AbortSignal): Promise<readonly number[]> {
    if (text.length <= pieceCharacters) return Promise.resolve(this.#tokenizer.encode(text));
    const ids = this.#last.then(() => this.#inPieces(text, signal));
    this.#last = ids.catch(() => {});
    return ids;
  }

  async #inPieces(text: string, signal: AbortSignal): Promise<readonly number[]> {
    const ids: number[] = [];
    for (let at = 0; at < text.length && !signal.aborted; ) {
      const end = at + pieceLength(text.slice(at, at + pieceCharacters + 1));
      for (const id of this.#tokenizer.encode(text.slice(at, end))) ids.push(id);
      at = end;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return ids;
  }
}

/** Up to the end of a line where there is one; else no character is cut. */
function pieceLength(text: string): number {
  if (text.length <= pieceCharacters) return text.length;
  const lines = text.lastIndexOf('\n', pieceCharacters - 1) + 1;
  if (lines > pieceCharacters / 2) return lines;
  return /[\uD800-\uDBFF]/.test(text.charAt(pieceCharacters - 1)) ? pieceCharacters - 1 : pieceCharacters;
}
