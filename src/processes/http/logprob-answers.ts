// Logprobs of an answer's tokens, as the routes write them.

import { decodeUtf8, utf8Decoder } from '../../core/basics/utf8.ts';
import type { AnswerToken } from './completion-port.ts';

interface ShownToken {
  readonly token: string;
  readonly logprob: number | null;
  readonly bytes: readonly number[];
}

/** The least value that is sent, as OpenAI has it: JSON has no infinity. */
const leastLogprob = -9999;

function sent(logprob: number | null): number | null {
  return logprob === null ? null : Math.max(leastLogprob, logprob);
}

function shown(bytes: Uint8Array, logprob: number | null): ShownToken {
  return { token: decodeUtf8(bytes), logprob: sent(logprob), bytes: [...bytes] };
}

/** Tokens with their likeliest alternatives: `content` of chat completions, and the list of responses. */
export function tokenLogprobs(tokens: readonly AnswerToken[]): readonly object[] {
  return tokens.map(({ bytes, logprob, top, topBytes }) => ({
    ...shown(bytes, logprob),
    top_logprobs: top.map((one, rank) => shown(topBytes[rank] as Uint8Array, one.logprob)),
  }));
}

/** `logprobs` of a choice of chat completions; null: none were asked for, or no token has come. */
export function chatLogprobs(tokens: readonly AnswerToken[] | null): object | null {
  return tokens === null || tokens.length === 0 ? null : { content: tokenLogprobs(tokens), refusal: null };
}

/** Writes `logprobs` of one choice of /v1/completions; offsets count characters (code points) from the beginning of the answer. */
export class TextLogprobs {
  // Tokens may split a character: it begins with the first of them.
  readonly #decoder = utf8Decoder();
  #offset = 0;

  next(tokens: readonly AnswerToken[] | null): object | null {
    if (tokens === null || tokens.length === 0) return null;
    const text_offset = tokens.map(({ bytes }) => {
      const offset = this.#offset;
      this.#offset += [...this.#decoder.decode(bytes, { stream: true })].length;
      return offset;
    });
    return {
      tokens: tokens.map(({ bytes }) => decodeUtf8(bytes)),
      token_logprobs: tokens.map(({ logprob }) => sent(logprob)),
      top_logprobs: tokens.map((token) => (token.logprob === null ? null : byText(token))),
      text_offset,
    };
  }
}

/** The chosen token is among them, whatever its rank; of several with the same text the likeliest counts. */
function byText({ bytes, logprob, top, topBytes }: AnswerToken): Readonly<Record<string, number | null>> {
  const all = top.map((one, rank) => shown(topBytes[rank] as Uint8Array, one.logprob));
  return Object.fromEntries(
    [...all, shown(bytes, logprob)].toReversed().map((one) => [one.token, one.logprob] as const),
  );
}
