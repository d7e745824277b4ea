// The prompt at the beginning of an answer that repeats it, with the logprobs of its tokens where they were asked for.

import { defined } from '../../core/basics/defined.ts';
import { utf8Decoder } from '../../core/basics/utf8.ts';
import type { TokenLogprobs } from '../../core/decoding/logprobs.ts';
import type { Tokenizer } from '../../models/port/model.ts';
import type { AnswerToken, CompletionRequest, Round } from './completion-port.ts';

/** How many of the likeliest tokens a turn names at each position of its prompt; undefined: it scores no prompt. */
export function promptLogprobsOf({
  echo,
  maxTokens,
}: Pick<CompletionRequest, 'echo' | 'maxTokens'>): number | undefined {
  // A turn that writes nothing has no other purpose.
  return echo?.topLogprobs ?? (maxTokens === 0 ? 0 : undefined);
}

/** @param ids of the prompt @param scored its tokens but the first, which follows nothing; undefined: they were not scored */
export function echoOf(
  { prompt, echo }: Pick<CompletionRequest, 'prompt' | 'echo'>,
  ids: readonly number[],
  scored: readonly TokenLogprobs[] | undefined,
  tokenizer: Tokenizer,
): Round {
  const text = prompt.kind === 'text' ? prompt.text : textOf(ids, tokenizer);
  const unscored = ids.slice(0, 1).map((id) => ({ id, logprob: null, top: [] }));
  const tokens = [...unscored, ...(scored ?? [])].map((one) => answerTokenOf(one, tokenizer));
  const logprobs = echo?.topLogprobs == null ? undefined : tokens;
  return { text, tokens: 0, acceptedDrafts: 0, ...defined({ logprobs }) };
}

function textOf(ids: readonly number[], tokenizer: Tokenizer): string {
  const decoder = utf8Decoder();
  return ids.map((id) => decoder.decode(tokenizer.bytes(id), { stream: true })).join('') + decoder.decode();
}

export function answerTokenOf(one: Omit<AnswerToken, 'bytes' | 'topBytes'>, tokenizer: Tokenizer): AnswerToken {
  return { ...one, bytes: tokenizer.bytes(one.id), topBytes: one.top.map(({ id }) => tokenizer.bytes(id)) };
}
