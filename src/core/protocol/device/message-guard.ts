// Finds well-formed messages that an honest edge never sends: messages out of turn, and commits and ends that are impossible for the text.
// It only names the fault; the device then closes the connection and resumes on a new one.

import type { Logprobs } from '../../decoding/logprobs.ts';
import type { EdgeMessage, PromptScoredMessage } from '../wire/messages.ts';
import { type DeviceState, lacksPromptLogprobs } from './device-state.ts';

export interface ConnectionRecord {
  /** The edge has sent `hello`. */
  readonly isGreeted: boolean;
  /** The device's last attach was an `open`, to which `gone` is no possible answer. */
  readonly hasSentOpen: boolean;
}

/** @param vocabularySize of the device's tokenizer @returns what is wrong with the message; null: nothing */
export function guardMessage(
  { isGreeted, hasSentOpen }: ConnectionRecord,
  message: EdgeMessage,
  { turn, text, scoredPrompt }: Pick<DeviceState, 'turn' | 'text' | 'scoredPrompt'>,
  vocabularySize: number,
): string | null {
  const end = turn.prompt.length + turn.maxAnswerTokens;
  // An edge that does not know yet what it runs can only refuse.
  if (message.kind === 'refused' && !isGreeted) return null;
  if ((message.kind === 'hello') === isGreeted) return `${message.kind} out of turn`;
  if (message.kind === 'gone' && hasSentOpen) return 'a session that was just opened is gone';
  if (message.kind === 'prompt-scored') return guardScores(message, turn, vocabularySize);
  const isWriting = message.kind === 'commit' || message.kind === 'end';
  if (isWriting && lacksPromptLogprobs({ turn, scoredPrompt })) return 'an answer before the logprobs of the prompt';
  if (message.kind === 'end') {
    const isEarly = message.reason === 'length' && message.length === text.length && text.length < end;
    return isEarly ? 'an end for the length of a text that is shorter' : null;
  }
  if (message.kind !== 'commit') return null;
  const { first, accepted, tokens, logprobs } = message;
  if ((logprobs === undefined) !== (turn.topLogprobs === undefined))
    return 'a commit with or without logprobs, other than asked';
  if (logprobs !== undefined && hasUnknownId(logprobs, vocabularySize))
    return 'a logprob has an id beyond the vocabulary';
  if (tokens.some((id) => id >= vocabularySize)) return 'a commit has an id beyond the vocabulary';
  return first + accepted + tokens.length > end ? 'a commit beyond the end' : null;
}

function guardScores(
  { first, logprobs }: PromptScoredMessage,
  { prompt, promptLogprobs }: DeviceState['turn'],
  vocabularySize: number,
): string | null {
  if (promptLogprobs === undefined) return 'logprobs of a prompt that were not asked for';
  if (first + logprobs.length > prompt.length) return 'logprobs beyond the prompt';
  return hasUnknownId(logprobs, vocabularySize) ? 'a logprob has an id beyond the vocabulary' : null;
}

function hasUnknownId(logprobs: readonly Logprobs[], vocabularySize: number): boolean {
  return logprobs.some(({ top }) => top.some(({ id }) => id >= vocabularySize));
}
